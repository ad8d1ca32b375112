/// A bearer token in a file that somebody else keeps fresh, such as the kubelet.
///
/// The file is read again when the last reading is older than ten seconds, and after a 401. While it cannot be read,
/// the token read last serves.
public struct TokenFileCredential: CredentialSource {
    private let value: RefreshedValue<Credential>
    private let fallback: String?

    /// - Parameter fallback: the token to use while the file has none to give; nil when that is an error.
    public init(path: String, fallback: String? = nil, clock: WallClock = .system) {
        self.fallback = fallback
        value = RefreshedValue(label: "towline.token-file", settlingTime: .zero, clock: clock) {
            BoundedFile.contents(path)
                .flatMap { Self.credential($0, path: path) }
                .map { BoundedFile.loaded($0, at: clock.now()) }
        }
    }

    public func credential(refresh: Bool) async throws(CredentialError) -> Credential {
        do {
            return try await value.current(refresh: refresh)
        } catch .unavailable(let message) {
            guard let fallback else { throw .unavailable(message) }
            return Credential(bearerToken: fallback)
        }
    }

    private static func credential(_ bytes: [UInt8], path: String) -> Result<Credential, CredentialError> {
        let token = bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        guard !token.isEmpty else { return .failure(.unavailable("the token file \(path) is empty")) }
        guard token.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return .failure(.unavailable("the token file \(path) holds bytes that no token has"))
        }
        return .success(Credential(bearerToken: String(decoding: token, as: UTF8.self)))
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }
}

/// A client certificate and its key, either of which may be a file that somebody else keeps fresh.
///
/// Files are read again when the last reading is older than ten seconds, and after a 401. While they cannot be read,
/// the pair read last serves.
public struct CertificateFilesCredential: CredentialSource {
    private let value: RefreshedValue<Credential>

    public init(certificate: PEMSource, key: PEMSource, clock: WallClock = .system) {
        value = RefreshedValue(label: "towline.client-certificate", settlingTime: .zero, clock: clock) {
            certificate.contents().flatMap { certificate in
                key.contents().map { key in
                    let pair = ClientCertificate(certificate: certificate, key: key)
                    return BoundedFile.loaded(Credential(clientCertificate: pair), at: clock.now())
                }
            }
        }
    }

    public func credential(refresh: Bool) async throws(CredentialError) -> Credential {
        try await value.current(refresh: refresh)
    }
}

/// Where the bytes of a PEM text are.
public enum PEMSource: Hashable, Sendable {
    case data([UInt8])
    /// The path of a file, which may change.
    case file(String)

    /// The bytes of now; blocks where they are in a file.
    ///
    /// A file without a PEM block, such as one that is being written, counts as unreadable: what it held serves on.
    func contents() -> Result<[UInt8], CredentialError> {
        switch self {
        case .data(let bytes): return .success(bytes)
        case .file(let path):
            return BoundedFile.contents(path).flatMap { bytes in
                guard String(decoding: bytes, as: UTF8.self).contains("-----BEGIN ") else {
                    return .failure(.unavailable("cannot use \(path): it holds no PEM block"))
                }
                return .success(bytes)
            }
        }
    }
}

/// Says where the bytes are, never what: a key may be among them.
extension PEMSource: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        switch self {
        case .data(let bytes): "\(bytes.count) bytes"
        case .file(let path): path
        }
    }

    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension BoundedFile {
    /// How long what was read from a file is taken for what it holds. Reading is as cheap as asking for the
    /// modification time, and sees every change: the volumes of a pod swap a symbolic link.
    static let recheckInterval = Duration.seconds(10)

    /// The bytes of a regular file; blocks. Fails with a message that names the path.
    static func contents(_ path: String) -> Result<[UInt8], CredentialError> {
        read(path).mapError { .unavailable($0.message) }
    }

    /// Contents for ``RefreshedValue``: looked at again after the interval, kept as long as nothing newer can be read.
    static func loaded<Value>(_ value: Value, at now: Timestamp) -> RefreshState<Value>.Loaded {
        RefreshState.Loaded(value: value, refreshAt: now + recheckInterval, usableUntil: nil)
    }
}

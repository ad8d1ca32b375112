/// A bearer token in a file that another process updates, such as the kubelet.
///
/// The file is read again after ten seconds and after a 401. If that fails, the previous token remains in use.
public struct TokenFileCredential: CredentialSource {
    private let value: RefreshedValue<Credential>
    private let fallback: String?

    /// - Parameter fallback: the token to use if the file has none; if nil, that is an error.
    public init(path: String, fallback: String? = nil, clock: WallClock = .system) {
        self.fallback = fallback
        value = RefreshedValue(label: "towline.token-file", minimumInterval: .zero, clock: clock) {
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
            return .failure(.unavailable("the token file \(path) has invalid characters"))
        }
        return .success(Credential(bearerToken: String(decoding: token, as: UTF8.self)))
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }
}

/// A client certificate and its key, each of which can be in a file that another process updates.
///
/// Files are read again after ten seconds and after a 401. If that fails, the previous pair remains in use.
public struct CertificateFilesCredential: CredentialSource {
    private let value: RefreshedValue<Credential>

    public init(certificate: PEMSource, key: PEMSource, clock: WallClock = .system) {
        value = RefreshedValue(label: "towline.client-certificate", minimumInterval: .zero, clock: clock) {
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

/// The location of a PEM text.
public enum PEMSource: Hashable, Sendable {
    case data([UInt8])
    /// The path of a file, whose contents can change.
    case file(String)

    /// Returns the current bytes; reads a file synchronously.
    ///
    /// A file without a PEM block, for example during a write, is an error, so that the previous contents stay in use.
    func contents() -> Result<[UInt8], CredentialError> {
        switch self {
        case .data(let bytes): return .success(bytes)
        case .file(let path):
            return BoundedFile.contents(path).flatMap { bytes in
                guard String(decoding: bytes, as: UTF8.self).contains("-----BEGIN ") else {
                    return .failure(.unavailable("cannot use \(path): it contains no PEM block"))
                }
                return .success(bytes)
            }
        }
    }
}

/// Shows the location and never the bytes, which can be a private key.
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
    /// How long the contents of a file are cached.
    ///
    /// Reading a file again costs as little as checking its modification time and detects every change, including the
    /// swapped symbolic links of a pod's volumes.
    static let recheckInterval = Duration.seconds(10)

    /// Reads a regular file synchronously; the error names the path.
    static func contents(_ path: String) -> Result<[UInt8], CredentialError> {
        read(path).mapError { .unavailable($0.message) }
    }

    /// A value for ``RefreshedValue`` that is reloaded after the interval and never expires.
    static func loaded<Value>(_ value: Value, at now: Timestamp) -> RefreshState<Value>.Loaded {
        RefreshState.Loaded(value: value, refreshAt: now + recheckInterval, usableUntil: nil)
    }
}

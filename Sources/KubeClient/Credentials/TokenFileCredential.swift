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

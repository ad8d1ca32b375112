/// What a request proves its identity with; either part may be missing.
public struct Credential: Hashable, Sendable {
    /// The value of the `Authorization` header, such as `Bearer …`.
    public let authorization: String?
    public let clientCertificate: ClientCertificate?

    /// The identity of a request that proves none: `system:anonymous`.
    public static let none = Credential()

    public init(authorization: String? = nil, clientCertificate: ClientCertificate? = nil) {
        self.authorization = authorization
        self.clientCertificate = clientCertificate
    }

    public init(bearerToken: String) {
        self.init(authorization: "Bearer \(bearerToken)")
    }

    /// HTTP basic authentication (RFC 7617).
    public init(username: String, password: String) {
        self.init(authorization: "Basic \(Base64.encode(Array("\(username):\(password)".utf8)))")
    }
}

/// A certificate, with its chain, and the private key it belongs to.
public struct ClientCertificate: Hashable, Sendable {
    /// One or more PEM blocks.
    public let certificate: [UInt8]
    /// One PEM block.
    public let key: [UInt8]

    public init(certificate: [UInt8], key: [UInt8]) {
        self.certificate = certificate
        self.key = key
    }
}

/// Says what kind of credential it is, never the secret: descriptions end in logs.
extension Credential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        let scheme = authorization.map { String($0.prefix { $0 != " " }) }
        let parts = [scheme, clientCertificate == nil ? nil : "client certificate"].compactMap { $0 }
        return "Credential(\(parts.isEmpty ? "none" : parts.joined(separator: ", ")))"
    }

    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension ClientCertificate: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "ClientCertificate(\(certificate.count) bytes)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Where the credential of each request comes from.
public protocol CredentialSource: Sendable {
    /// The credential to send now; cheap when nothing has changed, so call it for every request.
    ///
    /// - Parameter refresh: true after the server answered 401 to the last credential, which may then be dropped
    ///   before its time. Try the request once more with what comes back.
    func credential(refresh: Bool) async throws(CredentialError) -> Credential
}

/// Why there is no credential.
public enum CredentialError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What failed, where, and what mends it; without secrets.
    case unavailable(String)
    /// The task that asked was cancelled.
    case cancelled

    public var description: String {
        switch self {
        case .unavailable(let message): message
        case .cancelled: "cancelled while waiting for a credential"
        }
    }
}

/// A credential that never changes.
public struct StaticCredential: CredentialSource {
    private let value: Credential

    public init(_ credential: Credential) {
        value = credential
    }

    public func credential(refresh: Bool) async throws(CredentialError) -> Credential { value }
}

/// The parts of several sources put together: of each part the first source that has it wins.
///
/// A user may have a client certificate and a token; a source whose parts are already there is not asked.
public struct LayeredCredentials: CredentialSource {
    private let sources: [any CredentialSource]

    public init(_ sources: [any CredentialSource]) {
        self.sources = sources
    }

    public func credential(refresh: Bool) async throws(CredentialError) -> Credential {
        var whole = Credential.none
        for source in sources where whole.authorization == nil || whole.clientCertificate == nil {
            let next = try await source.credential(refresh: refresh)
            whole = Credential(
                authorization: whole.authorization ?? next.authorization,
                clientCertificate: whole.clientCertificate ?? next.clientCertificate)
        }
        return whole
    }
}

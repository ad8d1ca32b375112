/// The credential of a request; either part may be missing.
public struct Credential: Hashable, Sendable {
    /// The value of the `Authorization` header, for example `Bearer …`.
    public let authorization: String?
    public let clientCertificate: ClientCertificate?

    /// No credential: the API server treats the request as `system:anonymous`.
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

/// A certificate with its chain and its private key.
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

/// Shows the kind of credential and never the secret, because descriptions end up in logs.
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

/// Provides the credential for each request.
public protocol CredentialSource: Sendable {
    /// Returns the current credential; call it for every request, since it is cheap while nothing changes.
    ///
    /// - Parameter refresh: true after a 401, which lets the source replace a credential that has not expired. Send the
    ///   request once more with the result.
    func credential(refresh: Bool) async throws(CredentialError) -> Credential
}

/// The reason that no credential is available.
public enum CredentialError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Says what failed, where, and how to fix it; has no secrets.
    case unavailable(String)
    /// The caller's task was canceled.
    case cancelled

    public var description: String {
        switch self {
        case .unavailable(let message): message
        case .cancelled: "canceled while waiting for a credential"
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

/// Combines several sources: each part comes from the first source that has it.
///
/// For example, a user can have a client certificate and a token. Sources are asked only while a part is missing.
public struct LayeredCredentials: CredentialSource {
    private let sources: [any CredentialSource]

    public init(_ sources: [any CredentialSource]) {
        self.sources = sources
    }

    public func credential(refresh: Bool) async throws(CredentialError) -> Credential {
        var combined = Credential.none
        for source in sources where combined.authorization == nil || combined.clientCertificate == nil {
            let next = try await source.credential(refresh: refresh)
            combined = Credential(
                authorization: combined.authorization ?? next.authorization,
                clientCertificate: combined.clientCertificate ?? next.clientCertificate)
        }
        return combined
    }
}

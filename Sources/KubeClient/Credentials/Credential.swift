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

/// The address of an API server, and the identity for requests to it.
public struct ClusterConfiguration: Sendable {
    /// The address of the API server, such as `https://10.0.0.1:6443/prefix`, without a trailing slash.
    public let server: String
    public let tls: TLSConfiguration
    /// An `http`, `https` or `socks5` URL; nil for no proxy. Proxy variables of the environment are ignored.
    public let proxyURL: String?
    /// Whether to request compressed responses; a server on this machine is never asked for them.
    public let asksForCompression: Bool
    public let credentials: any CredentialSource
    public let impersonation: Impersonation?
    /// The default namespace; never empty.
    public let namespace: String
    /// The source of the configuration for messages, such as `context "prod" in /root/.kube/config`.
    public let origin: String

    public init(
        server: String, tls: TLSConfiguration = TLSConfiguration(), proxyURL: String? = nil,
        asksForCompression: Bool = true, credentials: any CredentialSource = StaticCredential(.none),
        impersonation: Impersonation? = nil,
        namespace: String = "default", origin: String
    ) {
        self.server = server
        self.tls = tls
        self.proxyURL = proxyURL
        self.asksForCompression = asksForCompression
        self.credentials = credentials
        self.impersonation = impersonation
        self.namespace = namespace
        self.origin = origin
    }

    /// A server's address for a message, without what can contain a password: user information and the query.
    static func shown(server: String) -> String {
        let address = server.prefix { $0 != "?" && $0 != "#" }
        return server.contains("@") ? "***" : address.count == server.count ? server : "\(address)***"
    }
}

/// How the identity of the server is verified.
public struct TLSConfiguration: Sendable {
    /// Nil for the trusted certificates of the system.
    public let certificateAuthority: CertificateAuthority?
    /// Whether any certificate is accepted, which makes the connection as insecure as plain HTTP.
    public let skipsVerification: Bool
    /// The name for SNI and verification; nil for the host of the server's address.
    public let serverName: String?

    public init(
        certificateAuthority: CertificateAuthority? = nil, skipsVerification: Bool = false, serverName: String? = nil
    ) {
        self.certificateAuthority = certificateAuthority
        self.skipsVerification = skipsVerification
        self.serverName = serverName
    }
}

/// The CA certificates that verify the server's certificate: PEM bytes, or a file that can change.
public struct CertificateAuthority: Sendable {
    /// The path of the file; nil for bytes.
    public let path: String?
    private let data: [UInt8]
    private let file: RefreshedValue<[UInt8]>?

    public init(data: [UInt8]) {
        self.path = nil
        self.data = data
        self.file = nil
    }

    public init(path: String, clock: WallClock = .system) {
        self.path = path
        self.data = []
        self.file = RefreshedValue(
            label: "towline.certificate-authority", minimumInterval: .zero, clock: clock
        ) {
            PEMSource.file(path).contents().map { BoundedFile.loaded($0, at: clock.now()) }
        }
    }

    public init(_ source: PEMSource, clock: WallClock = .system) {
        switch source {
        case .data(let bytes): self.init(data: bytes)
        case .file(let path): self.init(path: path, clock: clock)
        }
    }

    /// Returns the current PEM bytes.
    ///
    /// A file is read again after ten seconds, outside the cooperative thread pool. If that fails, the previous bytes
    /// remain in use. To detect a rotation, compare the bytes with those that opened the connection.
    public func certificates() async throws(CredentialError) -> [UInt8] {
        guard let file else { return data }
        return try await file.current()
    }
}

/// The user that the API server authorizes requests for, instead of the authenticated user.
public struct Impersonation: Hashable, Sendable {
    public let user: String
    public let uid: String
    public let groups: [String]
    /// Extra attributes by name.
    public let extra: [String: [String]]

    public init(user: String, uid: String = "", groups: [String] = [], extra: [String: [String]] = [:]) {
        self.user = user
        self.uid = uid
        self.groups = groups
        self.extra = extra
    }

    /// The `Impersonate-…` headers, one for each value; the keys of extra attributes are lower case and
    /// percent-encoded.
    public var headers: [(name: String, value: String)] {
        var headers = [(name: "Impersonate-User", value: user)]
        if !uid.isEmpty { headers.append(("Impersonate-Uid", uid)) }
        headers += groups.map { ("Impersonate-Group", $0) }
        for (key, values) in extra.sorted(by: { $0.key < $1.key }) {
            let name = "Impersonate-Extra-\(key.lowercased().percentEncodedQueryValue)"
            headers += values.map { (name, $0) }
        }
        return headers
    }
}

/// An error in the configuration of the cluster or the user.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Says what is wrong, in which file and entry, and how to fix it; has no secrets and at most 4096 bytes.
    public let message: String

    public init(_ message: String) {
        // The message may quote file contents of any length.
        self.message = message.bounded(to: 4096)
    }

    public var description: String { message }
}

/// Which cluster to talk to, and as whom.
public struct ClusterConfiguration: Sendable {
    /// The address of the API server, such as `https://10.0.0.1:6443` or `https://host/prefix`; no slash at the end.
    public let server: String
    public let tls: TLSConfiguration
    /// An `http`, `https` or `socks5` URL; nil for no proxy. The environment is not asked.
    public let proxyURL: String?
    /// Whether lists and objects may come compressed; a server on this machine is never asked for it.
    public let asksForCompression: Bool
    public let credentials: any CredentialSource
    public let impersonation: Impersonation?
    /// The namespace that is meant where none is named; never empty.
    public let namespace: String
    /// Where this configuration comes from, for messages: `context "prod" in /root/.kube/config`.
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
}

/// How a server proves that it is the one meant.
public struct TLSConfiguration: Sendable {
    /// Nil for the certificates the system trusts.
    public let certificateAuthority: CertificateAuthority?
    /// Whether any certificate is taken; then the connection is no safer than plain HTTP.
    public let skipsVerification: Bool
    /// The name to ask for and to check (SNI and subject); nil for the host of the server's address.
    public let serverName: String?

    public init(
        certificateAuthority: CertificateAuthority? = nil, skipsVerification: Bool = false, serverName: String? = nil
    ) {
        self.certificateAuthority = certificateAuthority
        self.skipsVerification = skipsVerification
        self.serverName = serverName
    }
}

/// The certificates that a server's certificate is checked against: PEM bytes, or a file that may change.
public struct CertificateAuthority: Sendable {
    /// The path of the file; nil when the bytes were given.
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
            label: "towline.certificate-authority", settlingTime: .zero, clock: clock
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

    /// The PEM bytes of now.
    ///
    /// A file is read again when the last reading is older than ten seconds, off the threads that tasks share; while it
    /// cannot be read, the bytes that were read last serve. Compare with the bytes a connection was opened with to see
    /// a rotation.
    public func certificates() async throws(CredentialError) -> [UInt8] {
        guard let file else { return data }
        return try await file.current()
    }
}

/// The identity that requests are to be judged by, instead of the one they prove.
public struct Impersonation: Hashable, Sendable {
    public let user: String
    public let uid: String
    public let groups: [String]
    /// Further attributes, by name.
    public let extra: [String: [String]]

    public init(user: String, uid: String = "", groups: [String] = [], extra: [String: [String]] = [:]) {
        self.user = user
        self.uid = uid
        self.groups = groups
        self.extra = extra
    }

    /// The `Impersonate-…` headers. A name stands once for each of its values; the keys of extras are in lower case
    /// and percent-encoded.
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

/// Why it is not known which cluster to talk to, or as whom.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, in which file and entry, and what mends it; without secrets, at most 4096 bytes.
    public let message: String

    public init(_ message: String) {
        // It quotes what the files say, which may be of any length.
        self.message = message.bounded(to: 4096)
    }

    public var description: String { message }
}

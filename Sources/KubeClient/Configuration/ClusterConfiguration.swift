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

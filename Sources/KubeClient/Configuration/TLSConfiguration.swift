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

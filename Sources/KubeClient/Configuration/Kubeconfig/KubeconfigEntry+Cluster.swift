/// The fields of a cluster.
extension KubeconfigEntry {
    /// The server's address without a slash at its end. Where it has no scheme it is HTTPS when anything about TLS is
    /// configured, else HTTP, as with `kubectl`.
    func server(hasTLS: Bool) throws(ConfigurationError) -> String {
        var address = try string("server")
        guard !address.isEmpty else { throw failure("it has no server; add its URL") }
        if !address.contains("://") { address = (hasTLS ? "https://" : "http://") + address }
        while address.hasSuffix("/") { address.removeLast() }
        let rest = ["https://", "http://"].first { address.hasPrefix($0) }.map { address.dropFirst($0.count) }
        guard let rest, let first = rest.first, first != "/",
            !rest.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F || "?#@\"\\".utf8.contains($0) })
        else { throw failure("server \"\(address)\" is no URL such as https://host:6443") }
        return address
    }

    func tls(clock: WallClock) throws(ConfigurationError) -> TLSConfiguration {
        let skipsVerification = try bool("insecure-skip-tls-verify")
        let authority = try pem("certificate-authority")
        guard !skipsVerification || authority == nil else {
            throw failure("insecure-skip-tls-verify and a certificate-authority exclude each other; remove one")
        }
        let serverName = try string("tls-server-name")
        guard !serverName.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "/") }) else {
            throw failure("tls-server-name must be the name of a host")
        }
        return TLSConfiguration(
            certificateAuthority: authority.map { CertificateAuthority($0, clock: clock) },
            skipsVerification: skipsVerification, serverName: serverName.isEmpty ? nil : serverName)
    }

    func proxyURL() throws(ConfigurationError) -> String? {
        let text = try string("proxy-url")
        if text.isEmpty { return nil }
        guard ["http://", "https://", "socks5://"].contains(where: { text.hasPrefix($0) && text.count > $0.count })
        else { throw failure("proxy-url must start with http://, https:// or socks5://") }
        return text
    }

    /// What an exec plugin is told of the cluster.
    func execInformation(server: String) throws(ConfigurationError) -> ExecPlugin.Cluster {
        var configuration: JSONValue?
        for element in try objects("extensions") where try element.string("name") == "\(ExecPlugin.apiGroup)/exec" {
            configuration = element.fields["extension"]
        }
        return ExecPlugin.Cluster(
            server: server, serverName: try string("tls-server-name"),
            skipsVerification: try bool("insecure-skip-tls-verify"),
            certificateAuthority: try pem("certificate-authority"), proxyURL: try string("proxy-url"),
            configuration: configuration)
    }
}

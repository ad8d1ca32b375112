/// The fields of a cluster.
extension KubeconfigEntry {
    /// The server's address without query and without a slash at its end.
    ///
    /// Where it has no scheme it is HTTP, whatever is configured about TLS: client-go decides before it looks at that.
    func server() throws(ConfigurationError) -> String {
        let text = try string("server")
        guard !text.isEmpty else { throw failure("it has no server; add its URL") }
        var address = text.prefix { $0 != "?" && $0 != "#" }
        var scheme = "http://"
        if let end = address.firstRange(of: "://")?.upperBound {
            scheme = address[..<end].lowercased()
            address = address[end...]
        }
        while address.last == "/" { address.removeLast() }
        guard scheme == "http://" || scheme == "https://", let first = address.first, first != "/",
            !address.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F || "\"\\".utf8.contains($0) })
        else { throw failure("server \"\(text)\" is no URL such as https://host:6443") }
        guard !address.prefix(while: { $0 != "/" }).contains("@") else {
            throw failure("server has a user name in its URL; move it to username and password of the user")
        }
        return scheme + address
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
        guard let end = text.firstRange(of: "://")?.upperBound, end < text.endIndex,
            case let scheme = text[..<end].lowercased(), ["http://", "https://", "socks5://"].contains(scheme)
        else { throw failure("proxy-url must start with http://, https:// or socks5://") }
        return scheme + text[end...]
    }

    /// What an exec plugin is told of the cluster.
    func execInformation() throws(ConfigurationError) -> ExecPlugin.Cluster {
        var configuration: JSONValue?
        for element in try objects("extensions") where try element.string("name") == "\(ExecPlugin.apiGroup)/exec" {
            configuration = element.fields["extension"]
        }
        return ExecPlugin.Cluster(
            server: try string("server"), serverName: try string("tls-server-name"),
            skipsVerification: try bool("insecure-skip-tls-verify"),
            certificateAuthority: try pem("certificate-authority"), proxyURL: try string("proxy-url"),
            disablesCompression: try bool("disable-compression"), configuration: configuration)
    }
}

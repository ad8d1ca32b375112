/// The parsed address of an API server.
struct ServerAddress: Hashable, Sendable {
    let isSecure: Bool
    /// Without the brackets of an IPv6 address.
    let host: String
    let port: UInt16
    /// The path prefix of all requests; empty or with a leading slash.
    let prefix: String

    /// Parses `https://host:port/prefix`; only the host is required.
    init(_ text: String) throws(TransportError) {
        let refused = TransportError(
            .invalidRequest,
            "the server address \"\(ClusterConfiguration.shown(server: text))\" is not of the form https://host:port")
        let rest: Substring
        if text.hasPrefix("https://") {
            isSecure = true
            rest = text.dropFirst(8)
        } else if text.hasPrefix("http://") {
            isSecure = false
            rest = text.dropFirst(7)
        } else {
            throw refused
        }
        guard rest.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), !rest.contains(where: { "@?#\\".contains($0) })
        else {
            throw refused
        }
        let authority = rest.prefix { $0 != "/" }
        var prefix = rest.dropFirst(authority.count)
        while prefix.last == "/" { prefix.removeLast() }
        self.prefix = String(prefix)
        guard let (host, port) = Self.split(authority), !host.isEmpty else { throw refused }
        self.host = host
        if port.isEmpty {
            self.port = isSecure ? 443 : 80
        } else {
            guard let number = UInt16(port), number > 0 else { throw refused }
            self.port = number
        }
    }

    private static func split(_ authority: Substring) -> (host: String, port: Substring)? {
        if authority.first == "[" {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            let rest = authority[authority.index(after: close)...]
            guard rest.isEmpty || rest.first == ":" else { return nil }
            return (String(authority[authority.index(after: authority.startIndex)..<close]), rest.dropFirst())
        }
        let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let host = parts.first, parts.count == 1 || !parts[1].contains(":") else { return nil }
        return (String(host), parts.count == 2 ? parts[1] : "")
    }

    /// Host and port in URL syntax.
    var authority: String { "\(Self.bracketed(host)):\(port)" }

    /// True if the server is on this machine, where compression only costs time.
    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    /// The URL of a target.
    ///
    /// - Parameter name: replaces the host, so that TLS requests and verifies this name.
    func url(_ target: String, naming name: String?) -> String {
        let host = Self.bracketed(name ?? host)
        return "\(isSecure ? "https" : "http")://\(host):\(port)\(prefix)\(target)"
    }

    static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }
}

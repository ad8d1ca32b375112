import KubeClient

/// Serves `/healthz`, `/readyz` and `/metrics` over plain HTTP; a network policy decides who can connect.
public final class DiagnosticsServer: Sendable {
    private let server: HTTPServer

    /// Starts to listen. Nil arguments are not served, so that probes and metrics can have different addresses.
    public init(
        address: ListenAddress, checks: HealthChecks?, metrics: MetricsRegistry?
    ) throws(ListenError) {
        let routes = DiagnosticsRoutes(checks: checks, metrics: metrics)
        let handler: HTTPServer.Handler = { request in
            let isVerbose = request.queryValue("verbose") != nil
            let answer = routes.answer(method: request.method, segments: request.segments, isVerbose: isVerbose)
            return HTTPServerResponse(
                status: answer.status, headers: ["Content-Type": answer.contentType], body: .bytes(answer.body))
        }
        server = try Self.listen(address, handler)
    }

    /// The listening port, also if port 0 was requested.
    public var port: UInt16 { server.port }

    /// Serves until the task is cancelled, then stops listening.
    public func run() async {
        let (never, _) = AsyncStream.makeStream(of: Never.self)
        for await _ in never {}
        await server.shutdown()
    }

    private static func listen(
        _ address: ListenAddress, _ handler: @escaping HTTPServer.Handler
    ) throws(ListenError) -> HTTPServer {
        func server(_ host: String) throws(ListenError) -> HTTPServer {
            try HTTPServer(host: host, port: address.port, limits: .diagnostics, handler: handler)
        }
        guard address.host.isEmpty else { return try server(address.host) }
        do {
            return try server("::")
        } catch {
            // The kernel may not support IPv6.
            return try server("0.0.0.0")
        }
    }
}

/// An address to listen on, in the form of flags: `HOST:PORT`, `[::1]:8080`, or `:8080` for all addresses.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// Empty for all addresses.
    public let host: String
    /// 0 for any free port.
    public let port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Parses an address; nil if the text is `0` or empty, which disables the listener.
    public static func parse(_ text: String) throws(ListenAddressError) -> ListenAddress? {
        if text.isEmpty || text == "0" { return nil }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw ListenAddressError(text: text)
        }
        var host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
        if isBracketed { host = host.dropFirst().dropLast() }
        guard isBracketed || !host.contains(where: { ":[] ".contains($0) }) else {
            throw ListenAddressError(text: text)
        }
        return ListenAddress(host: String(host), port: port)
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// An invalid address to listen on.
public struct ListenAddressError: Error, Hashable, Sendable, CustomStringConvertible {
    public let text: String

    public var description: String {
        "\"\(text)\" is not a valid listen address: use HOST:PORT, [IPV6]:PORT, :PORT for all addresses, or 0 to disable"
    }
}

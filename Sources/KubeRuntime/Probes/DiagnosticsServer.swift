import KubeClient

/// Serves `/healthz`, `/readyz` and `/metrics` over plain HTTP; who may ask is for network policy to say.
public final class DiagnosticsServer: Sendable {
    private let server: HTTPServer

    /// Begins to listen; what is nil is not served, so that probes and metrics may have addresses of their own.
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

    /// The port that is listened on, also where 0 was asked for.
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
            // A kernel without IPv6 has no such address.
            return try server("0.0.0.0")
        }
    }
}

import KubeRuntime
import Testing

@Suite struct DiagnosticsServerTests {
    @Test(arguments: ["", "127.0.0.1"]) func servesProbesAndMetrics(host: String) async throws {
        let checks = HealthChecks()
        checks.add("synced", for: .readiness) { "not yet" }
        let metrics = MetricsRegistry()
        metrics.counter("x_total", help: "x").increment()
        let server = try DiagnosticsServer(
            address: ListenAddress(host: host, port: 0), checks: checks, metrics: metrics)
        let running = Task { await server.run() }
        let socket = try TestSocket(port: server.port)
        socket.send("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(await socket.read(until: "\r\n\r\nok").hasPrefix("HTTP/1.1 200 "))
        socket.send("GET /readyz?verbose HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(await socket.read(until: "readyz check failed\n").hasPrefix("HTTP/1.1 503 "))
        socket.send("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(await socket.read(until: "\nx_total 1\n").contains("version=0.0.4"))
        running.cancel()
        await running.value
    }

    @Test func aTakenPortIsAnError() throws {
        let first = try DiagnosticsServer(
            address: ListenAddress(host: "127.0.0.1", port: 0), checks: nil, metrics: nil)
        #expect(throws: ListenError.self) {
            try DiagnosticsServer(
                address: ListenAddress(host: "127.0.0.1", port: first.port), checks: nil, metrics: nil)
        }
    }
}

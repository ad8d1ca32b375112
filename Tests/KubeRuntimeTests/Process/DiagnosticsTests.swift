import KubeClient
import KubeRuntime
import Testing

@testable import KubeRuntime

@Suite struct ProbeTests {
    @Test(arguments: [
        ("127.0.0.1:8080", "127.0.0.1", 8080), (":8081", "", 8081), ("[::1]:9", "::1", 9),
        ("localhost:0", "localhost", 0),
    ]) func `parses listen addresses`(text: String, host: String, port: UInt16) throws {
        #expect(try ListenAddress.parse(text) == ListenAddress(host: host, port: port))
    }

    @Test(arguments: ["", "0"]) func `0 and an empty text disable a listener`(text: String) throws {
        #expect(try ListenAddress.parse(text) == nil)
    }

    @Test(arguments: ["8080", "host", "host:", ":99999", "::1:80", "a b:1", "[::1]", "[]:1", ":-1"])
    func `rejects invalid listen addresses`(text: String) {
        #expect(throws: ListenAddressError(text: text)) { try ListenAddress.parse(text) }
    }

    func routes(ready problem: String?) -> DiagnosticsRoutes {
        let checks = HealthChecks()
        checks.add("queue", for: .liveness) { nil }
        checks.add("synced", for: .readiness) { problem }
        checks.add("leader", for: .readiness) { nil }
        return DiagnosticsRoutes(checks: checks, metrics: MetricsRegistry())
    }

    func text(_ routes: DiagnosticsRoutes, _ path: String, verbose: Bool = false) -> String {
        let segments = path.split(separator: "/").map(String.init)
        let answer = routes.answer(method: "GET", segments: segments, isVerbose: verbose)
        return "\(answer.status) \(String(decoding: answer.body, as: UTF8.self))"
    }

    @Test func `healthz and readyz answer their own checks`() {
        let routes = routes(ready: "waiting for pipelineruns")
        #expect(text(routes, "/healthz") == "200 ok")
        #expect(text(routes, "/healthz", verbose: true) == "200 [+]queue ok\nhealthz check passed\n")
        let expected = "503 [-]synced failed: waiting for pipelineruns\n[+]leader ok\nreadyz check failed\n"
        #expect(text(routes, "/readyz") == expected)
        #expect(text(routes, "/readyz/leader") == "200 ok")
        #expect(text(self.routes(ready: nil), "/readyz") == "200 ok")
    }

    @Test(arguments: ["/", "/nothing", "/readyz/nothing", "/readyz/leader/x", "/metrics/x"])
    func `other paths are not found`(path: String) {
        #expect(text(routes(ready: nil), path) == "404 not found\n")
    }

    @Test func `only GET and HEAD are allowed`() {
        #expect(routes(ready: nil).answer(method: "POST", segments: ["healthz"], isVerbose: false).status == 405)
        #expect(routes(ready: nil).answer(method: "HEAD", segments: ["metrics"], isVerbose: false).status == 200)
    }
}

@Suite struct DiagnosticsServerTests {
    @Test(arguments: ["", "127.0.0.1"]) func `serves probes and metrics`(host: String) async throws {
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

    @Test func `a busy port is an error`() throws {
        let first = try DiagnosticsServer(
            address: ListenAddress(host: "127.0.0.1", port: 0), checks: nil, metrics: nil)
        #expect(throws: ListenError.self) {
            try DiagnosticsServer(
                address: ListenAddress(host: "127.0.0.1", port: first.port), checks: nil, metrics: nil)
        }
    }
}

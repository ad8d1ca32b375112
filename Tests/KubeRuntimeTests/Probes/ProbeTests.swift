import KubeClient
import Testing

@testable import KubeRuntime

@Suite struct ProbeTests {
    @Test(arguments: [
        ("127.0.0.1:8080", "127.0.0.1", 8080), (":8081", "", 8081), ("[::1]:9", "::1", 9),
        ("localhost:0", "localhost", 0),
    ]) func addressesAreRead(text: String, host: String, port: UInt16) throws {
        #expect(try ListenAddress.parse(text) == ListenAddress(host: host, port: port))
    }

    @Test(arguments: ["", "0"]) func listenersCanBeTurnedOff(text: String) throws {
        #expect(try ListenAddress.parse(text) == nil)
    }

    @Test(arguments: ["8080", "host", "host:", ":99999", "::1:80", "a b:1", "[::1]", "[]:1", ":-1"])
    func wrongAddressesAreRefused(text: String) {
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

    @Test func healthAndReadinessAnswerTheirOwnChecks() {
        let routes = routes(ready: "waiting for pipelineruns")
        #expect(text(routes, "/healthz") == "200 ok")
        #expect(text(routes, "/healthz", verbose: true) == "200 [+]queue ok\nhealthz check passed\n")
        let expected = "503 [-]synced failed: waiting for pipelineruns\n[+]leader ok\nreadyz check failed\n"
        #expect(text(routes, "/readyz") == expected)
        #expect(text(routes, "/readyz/leader") == "200 ok")
        #expect(text(self.routes(ready: nil), "/readyz") == "200 ok")
    }

    @Test(arguments: ["/", "/nothing", "/readyz/nothing", "/readyz/leader/x", "/metrics/x"])
    func otherPathsAreUnknown(path: String) {
        #expect(text(routes(ready: nil), path) == "404 not found\n")
    }

    @Test func onlyReadingIsAllowed() {
        #expect(routes(ready: nil).answer(method: "POST", segments: ["healthz"], isVerbose: false).status == 405)
        #expect(routes(ready: nil).answer(method: "HEAD", segments: ["metrics"], isVerbose: false).status == 200)
    }
}

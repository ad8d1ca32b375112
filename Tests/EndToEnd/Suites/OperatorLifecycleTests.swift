import Foundation
import KubeClient
import Testing

/// The operator process itself: probes, metrics, signals, and a cluster that is not ready for it.
@Suite(.serialized) struct OperatorLifecycleTests {
    private func fetch(_ port: UInt16, _ path: String) async throws -> (code: Int, body: String) {
        let configuration = ClusterConfiguration(server: "http://127.0.0.1:\(port)", origin: "test")
        let transport = try CurlTransport(configuration: configuration, userAgent: "towline-test")
        let result: Result<HTTPResponse, TransportError>
        do { result = .success(try await transport.send(HTTPRequest(.get, path))) } catch { result = .failure(error) }
        await transport.shutdown()
        let response = try result.get()
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    @Test func probesMetricsAndACleanStop() async throws {
        let workspace = try await Workspace.make("probes")
        let probes = try FreePort.find()
        let metrics = try FreePort.find()
        let process = try workspace.startOperator(arguments: [
            "--health-probe-bind-address", "127.0.0.1:\(probes)", "--metrics-bind-address", "127.0.0.1:\(metrics)",
        ])
        try await eventually("ready") { try await fetch(probes, "/readyz").code == 200 }
        #expect(try await fetch(probes, "/healthz").code == 200)
        try await workspace.create(Templates.all)
        try await workspace.create(Templates.execution("counted", engine: "tekton"))
        _ = try await workspace.finished("counted")
        let exposition = try await fetch(metrics, "/metrics").body
        for name in [
            "towline_execution_total{engine=\"tekton\",outcome=\"Success\",reason=\"Succeeded\"} 1",
            "controller_runtime_reconcile_total", "workqueue_depth", "process_resident_memory_bytes",
        ] {
            #expect(exposition.contains(name), "\(name) is exposed")
        }
        #expect(try await process.stop() == 0)
        // JSON, one object a line.
        for line in process.errorOutput.split(separator: "\n") {
            #expect(throws: Never.self) { try JSONValue(parsing: String(line)) }
        }
    }
}

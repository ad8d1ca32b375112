import Foundation
import KubeClient
import TestSupport
import Testing

/// The operator process itself: probes, metrics, signals, and a cluster that is not ready for it.
@Suite(.serialized) struct OperatorLifecycleTests {
    @Test func probesMetricsAndACleanStop() async throws {
        let workspace = try await Workspace.make("probes")
        let probes = try FreePort.find()
        let metrics = try FreePort.find()
        let process = try workspace.startOperator(arguments: [
            "--health-probe-bind-address", "127.0.0.1:\(probes)", "--metrics-bind-address", "127.0.0.1:\(metrics)",
        ])
        try await poll("ready") { try await Page.fetch(probes, "/readyz").code == 200 }
        #expect(try await Page.fetch(probes, "/healthz").code == 200)
        try await workspace.create(Templates.all)
        try await workspace.create(Templates.execution("counted", engine: "tekton"))
        _ = try await workspace.finished("counted")
        let exposition = try await Page.fetch(metrics, "/metrics").body
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

import Foundation
import KubeClient
import Testing

/// People who may read logs, events or metrics are not those who may read executions.
@Suite(.serialized) struct ParameterSecrecyTests {
    private static let value = "swordfish-\(UInt32.random(in: .min ... .max))"

    /// A run that works, and one whose engine repeats the value in its complaint.
    @Test(arguments: MainJobTests.engines) func noValueLeavesTheExecution(_ engine: String) async throws {
        let workspace = try await Workspace.make("secrecy")
        let port = try FreePort.find()
        let process = try workspace.startOperator(arguments: [
            "--metrics-bind-address", "127.0.0.1:\(port)", "--health-probe-bind-address", "0", "--log-level", "debug",
        ])
        try await workspace.create(Templates.all)
        for (name, workflow) in [("good", "works"), ("bad", "breaks"), ("lost", Self.value)] {
            try await workspace.create(
                Templates.execution(
                    name, engine: engine, workflow: workflow, more: "parameters: {TARGET: \(Self.value)}"))
            _ = try await workspace.finished(name)
        }
        // The engine does say it: the workflow that it misses has the value's name.
        #expect(try await workspace.execution("lost").status("message")?.contains(Self.value) == true)

        let events = try await eventually("the end of each is told") {
            let events = try await workspace.access.list(Types.event, workspace.namespace)
            return events.count { $0["reason"] != "RunCreated" } >= 3 ? events : nil
        }
        for event in events { #expect(event["note"]?.stringValue?.contains(Self.value) == false) }
        let metrics = ClusterConfiguration(server: "http://127.0.0.1:\(port)", origin: "test")
        let transport = try CurlTransport(configuration: metrics, userAgent: "towline-test")
        let text = String(decoding: try await transport.send(HTTPRequest(.get, "/metrics")).body, as: UTF8.self)
        await transport.shutdown()
        #expect(text.contains("towline_execution_total") && !text.contains(Self.value))
        #expect(try await process.stop() == 0)
        #expect(process.errorOutput.contains("Created the run") && !process.errorOutput.contains(Self.value))
    }
}

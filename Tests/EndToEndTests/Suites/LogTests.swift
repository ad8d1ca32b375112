import Foundation
import KubeClient
import TestSupport
import Testing

/// The log of a running operator.
@Suite struct LogTests {
    /// The complete lines so far.
    private func lines(_ process: ChildProcess) -> [JSONValue] {
        process.errorOutput.split(separator: "\n").compactMap { try? JSONValue(parsing: String($0)) }
    }

    private func has(_ process: ChildProcess, _ message: String) -> Bool {
        lines(process).contains { $0["msg"]?.stringValue == message }
    }

    /// The number of the operator's requests without an answer.
    private func failures(_ port: UInt16) async throws -> Int {
        let configuration = ClusterConfiguration(server: "http://127.0.0.1:\(port)", origin: "test")
        let transport = try CurlTransport(configuration: configuration, userAgent: "towline-test")
        let answer = try? await transport.send(HTTPRequest(.get, "/metrics"))
        await transport.shutdown()
        return String(decoding: answer?.body ?? [], as: UTF8.self).split(separator: "\n")
            .filter { $0.hasPrefix("rest_client_requests_total{") && $0.contains("<error>") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
            .reduce(0) { $0 + Int($1) }
    }

    @Test func `changes the log level on signals`() async throws {
        let workspace = try await Workspace.make("levels")
        let process = try workspace.startOperator(arguments: [
            "--metrics-bind-address", "0", "--health-probe-bind-address", "0", "--zap-log-level", "error",
            "--zap-time-encoding", "epoch",
        ])
        try await workspace.create(Templates.all)
        try await workspace.create(Templates.execution("silent", engine: "tekton"))
        _ = try await workspace.finished("silent")
        #expect(process.errorOutput == "")

        process.send(SIGUSR1)
        try await poll("the new level is logged") { has(process, "The log level was changed") }
        try await workspace.create(Templates.execution("talkative", engine: "argo"))
        let execution = try await workspace.finished("talkative")
        try await poll("the end is logged") { lines(process).contains { $0["phase"] == "Completed" } }
        let line = try #require(lines(process).first { $0["msg"] == "Created the run" })
        #expect(line["level"] == "info")
        #expect((line["ts"]?.doubleValue ?? 0) > 1_700_000_000)
        #expect(line["controller"] == "workflowexecution")
        #expect(line["controllerGroup"] == "towline.dev")
        #expect(line["controllerKind"] == "WorkflowExecution")
        #expect(
            line["WorkflowExecution"] == ["name": "talkative", "namespace": .string(workspace.namespace)])
        #expect(line["namespace"]?.stringValue == workspace.namespace)
        #expect(line["name"] == "talkative")
        #expect(UUID(uuidString: line["reconcileID"]?.stringValue ?? "") != nil)
        #expect(line["run"]?.stringValue == execution.runName)
        #expect(has(process, "Decided"))

        process.send(SIGUSR2)
        try await poll("the restored level is logged") {
            lines(process).count { $0["msg"] == "The log level was changed" } == 2
        }
        try await workspace.create(Templates.execution("silent-again", engine: "tekton"))
        _ = try await workspace.finished("silent-again")
        #expect(try await process.stop() == 0)
        #expect(!lines(process).contains { $0["name"] == "silent-again" })
    }

    @Test func `does not flood the log while the API server is down`() async throws {
        let directory = try await TestCluster.shared.directory
        let (port, metrics) = (try FreePort.find(), try FreePort.find())
        let kubeconfig = directory.appending(path: "outage-\(port).kubeconfig")
        try Data(
            """
            {apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: a, user: a}}],
            users: [{name: a, user: {}}], clusters: [{name: a, cluster: {server: "http://127.0.0.1:\(port)"}}]}
            """.utf8
        ).write(to: kubeconfig)
        let process = try ChildProcess(
            Repository.binary,
            [
                "operator", "--kubeconfig", kubeconfig.path, "--leader-elect", "--leader-elect-retry-period", "100ms",
                "--metrics-bind-address", "127.0.0.1:\(metrics)", "--health-probe-bind-address", "0",
            ], directory: directory, name: "outage-\(port)")
        try await poll("the outage is logged") {
            has(process, "API server unreachable; holding requests back")
        }
        // A candidate retries the lease regularly.
        try await poll("fifty requests have failed") { try await failures(metrics) >= 50 }
        let during = lines(process)
        #expect(during.count < 20, "\(process.errorOutput)")
        #expect(!during.contains { $0["suppressed"] != nil })
        #expect(try await process.stop() == 0)
        // The number of suppressed lines is logged at the end.
        let suppressed = lines(process).compactMap { $0["suppressed"]?.integerValue }.reduce(0, +)
        #expect(suppressed > 20, "\(process.errorOutput)")
    }
}

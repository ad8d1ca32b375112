import Foundation
import KubeClient
import TestSupport
import Testing

/// The operator process: probes, metrics, signals, and a cluster without the definition.
@Suite(.serialized) struct OperatorLifecycleTests {
    @Test func `serves probes and metrics and stops cleanly`() async throws {
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
        // JSON, one object per line.
        for line in process.errorOutput.split(separator: "\n") {
            #expect(throws: Never.self) { try JSONValue(parsing: String(line)) }
        }
    }
}

/// Kills the operator at each of its writes, before and after the write arrives.
@Suite(.serialized) struct RestartTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let engine: String
        let moment: InterceptingProxy.Moment
        var testDescription: String { "\(engine), \(moment.rawValue)" }
    }

    static let cases = MainJobTests.engines.flatMap { engine in
        InterceptingProxy.Moment.allCases.map { Case(engine: engine, moment: $0) }
    }

    @Test(arguments: cases) func `survives a kill before and after every write`(_ scenario: Case) async throws {
        let workspace = try await Workspace.make("killed")
        try await workspace.create(Templates.all)
        var write = 1
        // Each round kills the operator one write later, until an execution ends before that.
        while try await survives(write: write, scenario, in: workspace) { write += 1 }
        #expect(write > 3, "a create and two status writes at least were struck")
    }

    /// Runs one execution whose operator is killed at the given write; false if it made fewer writes.
    private func survives(write: Int, _ scenario: Case, in workspace: Workspace) async throws -> Bool {
        let proxy = try InterceptingProxy(upstream: workspace.access.transport)
        let kubeconfig = try proxy.kubeconfig(in: workspace.cluster.directory)
        let victim = try workspace.startOperator(kubeconfig: kubeconfig)
        proxy.strike(.init(write: write, moment: scenario.moment) { victim.send(SIGKILL) })
        let name = "round-\(write)"
        try await workspace.create(Templates.execution(name, engine: scenario.engine))

        let wasStruck = try await poll("the kill, or the end") { () -> Bool? in
            if !victim.isRunning { return true }
            return try await workspace.execution(name).condition("Finished") == "True" ? proxy.hasStruck : nil
        }
        if wasStruck { _ = try await victim.exit(within: .seconds(20)) }
        let before = try await workspace.execution(name)
        var successor: ChildProcess?
        if wasStruck { successor = try workspace.startOperator() }
        let execution = try await workspace.finished(name)
        #expect(execution.verdict == "Completed/Success/Succeeded", "write \(write)")
        #expect(try await workspace.runs(of: execution).count == 1, "write \(write)")
        for field in ["startedAt", "finishedAt"] {
            guard let stored = before.status(field) else { continue }
            #expect(execution.status(field) == stored, "\(field) after write \(write)")
        }
        for process in [victim, successor].compactMap({ $0 }) where process.isRunning { try await process.stop() }
        await proxy.shutdown()
        return wasStruck
    }
}

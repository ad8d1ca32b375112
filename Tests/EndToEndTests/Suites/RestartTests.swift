import Foundation
import KubeClient
import TestSupport
import Testing

/// The operator is killed at every single write it makes, before and after the write arrives.
@Suite(.serialized) struct RestartTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let engine: String
        let moment: InterceptingProxy.Moment
        var testDescription: String { "\(engine), \(moment.rawValue)" }
    }

    static let cases = MainJobTests.engines.flatMap { engine in
        InterceptingProxy.Moment.allCases.map { Case(engine: engine, moment: $0) }
    }

    @Test(arguments: cases) func killedAtEveryWrite(_ scenario: Case) async throws {
        let workspace = try await Workspace.make("killed")
        try await workspace.create(Templates.all)
        var write = 1
        // Each round strikes one write later, until an execution ends before the strike comes.
        while try await survives(write: write, scenario, in: workspace) { write += 1 }
        #expect(write > 3, "a create and two status writes at least were struck")
    }

    /// Runs one execution whose operator is killed at a write; false when there were not that many writes.
    private func survives(write: Int, _ scenario: Case, in workspace: Workspace) async throws -> Bool {
        let proxy = try InterceptingProxy(upstream: workspace.access.transport)
        let kubeconfig = try proxy.kubeconfig(in: workspace.cluster.directory)
        let victim = try workspace.startOperator(kubeconfig: kubeconfig)
        proxy.strike(.init(write: write, moment: scenario.moment) { victim.send(SIGKILL) })
        let name = "round-\(write)"
        try await workspace.create(Templates.execution(name, engine: scenario.engine))

        let wasStruck = try await poll("the strike, or the end") { () -> Bool? in
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

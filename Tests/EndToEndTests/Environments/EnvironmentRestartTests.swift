import Foundation
import KubeClient
import TestSupport
import Testing

/// Kills the operator at each write that concerns an environment, before and after the write arrives.
@Suite(.serialized, .timeLimit(.minutes(10))) struct EnvironmentRestartTests {
    @Test(arguments: InterceptingProxy.Moment.allCases)
    func `survives a kill before and after every write`(_ moment: InterceptingProxy.Moment) async throws {
        let stage = try await EnvironmentStage.makeWithoutOperator("struck")
        // Each round kills the operator later, until an environment ends before that. The sandbox is fast enough for
        // every write.
        let stride = TestCluster.knowsUsers ? 4 : 1
        var write = moment == .beforeWrite ? 1 : stride
        while try await survives(write: write, moment, stage) { write += stride }
        #expect(write > 8, "resolution, finalizer, two attempts of two writes each, readiness, termination, end")
        try await stage.end()
    }

    /// Lives one life whose operator is killed at the given write; false if it made fewer writes.
    private func survives(
        write: Int, _ moment: InterceptingProxy.Moment, _ stage: EnvironmentStage
    ) async throws -> Bool {
        let proxy = try InterceptingProxy(upstream: stage.workspace.operatorTransport())
        let victim = try await stage.startOperator(
            kubeconfig: try proxy.kubeconfig(in: stage.workspace.cluster.directory))
        proxy.strike(.init(write: write, moment: moment) { victim.send(SIGKILL) })
        let name = "round-\(write)"
        try await stage.create(name, [.workflow("up"), .teardown()], timeslot: "teardownSeconds: 60")
        let wasStruck = try await live(name, stage, until: { victim.isRunning ? nil : true }) ?? false
        if wasStruck {
            _ = try await victim.exit(within: .seconds(20))
            try await stage.startOperator()
            _ = try await live(name, stage, until: { nil })
        }
        let ended = try await stage.environment(name, reaches: "Inactive/Deactivated")
        #expect(ended.condition("TornDown") == "True", "write \(write)")
        for phase in ["up", "teardown"] {
            #expect(ended.phase(phase)?["attempt"] == 1, "write \(write), \(phase)")
            let execution = try await stage.execution(of: ended, phase)
            #expect(execution.verdict == "Completed/Success/Succeeded", "write \(write), \(phase)")
            #expect(try await stage.workspace.runs(of: execution).count == 1, "write \(write), \(phase)")
        }
        try await poll("the finalizer is removed") { try await stage.environment(name).finalizers.isEmpty }
        try await stage.killOperator()
        await proxy.shutdown()
        return wasStruck
    }

    /// Deactivates the environment once it is ready, and waits for its end; nil, or what `interrupted` returned before.
    private func live(
        _ name: String, _ stage: EnvironmentStage, until interrupted: @Sendable () -> Bool?
    ) async throws -> Bool? {
        let result: Bool = try await poll("the end of \(name), or the kill") {
            if let result = interrupted() { return result }
            let environment = try await stage.environment(name)
            if environment.condition("Ready") == "True", environment[path: ["spec", "desired"]] == nil {
                try await stage.patch(name, ["desired": "Inactive"])
            }
            return environment.status("phase") == "Inactive" && environment.finalizers.isEmpty ? false : nil
        }
        return result ? true : nil
    }
}

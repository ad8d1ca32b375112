import Faults
import Foundation
import KubeClient
import TestSupport
import Testing

/// Two operators that share a lease, an API server that can be restarted, and a witness of all they do.
final class FaultStage: Sendable {
    let workspace: Workspace
    let recorder: HistoryRecorder
    private let cluster: RestartableCluster
    private let operators: [SupervisedOperator]

    init(_ cluster: RestartableCluster, _ workspace: Workspace) throws {
        self.cluster = cluster
        self.workspace = workspace
        recorder = HistoryRecorder(workspace.access.client, namespaces: [workspace.namespace])
        operators = try (1...2).map { _ in try SupervisedOperator(workspace, lease: workspace.namespace) }
    }

    /// Runs `body` while the operators are supervised and the witness watches.
    func perform(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.recorder.run() }
            for one in operators { group.addTask { await one.supervise() } }
            defer { group.cancelAll() }
            try await body()
        }
        for one in operators {
            if one.process.isRunning { #expect(try await one.process.stop() == 0) }
            one.link.close()
        }
    }

    /// Lets a fault happen to the leader, and returns when the operators have recovered from it.
    func strike(_ fault: Fault) async throws {
        let (leader, other) = try await roles()
        let victim = leader.process
        switch fault {
        case .killed:
            victim.send(SIGKILL)
            try await takeOver(by: other)
        case .stopped:
            victim.send(SIGSTOP)
            try await takeOver(by: other)
            victim.send(SIGCONT)
            try await expectResignation(of: victim)
        case .partitioned:
            leader.link.set(.silent)
            try await takeOver(by: other)
            leader.link.set(.healthy)
            try await expectResignation(of: victim)
        case .cut:
            for one in operators { one.link.cut() }
        case .restarted:
            try await cluster.restart(links: operators.map(\.link)) { try await self.expectResignation(of: victim) }
            _ = try await roles()
        }
    }

    /// Who leads, and who does not.
    private func roles() async throws -> (leader: SupervisedOperator, other: SupervisedOperator) {
        let (first, second) = (operators[0], operators[1])
        return try await poll("one of the operators leads") {
            if first.leads { return (first, second) }
            return second.leads ? (second, first) : nil
        }
    }

    private func takeOver(by other: SupervisedOperator) async throws {
        try await poll("the other operator leads") { other.leads }
    }

    /// Waits until a leader that lost its lease has ended, which is no success.
    private func expectResignation(of victim: ChildProcess) async throws {
        #expect(try await victim.exit(within: .seconds(20)) == 1)
    }
}

import Faults
import Foundation
import KubeClient
import TestSupport
import Testing

/// A fault of the operators or their API server.
enum Fault: String, CaseIterable, Sendable {
    /// The leader is killed with SIGKILL.
    case killed
    /// The leader is paused for longer than its lease, then continues.
    case stopped
    /// The leader is disconnected from the API server until the other operator leads.
    case partitioned
    /// Every connection of both operators is reset.
    case cut
    /// The API server is down until the leader has given up.
    case restarted
}

/// Two operators that share a lease, an API server that can restart, and a witness.
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

    /// Runs `body` while the operators are restarted as needed and the witness watches.
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

    /// Injects a fault; returns when the operators have recovered.
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

    /// The leader and the other operator.
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

    /// Waits until a leader that lost its lease has exited with an error.
    private func expectResignation(of victim: ChildProcess) async throws {
        #expect(try await victim.exit(within: .seconds(20)) == 1)
    }
}

/// An operator that is restarted whenever it exits, like a pod of a Deployment.
final class SupervisedOperator: Sendable {
    let link: NetworkLink
    private let start: @Sendable () throws -> ChildProcess
    private let current: Locked<ChildProcess>

    init(_ workspace: Workspace, lease: String) throws {
        let original = workspace.cluster.operatorKubeconfig
        let link = try NetworkLink(to: ClusterAccess(kubeconfig: original).configuration.server)
        let kubeconfig = try link.kubeconfig(like: original, in: workspace.cluster.directory)
        let start: @Sendable () throws -> ChildProcess = {
            try workspace.startOperator(
                kubeconfig: kubeconfig,
                arguments: [
                    "--metrics-bind-address", "0", "--health-probe-bind-address", "0", "--leader-elect",
                    "--leader-elect-lease-duration", "3s", "--leader-elect-renew-deadline", "2s",
                    "--leader-elect-retry-period", "400ms", "--leader-elect-resource-name", lease,
                    "--leader-elect-resource-namespace", HandOverTests.leaseNamespace,
                ])
        }
        current = Locked(try start())
        self.link = link
        self.start = start
    }

    /// The current process.
    var process: ChildProcess { current.withLock { $0 } }

    /// Whether the current process has become the leader and is still running.
    var leads: Bool { process.isRunning && process.errorOutput.contains("\"Leading\"") }

    /// Restarts the process whenever it exits, until the task is canceled.
    func supervise() async {
        while (try? await Task.sleep(for: .milliseconds(100))) != nil {
            guard !process.isRunning, let next = try? start() else { continue }
            current.withLock { $0 = next }
        }
    }
}

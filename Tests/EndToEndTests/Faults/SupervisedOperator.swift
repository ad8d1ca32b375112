import Faults
import Foundation
import KubeClient

/// An operator that is started again whenever it has ended, as a Deployment does with its pods.
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

    /// The process of the moment.
    var process: ChildProcess { current.withLock { $0 } }

    /// True while the process of the moment has led and did not end since.
    var leads: Bool { process.isRunning && process.errorOutput.contains("\"Leading\"") }

    /// Starts a new process for each that ended, until the task is cancelled.
    func supervise() async {
        while (try? await Task.sleep(for: .milliseconds(100))) != nil {
            guard !process.isRunning, let next = try? start() else { continue }
            current.withLock { $0 = next }
        }
    }
}

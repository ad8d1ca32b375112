import KubeClient
import KubeRuntime

/// Deletes the objects of deleted executions, and completes foreground deletions.
///
/// Confined to the thread of one simulation.
final class GarbageCollection: @unchecked Sendable {
    private let server: SimulatedServer
    private let random: SeededRandom

    init(server: SimulatedServer, random: SeededRandom) {
        self.server = server
        self.random = random
        server.observers.append { [unowned self] in observe($0) }
    }

    private func observe(_ change: Change) {
        let isGoing = change.verb == .deleted || change.object["metadata"]?["deletionTimestamp"] != nil
        let isOrphan = change.kind.isRun && change.verb == .added && !hasOwner(change)
        guard change.kind == .executions && isGoing || isOrphan else { return }
        server.time.schedule(after: random.duration(.milliseconds(10)...(.seconds(4)))) { [weak self] in
            self?.collect()
        }
    }

    private func collect() {
        for kind in [ResourceKind.pipelineRuns, .workflows] {
            for run in server.all(kind) where !hasOwner(run) {
                server.remove(kind, run.key, by: .garbageCollector)
            }
        }
        for execution in server.all(.executions) where execution.object["metadata"]?["deletionTimestamp"] != nil {
            server.commit(.deleted, .executions, execution.key, execution.object, by: .garbageCollector)
        }
    }

    /// True for an object without an owner, or whose owner exists and is not being deleted.
    private func hasOwner(_ run: Change) -> Bool {
        guard let owner = run.object["metadata"]?["ownerReferences"]?[0]?["uid"]?.stringValue else { return true }
        return server.all(.executions).contains {
            $0.uid == owner && $0.object["metadata"]?["deletionTimestamp"] == nil
        }
    }
}

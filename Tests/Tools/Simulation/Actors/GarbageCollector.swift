import KubeClient
import TowlineAPI

/// Deletes the dependents of deleted environments and executions, and completes foreground deletions.
///
/// Confined to the thread of one simulation.
final class GarbageCollector: @unchecked Sendable {
    private let server: SimulatedServer
    private let random: SeededRandom

    init(server: SimulatedServer, random: SeededRandom) {
        self.server = server
        self.random = random
        server.observers.append { [unowned self] in observe($0) }
    }

    private func observe(_ change: Change) {
        let isGoing = change.verb == .deleted || change.object["metadata"]?["deletionTimestamp"] != nil
        let isOwner = change.kind == .executions || change.kind == .environments
        let isOrphan =
            change.verb == .added
            && (change.kind.isRun && !hasOwner(change) || change.kind == .executions && !hasEnvironment(change))
        guard isOwner && isGoing || isOrphan else { return }
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
        collectExecutions()
    }

    /// Deletes the executions whose environment is gone, or is being deleted in the foreground.
    ///
    /// In the foreground, an execution is marked first and deleted after its run.
    private func collectExecutions() {
        let environments = Dictionary(uniqueKeysWithValues: server.all(.environments).map { ($0.uid, $0) })
        var owners: Set<String> = []
        for execution in server.all(.executions) {
            guard let owner = Self.environment(of: execution) else { continue }
            guard let environment = environments[owner] else {
                server.remove(.executions, execution.key, by: .garbageCollector)
                continue
            }
            owners.insert(owner)
            guard Self.isGoingInForeground(environment), execution.object["metadata"]?["deletionTimestamp"] == nil
            else { continue }
            var marked = execution.object
            marked[path: ["metadata", "deletionTimestamp"]] = .string(server.clock.now().roundedDownToSeconds.rfc3339)
            let generation = marked["metadata"]?["generation"]?.integerValue ?? 0
            marked[path: ["metadata", "generation"]] = .integer(generation + 1)
            server.commit(.modified, .executions, execution.key, marked, by: .garbageCollector)
        }
        for environment in environments.values.sorted(by: { $0.key < $1.key })
        where Self.isGoingInForeground(environment) && !owners.contains(environment.uid) {
            server.release(SimulatedServer.foregroundDeletion, of: environment, by: .garbageCollector)
        }
    }

    private static func isGoingInForeground(_ environment: Change) -> Bool {
        SimulatedServer.finalizers(of: environment.object).contains(SimulatedServer.foregroundDeletion)
    }

    /// The UID of the environment that owns an execution.
    private static func environment(of execution: Change) -> String? {
        let owner = execution.object["metadata"]?["ownerReferences"]?[0]
        return owner?["kind"] == "Environment" ? owner?["uid"]?.stringValue : nil
    }

    private func hasEnvironment(_ execution: Change) -> Bool {
        guard let owner = Self.environment(of: execution) else { return true }
        return server.all(.environments).contains { $0.uid == owner && !Self.isGoingInForeground($0) }
    }

    /// True for runs without an owner, and for runs whose owner exists and is not being deleted.
    private func hasOwner(_ run: Change) -> Bool {
        guard let owner = run.object["metadata"]?["ownerReferences"]?[0]?["uid"]?.stringValue else { return true }
        return server.all(.executions).contains {
            $0.uid == owner && $0.object["metadata"]?["deletionTimestamp"] == nil
        }
    }
}

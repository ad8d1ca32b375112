import KubeClient
import KubeRuntime
import TowlineAPI

/// Users and controllers that change runs they do not own: they remove owner references and labels, add finalizers,
/// delete runs, and archive them.
///
/// Confined to the thread of one simulation.
final class Vandals: @unchecked Sendable {
    private static let finalizer = "chains.tekton.dev/pipelinerun"

    private let server: SimulatedServer
    private let strippers: SeededRandom?
    private let holders: SeededRandom?
    private let archivists: SeededRandom?
    private var archived: Set<String> = []
    /// How many changes are still planned.
    private(set) var planned = 0

    init(server: SimulatedServer, _ trouble: Trouble, seed: UInt64) {
        self.server = server
        strippers = trouble.random(for: .owners, seed: seed)
        holders = trouble.random(for: .finalizers, seed: seed)
        archivists = trouble.random(for: .pruning, seed: seed)
        server.observers.append { [unowned self] in observe($0) }
    }

    private func plan(after delay: Duration, _ action: @escaping @Sendable () -> Void) {
        planned += 1
        server.time.schedule(after: delay) { [weak self] in
            self?.planned -= 1
            action()
        }
    }

    private func observe(_ change: Change) {
        guard change.kind.isRun else { return }
        if let archivists, change.kind == .workflows, change.verb == .modified,
            !Verdict.of(change.object, .workflows).isEmpty, archived.insert(change.uid).inserted,
            archivists.chance(0.5)
        {
            archive(change, archivists)
        }
        if change.verb == .added, change.object["metadata"]?["labels"]?[WellKnown.executionUIDLabel] != nil {
            if let strippers, strippers.chance(0.5) {
                let alsoLabel = strippers.chance(0.3)
                plan(after: strippers.duration(.milliseconds(100)...(.seconds(60)))) { [weak self] in
                    self?.strip(change, alsoLabel: alsoLabel)
                }
            }
            if let holders, holders.chance(0.6) {
                plan(after: holders.duration(.milliseconds(1)...(.seconds(3)))) { [weak self] in
                    self?.hold(change)
                }
                guard holders.chance(0.5) else { return }
                plan(after: holders.duration(.seconds(3)...(.seconds(100)))) { [server] in
                    guard server.current(change.kind, change.key)?.uid == change.uid else { return }
                    server.remove(change.kind, change.key, by: .user)
                }
            }
        }
        let isMarked = change.object["metadata"]?["deletionTimestamp"] != nil
        guard let holders, change.verb == .modified, isMarked,
            change.before?["metadata"]?["deletionTimestamp"] == nil
        else { return }
        plan(after: holders.duration(.milliseconds(500)...(.seconds(90)))) { [server] in
            server.release(change.kind, change.key, change.uid, by: .controller)
        }
    }

    private func strip(_ run: Change, alsoLabel: Bool) {
        guard let current = server.current(run.kind, run.key), current.uid == run.uid else { return }
        var object = current.object
        object[path: ["metadata", "ownerReferences"]] = nil
        if alsoLabel { object[path: ["metadata", "labels", WellKnown.executionUIDLabel]] = nil }
        guard object != current.object else { return }
        server.commit(.modified, run.kind, run.key, object, by: .user)
    }

    /// Argo's archive: an ended workflow is marked, and copied later.
    private func archive(_ run: Change, _ random: SeededRandom) {
        let moments = [
            ("Pending", random.duration(.milliseconds(1)...(.milliseconds(200)))),
            ("Archived", random.duration(.seconds(1)...(.seconds(200)))),
        ]
        for (word, delay) in moments {
            plan(after: delay) { [server] in
                guard let current = server.current(run.kind, run.key), current.uid == run.uid else { return }
                var object = current.object
                object[path: ["metadata", "labels", RetentionRule.archiveLabel]] = .string(word)
                server.commit(.modified, run.kind, run.key, object, by: .engine)
            }
        }
    }

    private func hold(_ run: Change) {
        guard let current = server.current(run.kind, run.key), current.uid == run.uid,
            current.object["metadata"]?["deletionTimestamp"] == nil
        else { return }
        var object = current.object
        object[path: ["metadata", "finalizers"]] = [.string(Self.finalizer)]
        server.commit(.modified, run.kind, run.key, object, by: .controller)
    }
}

import KubeClient
import KubeRuntime
import TowlineAPI

/// Users who set and change TTLs, mark executions and runs to keep, and let a GitOps tool manage executions.
///
/// It has its own random numbers and does nothing in most simulations. Confined to the thread of one simulation.
final class RetentionUsers: @unchecked Sendable {
    private static let marks = [
        ("annotations", "argocd.argoproj.io/tracking-id"), ("labels", "kustomize.toolkit.fluxcd.io/name"),
        ("annotations", "meta.helm.sh/release-name"),
    ]

    private let server: SimulatedServer
    private let random: SeededRandom
    private let isActive: Bool
    /// The number of scheduled changes.
    private(set) var planned = 0

    init(server: SimulatedServer, random: SeededRandom) {
        self.server = server
        self.random = random
        isActive = random.chance(0.4)
        server.observers.append { [unowned self] in observe($0) }
    }

    /// Adds random TTLs to the spec of a new execution.
    func addTTLs(to spec: inout JSONValue) {
        guard isActive else { return }
        for field in Self.fields where random.chance(0.4) { spec[path: ["executionConfig", field]] = time() }
    }

    private static let fields = ["runTTLSecondsAfterFinished", "ttlSecondsAfterFinished"]

    private func time() -> JSONValue { .integer(Int64(random.pick([0, random.below(20), random.below(200)]))) }

    private func observe(_ change: Change) {
        guard isActive, change.kind == .executions, change.verb == .added, PhaseOrigin(change) == nil else { return }
        for _ in 0..<random.below(5) {
            planned += 1
            server.time.schedule(after: random.duration(.milliseconds(1)...(.seconds(120)))) { [weak self] in
                self?.planned -= 1
                self?.interfere(change.key)
            }
        }
    }

    private func interfere(_ key: ObjectKey) {
        guard let execution = server.current(.executions, key),
            execution.object["metadata"]?["deletionTimestamp"] == nil
        else { return }
        switch random.below(8) {
        case 0, 1, 2: changeTime(execution)
        case 3: change(.executions, execution) { $0.mark("annotations", WellKnown.keepAnnotation, "true") }
        case 4: change(.executions, execution) { $0.mark("annotations", WellKnown.keepAnnotation, nil) }
        case 5:
            let (place, key) = random.pick(Self.marks)
            change(.executions, execution) { $0.mark(place, key, "shop") }
        case 6:
            change(.executions, execution) { object in
                for (place, key) in Self.marks { object.mark(place, key, nil) }
            }
        default: keepRun(of: execution)
        }
    }

    private func changeTime(_ execution: Change) {
        let (field, value) = (random.pick(Self.fields), random.chance(0.8) ? time() : nil)
        change(.executions, execution) { object in
            object[path: ["spec", "executionConfig", field]] = value
            let generation = object["metadata"]?["generation"]?.integerValue ?? 0
            object[path: ["metadata", "generation"]] = .integer(generation + 1)
        }
    }

    private func keepRun(of execution: Change) {
        let kind =
            execution.object["spec"]?["workflowRef"]?["engine"] == "argo" ? ResourceKind.workflows : .pipelineRuns
        let name = RunName.of(executionName: execution.key.name, uid: execution.uid)
        let value: JSONValue? = random.chance(0.6) ? "true" : nil
        guard let run = server.current(kind, ObjectKey(namespace: execution.key.namespace, name: name)) else { return }
        change(kind, run) { $0.mark("annotations", WellKnown.keepAnnotation, value) }
    }

    private func change(_ kind: ResourceKind, _ change: Change, _ edit: (inout JSONValue) -> Void) {
        var object = change.object
        edit(&object)
        guard object != change.object else { return }
        server.commit(.modified, kind, change.key, object, by: .user)
    }
}

extension JSONValue {
    fileprivate mutating func mark(_ place: String, _ key: String, _ value: JSONValue?) {
        guard value != nil || self["metadata"]?[place]?[key] != nil else { return }
        self[path: ["metadata", place, key]] = value
    }
}

/// Users and controllers that interfere with runs: they remove owner references and labels, add finalizers, delete
/// runs, and archive them.
///
/// Confined to the thread of one simulation.
final class Interference: @unchecked Sendable {
    private static let finalizer = "chains.tekton.dev/pipelinerun"

    private let server: SimulatedServer
    private let ownerRandom: SeededRandom?
    private let finalizerRandom: SeededRandom?
    private let archiveRandom: SeededRandom?
    private var archived: Set<String> = []
    /// The number of scheduled changes.
    private(set) var planned = 0

    init(server: SimulatedServer, _ configuration: Configuration, seed: UInt64) {
        self.server = server
        ownerRandom = configuration.random(for: .owners, seed: seed)
        finalizerRandom = configuration.random(for: .finalizers, seed: seed)
        archiveRandom = configuration.random(for: .pruning, seed: seed)
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
        if let archiveRandom, change.kind == .workflows, change.verb == .modified,
            !Verdict.of(change.object, .workflows).isEmpty, archived.insert(change.uid).inserted,
            archiveRandom.chance(0.5)
        {
            archive(change, archiveRandom)
        }
        if change.verb == .added, change.object["metadata"]?["labels"]?[WellKnown.executionUIDLabel] != nil {
            if let ownerRandom, ownerRandom.chance(0.5) {
                let alsoLabel = ownerRandom.chance(0.3)
                plan(after: ownerRandom.duration(.milliseconds(100)...(.seconds(60)))) { [weak self] in
                    self?.strip(change, alsoLabel: alsoLabel)
                }
            }
            if let finalizerRandom, finalizerRandom.chance(0.6) {
                plan(after: finalizerRandom.duration(.milliseconds(1)...(.seconds(3)))) { [weak self] in
                    self?.hold(change)
                }
                guard finalizerRandom.chance(0.5) else { return }
                plan(after: finalizerRandom.duration(.seconds(3)...(.seconds(100)))) { [server] in
                    guard server.current(change.kind, change.key)?.uid == change.uid else { return }
                    server.remove(change.kind, change.key, by: .user)
                }
            }
        }
        let isMarked = change.object["metadata"]?["deletionTimestamp"] != nil
        guard let finalizerRandom, change.verb == .modified, isMarked,
            change.before?["metadata"]?["deletionTimestamp"] == nil
        else { return }
        plan(after: finalizerRandom.duration(.milliseconds(500)...(.seconds(90)))) { [server] in
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

    /// Acts as Argo's archive, which labels finished Workflows and archives them some time later.
    private func archive(_ run: Change, _ random: SeededRandom) {
        let moments = [
            ("Pending", random.duration(.milliseconds(1)...(.milliseconds(200)))),
            ("Archived", random.duration(.seconds(1)...(.seconds(200)))),
        ]
        for (word, delay) in moments {
            plan(after: delay) { [server] in
                guard let current = server.current(run.kind, run.key), current.uid == run.uid else { return }
                var object = current.object
                object[path: ["metadata", "labels", RetentionRules.archiveLabel]] = .string(word)
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

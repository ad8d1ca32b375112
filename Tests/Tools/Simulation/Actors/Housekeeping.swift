import KubeClient
import KubeRuntime
import TowlineAPI

/// The users who set TTLs and change them, mark objects to keep, and let a GitOps tool manage executions.
///
/// It uses its own random numbers, and does nothing in most simulations. Confined to the thread of one simulation.
final class Housekeeping: @unchecked Sendable {
    private static let marks = [
        ("annotations", "argocd.argoproj.io/tracking-id"), ("labels", "kustomize.toolkit.fluxcd.io/name"),
        ("annotations", "meta.helm.sh/release-name"),
    ]

    private let server: SimulatedServer
    private let random: SeededRandom
    private let isActive: Bool
    /// How many changes are still planned.
    private(set) var planned = 0

    init(server: SimulatedServer, random: SeededRandom) {
        self.server = server
        self.random = random
        isActive = random.chance(0.4)
        server.observers.append { [unowned self] in observe($0) }
    }

    /// Sets TTLs in the spec of about half of the new executions.
    func addTimes(to spec: inout JSONValue) {
        guard isActive else { return }
        for field in Self.fields where random.chance(0.4) { spec[path: ["executionConfig", field]] = time() }
    }

    private static let fields = ["runTTLSecondsAfterFinished", "ttlSecondsAfterFinished"]

    private func time() -> JSONValue { .integer(Int64(random.pick([0, random.below(20), random.below(200)]))) }

    private func observe(_ change: Change) {
        guard isActive, change.kind == .executions, change.verb == .added else { return }
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

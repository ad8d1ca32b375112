import KubeClient
import KubeRuntime
import TowlineAPI

/// Users who create environments, give signals, extend, retry, deactivate and delete them.
///
/// Confined to the thread of one simulation.
final class EnvironmentUsers: @unchecked Sendable {
    private let server: SimulatedServer
    private let random: SeededRandom
    private let documents: EnvironmentDocuments
    private let history: History
    private let time: VirtualTime
    /// Where the environments are, except those in a namespace that will be deleted.
    private let namespace: String
    /// The environments for which an extension in the last moment is scheduled.
    private var extended: Set<String> = []
    /// The number of scheduled actions.
    private(set) var planned = 0

    init(server: SimulatedServer, random: SeededRandom, documents: EnvironmentDocuments, history: History) {
        self.server = server
        self.random = random
        self.documents = documents
        self.history = history
        time = server.time
        namespace = random.chance(0.5) ? Users.namespace : "lab"
        server.observers.append { [unowned self] in observe($0) }
    }

    private func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) {
        planned += 1
        time.schedule(after: delay) { [weak self] in
            self?.planned -= 1
            action()
        }
    }

    // MARK: Plans

    /// Schedules the life of some environments within `span`.
    func plan(within span: Duration) {
        for number in 0..<(1 + random.below(4)) {
            // Long names are shortened in those of executions.
            let name =
                random.chance(0.1)
                ? "environment-with-quite-a-long.name-\(number)-" + String(repeating: "x", count: 20) : "pr-\(number)"
            planLife(of: ObjectKey(namespace: namespace, name: name), within: span)
        }
    }

    private func planLife(of key: ObjectKey, within span: Duration) {
        let start = span * (random.unit() * 0.5)
        schedule(after: start) { [self] in create(key) }
        for _ in 0..<random.below(6) {
            let moment =
                start + (random.chance(0.5) ? random.duration(.milliseconds(1)...(.seconds(60))) : span * random.unit())
            schedule(after: moment) { [self] in interfere(key) }
        }
    }

    /// Schedules environments in a namespace that is deleted at a random time.
    func planNamespace(_ namespace: String, within span: Duration, _ random: SeededRandom) {
        for number in 0..<(1 + random.below(3)) {
            planLife(of: ObjectKey(namespace: namespace, name: "doomed-\(number)"), within: span)
        }
        // Often after the faults, when it shows whether anything holds the namespace.
        let moment =
            random.chance(0.5)
            ? span * (0.2 + 0.8 * random.unit()) : span + random.duration(.seconds(50)...(.seconds(120)))
        schedule(after: moment) { [self] in
            history.log("the namespace \(namespace) is deleted")
            server.terminate(namespace, random)
        }
    }

    /// Creates many environments that expire in the same second; a few of them run workflows.
    func planRush(_ count: Int, at end: Duration) {
        let moment = (server.clock.now() + end).roundedDownToSeconds.rfc3339
        for number in 0..<count {
            schedule(after: end * (random.unit() * 0.3)) { [self] in
                let isWorking = number % 25 == 0
                let up: JSONValue = ["name": "up", "engine": "workflow", "workflow": ["name": "up", "version": "1.0"]]
                let mark: JSONValue = ["name": "mark", "engine": "pipeline", "steps": [["markReady": [:]]]]
                let down: JSONValue = [
                    "name": "teardown", "engine": "workflow", "workflow": ["name": "down", "version": "1.0"],
                    "teardown": true,
                ]
                var spec: JSONValue = [
                    "timeslot": ["end": .string(moment), "teardownSeconds": 60],
                    "lifecycle": ["phases": .array((isWorking ? [up] : [mark]) + (number % 2 == 0 ? [down] : []))],
                ]
                if isWorking { spec["parameters"] = ["TARGET": "shop"] }
                store(ObjectKey(namespace: "lab", name: "rush-\(number)"), spec)
            }
        }
    }

    // MARK: Actions

    private func create(_ key: ObjectKey) { store(key, documents.environment()) }

    private func store(_ key: ObjectKey, _ spec: JSONValue) {
        let body: JSONValue = ["metadata": ["name": .string(key.name)], "spec": spec]
        _ = server.create(.environments, namespace: key.namespace, body, by: .user)
    }

    private func interfere(_ key: ObjectKey) {
        guard let environment = server.current(.environments, key) else {
            if random.chance(0.6) { create(key) }
            return
        }
        switch random.below(16) {
        case 0, 1: give(environment)
        case 2: annotate(environment, "extended-until", laterEnd(of: environment))
        case 3: moveEnd(of: environment)
        case 4, 5: deactivate(environment)
        case 6: remove(environment, inForeground: random.chance(0.5))
        case 7:
            // Deletes the environment and immediately creates another of the same name.
            remove(environment, inForeground: false)
            create(key)
        case 8, 9: deleteExecution(of: environment)
        case 10, 11: retry(environment)
        case 12: annotate(environment, "skip-teardown", random.chance(0.8) ? "true" : "false")
        case 13: takeName(in: environment)
        case 14: addForeignCondition(environment)
        default: cancelExecution(of: environment)
        }
    }

    private func edit(_ environment: Change, _ change: (inout JSONValue) -> Void) {
        guard let current = server.current(.environments, environment.key), current.uid == environment.uid else {
            return
        }
        var object = current.object
        change(&object)
        guard object != current.object else { return }
        if object["spec"] != current.object["spec"] {
            let generation = object["metadata"]?["generation"]?.integerValue ?? 0
            object[path: ["metadata", "generation"]] = .integer(generation + 1)
        }
        server.commit(.modified, .environments, environment.key, object, by: .user)
    }

    private func annotate(_ environment: Change, _ name: String, _ value: String) {
        edit(environment) { $0[path: ["metadata", "annotations", "towline.dev/\(name)"]] = .string(value) }
    }

    private func give(_ environment: Change) {
        let signal: JSONValue = .string(random.pick(EnvironmentDocuments.signals))
        edit(environment) { object in
            let signals = object["spec"]?["signals"]?.arrayValue ?? []
            if !signals.contains(signal) { object[path: ["spec", "signals"]] = .array(signals + [signal]) }
        }
    }

    /// A later end, one beyond `maxEnd`, one without effect, or no time at all.
    private func laterEnd(of environment: Change) -> String {
        if random.chance(0.1) { return random.pick(["tomorrow", "2026-13-01T00:00:00Z", ""]) }
        let view = EnvironmentView(object: environment.object)
        let from = view.expiry(on: server.clock.now()) ?? server.clock.now()
        return (from + random.duration(.seconds(-20)...(.seconds(150)))).roundedDownToSeconds.rfc3339
    }

    private func moveEnd(of environment: Change) {
        let timeslot = TimeslotDocument(environment.object["spec"])
        guard let end = timeslot.end else { return }
        let later =
            [end + random.duration(.seconds(1)...(.seconds(120))), timeslot.maxEnd].compactMap { $0 }.min() ?? end
        edit(environment) { $0[path: ["spec", "timeslot", "end"]] = .string(later.roundedDownToSeconds.rfc3339) }
    }

    private func deactivate(_ environment: Change) {
        edit(environment) { $0[path: ["spec", "desired"]] = "Inactive" }
        guard random.chance(0.3) else { return }
        // Once more, with another field manager.
        schedule(after: random.duration(.milliseconds(1)...(.seconds(20)))) { [self] in
            edit(environment) { $0[path: ["spec", "desired"]] = "Inactive" }
            annotate(environment, "touched", "again")
        }
    }

    private func remove(_ environment: Change, inForeground: Bool) {
        if inForeground {
            server.removeInForeground(.environments, environment.key, by: .user)
        } else {
            server.remove(.environments, environment.key, by: .user)
        }
    }

    private func retry(_ environment: Change) {
        let moment = server.clock.now().rfc3339
        annotate(environment, "retry-requested-at", moment)
        guard random.chance(0.4) else { return }
        // The same request again, and another one.
        let isSame = random.chance(0.5)
        schedule(after: random.duration(.milliseconds(1)...(.seconds(10)))) { [self] in
            annotate(environment, "retry-requested-at", isSame ? moment : server.clock.now().rfc3339)
        }
    }

    private func executions(of environment: Change) -> [Change] {
        server.all(.executions).filter {
            $0.object["metadata"]?["labels"]?[PhaseOrigin.uidLabel]?.stringValue == environment.uid
        }
    }

    private func deleteExecution(of environment: Change) {
        guard let execution = random.pickFirst(executions(of: environment)) else { return }
        server.remove(.executions, execution.key, by: .user)
    }

    private func cancelExecution(of environment: Change) {
        guard let execution = random.pickFirst(executions(of: environment)),
            execution.object["spec"]?["shutdown"] == nil
        else { return }
        var object = execution.object
        object[path: ["spec", "shutdown"]] = "Terminate"
        let generation = object["metadata"]?["generation"]?.integerValue ?? 0
        object[path: ["metadata", "generation"]] = .integer(generation + 1)
        server.commit(.modified, .executions, execution.key, object, by: .user)
    }

    /// Creates a foreign execution with the name of the next attempt of a phase.
    private func takeName(in environment: Change) {
        let view = EnvironmentView(object: environment.object)
        guard let phase = random.pickFirst(view.lifecycle?.phases.filter { $0.definition != nil } ?? []) else { return }
        let attempt = (view.state(phase.name)?.attempt ?? 0) + 1
        let name = PhaseOrigin.name(
            environment: environment.key.name, uid: environment.uid, phase: phase.name, attempt: attempt)
        let body: JSONValue = [
            "metadata": ["name": .string(name)],
            "spec": ["workflowRef": ["workflowId": "foreign", "engine": "tekton"]],
        ]
        _ = server.create(.executions, namespace: environment.key.namespace, body, by: .user)
    }

    private func addForeignCondition(_ environment: Change) {
        let condition: JSONValue = [
            "type": "example.com/Reviewed", "status": "True", "reason": "Reviewed", "message": "",
            "lastTransitionTime": .string(server.clock.now().roundedDownToSeconds.rfc3339),
        ]
        guard let current = server.current(.environments, environment.key) else { return }
        var object = current.object
        let conditions = object["status"]?["conditions"]?.arrayValue ?? []
        guard !conditions.contains(where: { $0["type"] == condition["type"] }) else { return }
        object[path: ["status", "conditions"]] = .array(conditions + [condition])
        server.commit(.modified, .environments, environment.key, object, by: .controller)
    }

    // MARK: Reactions

    /// Plans extensions in the last moment, and helps with teardowns that failed.
    private func observe(_ change: Change) {
        guard change.kind == .environments, change.verb == .modified, change.writer.isOperator else { return }
        let view = EnvironmentView(object: change.object)
        if let expiry = view.time("expiresAt"), extended.insert(change.uid).inserted, random.chance(0.25) {
            let left = expiry - server.clock.now()
            guard left > .seconds(1), left < .seconds(600) else { return }
            let early = random.pick([Duration.milliseconds(1), .milliseconds(50), .seconds(1)])
            let isLate = random.chance(0.2)
            schedule(after: isLate ? left + .milliseconds(300) : left - early) { [self] in
                guard let current = server.current(.environments, change.key), current.uid == change.uid else { return }
                if view.timeslot.end != nil, random.chance(0.5) {
                    moveEnd(of: current)
                } else {
                    annotate(current, "extended-until", (expiry + .seconds(5 + random.below(60))).rfc3339)
                }
            }
        }
        guard view.reason == "TeardownFailed", view.phase == "Terminating", random.chance(0.4) else { return }
        schedule(after: random.duration(.milliseconds(100)...(.seconds(20)))) { [self] in
            guard let current = server.current(.environments, change.key), current.uid == change.uid else { return }
            if random.chance(0.7) {
                retry(current)
            } else {
                annotate(current, "skip-teardown", "true")
            }
        }
    }
}

extension SeededRandom {
    /// A random element; nil if there is none.
    fileprivate func pickFirst<Element>(_ elements: [Element]) -> Element? { elements.isEmpty ? nil : pick(elements) }
}

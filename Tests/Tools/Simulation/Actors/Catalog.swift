import KubeClient
import KubeRuntime

/// The owners of catalogs: they create definitions and lifecycles, sometimes late, and delete and replace them.
///
/// Confined to the thread of one simulation.
final class Catalog: @unchecked Sendable {
    /// The workflows, all of version 1.0, with the parameters that they declare.
    private static let workflows: [(name: String, parameters: [JSONValue])] = [
        (
            "up",
            [
                ["name": "TARGET", "required": true, "pattern": "^[a-z]+$"],
                ["name": "SIZE", "default": "small", "enum": ["small", "large"]], ["name": "TOWLINE_ENVIRONMENT"],
                ["name": "TOWLINE_EXPIRES_AT"],
            ]
        ),
        ("check", [["name": "TARGET"], ["name": "TOWLINE_PHASE"], ["name": "DEPTH", "default": "1"]]),
        ("report", []),
        (
            "down",
            [
                ["name": "TARGET", "pattern": "^[a-z]+$"], ["name": "TOWLINE_ENVIRONMENT"],
                ["name": "TOWLINE_EXPIRES_AT"],
            ]
        ),
    ]
    /// The names of the lifecycles, all of version 1.0.
    static let lifecycles = ["preview", "lab"]
    static let namespaces = [Users.namespace, "lab", "doomed"]

    private let server: SimulatedServer
    private let history: History
    private let random: SeededRandom
    private let time: VirtualTime
    /// The engine of each workflow, which stays the same when its definition is replaced.
    private var engines: [String: JSONValue] = [:]
    /// The number of scheduled actions.
    private(set) var planned = 0

    /// - Parameter random: nil in simulations without a catalog.
    init?(server: SimulatedServer, random: SeededRandom?, history: History) {
        guard let random else { return nil }
        self.server = server
        self.random = random
        self.history = history
        time = server.time
        for (name, _) in Self.workflows { engines[name] = .string(random.pick(["tekton", "argo"])) }
    }

    func engine(of workflow: String) -> JSONValue { engines[workflow] ?? "tekton" }

    /// Creates all entries, or schedules their late creation, deletion and replacement within `span`.
    func plan(isStable: Bool, within span: Duration, _ documents: EnvironmentDocuments) {
        for namespace in Self.namespaces {
            let lifecycles = Self.lifecycles.map { name in
                (ResourceKind.lifecycles, name, { [documents] in documents.lifecycle(named: name) })
            }
            let definitions = Self.workflows.map { workflow in
                (ResourceKind.definitions, workflow.name, { [self] in definition(workflow.name, workflow.parameters) })
            }
            for (kind, name, make) in definitions + lifecycles {
                let key = ObjectKey(namespace: namespace, name: "\(name)-1.0")
                guard !isStable else {
                    create(kind, key, make())
                    continue
                }
                plan(kind, key, span, make)
            }
        }
    }

    private func plan(_ kind: ResourceKind, _ key: ObjectKey, _ span: Duration, _ make: @escaping () -> JSONValue) {
        // One in twenty never appears.
        guard !random.chance(0.05) else { return }
        let first = random.chance(0.5) ? .zero : span * random.unit()
        schedule(after: first) { [self] in create(kind, key, make()) }
        guard random.chance(0.4) else { return }
        let end = first + (span - first) * random.unit()
        schedule(after: end) { [self] in server.remove(kind, key, by: .user) }
        guard random.chance(0.7) else { return }
        schedule(after: end + random.duration(.milliseconds(1)...(.seconds(40)))) { [self] in create(kind, key, make())
        }
    }

    private func schedule(after delay: Duration, _ action: @escaping () -> Void) {
        planned += 1
        // Only the thread of the simulation runs timers.
        nonisolated(unsafe) let action = action
        time.schedule(after: delay) { [weak self] in
            self?.planned -= 1
            action()
        }
    }

    private func create(_ kind: ResourceKind, _ key: ObjectKey, _ spec: JSONValue) {
        let body: JSONValue = ["metadata": ["name": .string(key.name)], "spec": spec]
        _ = server.create(kind, namespace: key.namespace, body, by: .user)
    }

    private func definition(_ name: String, _ parameters: [JSONValue]) -> JSONValue {
        var spec: JSONValue = [
            "name": .string(name), "version": "1.0", "engine": engine(of: name),
            "ref": ["name": .string("\(name)-template-\(random.below(1000))")],
        ]
        if !parameters.isEmpty { spec["parameters"] = .array(parameters) }
        if random.chance(0.3) { spec[path: ["executionConfig"]] = ["serviceAccountName": "runner"] }
        if random.chance(0.3) {
            spec[path: ["executionConfig"]] = ["timeoutSeconds": .integer(Int64(20 + random.below(100)))]
        }
        return spec
    }

    // MARK: Executions with a definition

    /// Schedules executions that name a definition.
    func planExecutions(_ count: Int, within span: Duration) {
        for number in 0..<count {
            schedule(after: span * random.unit()) { [self] in
                let workflow = random.pick(Self.workflows.map(\.name))
                var spec: JSONValue = [
                    "workflowRef": ["definition": .string("\(workflow)@1.0"), "engine": engine(of: workflow)]
                ]
                if workflow != "report" || random.chance(0.1) {
                    spec["parameters"] = ["TARGET": random.chance(0.8) ? "shop" : "not allowed"]
                }
                let body: JSONValue = ["metadata": ["name": .string("named\(number)")], "spec": spec]
                _ = server.create(.executions, namespace: Users.namespace, body, by: .user)
            }
        }
    }
}

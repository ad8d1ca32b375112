import KubeClient
import KubeRuntime
import TowlineAPI

/// Users and pipelines that create executions and interfere with them.
///
/// Confined to the thread of one simulation.
final class Users: @unchecked Sendable {
    static let namespace = "team"
    /// The name prefix of executions whose runs end only if they are stopped.
    static let stubborn = "stubborn"

    private let server: SimulatedServer
    private let random: SeededRandom
    private let time: VirtualTime
    private let history: History
    /// Additions of other users to the spec of a new execution.
    var additions: (inout JSONValue) -> Void = { _ in }
    /// Called when a user retries the run with this UID.
    var onRetry: (String) -> Void = { _ in }

    init(server: SimulatedServer, random: SeededRandom, history: History) {
        self.server = server
        self.random = random
        self.history = history
        time = server.time
    }

    /// Schedules the actions on `count` executions within `span`.
    func plan(_ count: Int, within span: Duration) {
        for number in 0..<count {
            let key = ObjectKey(namespace: Self.namespace, name: "e\(number)")
            let start = span * (random.unit() * 0.6)
            time.schedule(after: start) { [self] in create(key) }
            if random.chance(0.1) {
                time.schedule(after: start + random.duration(.milliseconds(1)...(.seconds(2)))) { [self] in
                    if let execution = server.current(.executions, key) { shutDown(execution) }
                }
            }
            for _ in 0..<random.below(3) {
                let moment = start + random.duration(.milliseconds(1)...(random.chance(0.5) ? .seconds(3) : span))
                time.schedule(after: min(moment, span)) { [self] in interfere(key) }
            }
        }
    }

    /// Creates executions that no user changes later.
    func createBatch(
        _ count: Int, named prefix: String, in namespace: String, of engine: String, timeout: Int64? = nil
    ) {
        for number in 0..<count {
            var body: JSONValue = [
                "metadata": ["name": .string("\(prefix)\(number)")],
                "spec": ["workflowRef": ["workflowId": "w", "engine": .string(engine)]],
            ]
            if let timeout { body[path: ["spec", "executionConfig", "timeoutSeconds"]] = .integer(timeout) }
            _ = server.create(.executions, namespace: namespace, body, by: .user)
        }
    }

    private func create(_ key: ObjectKey) {
        var spec: JSONValue = [
            "workflowRef": ["workflowId": "w", "engine": .string(random.pick(["tekton", "argo"]))],
            "parameters": ["TARGET": "x"],
        ]
        if random.chance(0.3) {
            spec[path: ["executionConfig", "timeoutSeconds"]] = .integer(Int64(10 + random.below(100)))
        }
        if random.chance(0.15) {
            spec[path: ["executionConfig", "startDeadlineSeconds"]] = .integer(Int64(5 + random.below(60)))
        }
        if random.chance(0.05) { spec["shutdown"] = "Stop" }
        additions(&spec)
        let body: JSONValue = ["metadata": ["name": .string(key.name)], "spec": spec]
        _ = server.create(.executions, namespace: key.namespace, body, by: .user)
        if random.chance(0.05) { createForeignObject(key) }
    }

    private func interfere(_ key: ObjectKey) {
        guard let execution = server.current(.executions, key) else {
            if random.chance(0.7) { create(key) }
            return
        }
        switch random.below(10) {
        case 0, 1, 2: shutDown(execution)
        case 3: delete(execution)
        case 4:
            // Deletes the execution and immediately creates another of the same name.
            delete(execution)
            create(key)
        case 5: label(execution)
        case 6: deleteRun(of: execution)
        case 7: cancelRun(of: execution)
        case 8: replaceRun(of: execution)
        default: retryRun(of: execution)
        }
    }

    /// Creates a foreign object with the name of the run.
    private func createForeignObject(_ key: ObjectKey) {
        guard let execution = server.current(.executions, key) else { return }
        let (kind, run) = runLocation(of: execution)
        history.log("user puts a foreign object at \(run.name)")
        let body: JSONValue = ["metadata": ["name": .string(run.name)], "spec": [:]]
        _ = server.create(kind, namespace: run.namespace, body, by: .user)
    }

    private func shutDown(_ execution: Change) {
        let word = random.pick(["Stop", "Terminate"])
        guard execution.object["spec"]?["shutdown"] != "Terminate" else { return }
        var object = execution.object
        object[path: ["spec", "shutdown"]] = .string(word)
        guard object != execution.object else { return }
        let generation = object["metadata"]?["generation"]?.integerValue ?? 0
        object[path: ["metadata", "generation"]] = .integer(generation + 1)
        server.commit(.modified, .executions, execution.key, object, by: .user)
    }

    private func delete(_ execution: Change) {
        guard random.chance(0.3) else {
            server.commit(.deleted, .executions, execution.key, execution.object, by: .user)
            return
        }
        var marked = execution.object
        marked[path: ["metadata", "deletionTimestamp"]] = .string(server.clock.now().roundedDownToSeconds.rfc3339)
        server.commit(.modified, .executions, execution.key, marked, by: .user)
    }

    /// Changes all executions of the namespace again and again, without changing their generation.
    func keepChanging(until end: ContinuousClock.Instant, every pause: Duration) {
        guard time.now < end else { return }
        for execution in server.all(.executions) where execution.key.namespace == Self.namespace { label(execution) }
        time.schedule(after: pause) { [weak self] in self?.keepChanging(until: end, every: pause) }
    }

    /// Changes an execution without changing its generation.
    private func label(_ execution: Change) {
        var object = execution.object
        let isOfPhase = object["metadata"]?["labels"]?[PhaseOrigin.uidLabel] != nil
        if isOfPhase {
            object[path: ["metadata", "labels", "touched"]] = .string("\(server.revision)")
        } else {
            object[path: ["metadata", "labels"]] = ["touched": .string("\(server.revision)")]
        }
        server.commit(.modified, .executions, execution.key, object, by: .user)
    }

    private func deleteRun(of execution: Change) {
        let (kind, key) = runLocation(of: execution)
        server.remove(kind, key, by: .user)
    }

    private func cancelRun(of execution: Change) {
        let (kind, key) = runLocation(of: execution)
        guard let run = server.current(kind, key), Verdict.of(run.object, kind).isEmpty else { return }
        var object = run.object
        object[path: kind == .workflows ? ["spec", "shutdown"] : ["spec", "status"]] =
            kind == .workflows ? "Terminate" : "Cancelled"
        guard object != run.object else { return }
        server.commit(.modified, kind, key, object, by: .user)
    }

    /// Replaces a run with a foreign object, or with a copy as `kubectl replace --force` does.
    private func replaceRun(of execution: Change) {
        let (kind, key) = runLocation(of: execution)
        let run = server.current(kind, key)
        deleteRun(of: execution)
        guard let run, random.chance(0.5) else { return createForeignObject(execution.key) }
        history.log("user replaces \(key.name)")
        var copy = run.object
        copy["status"] = nil
        _ = server.create(kind, namespace: key.namespace, copy, by: .user)
    }

    /// Acts as `argo retry`: a finished Workflow runs again.
    private func retryRun(of execution: Change) {
        let (kind, key) = runLocation(of: execution)
        guard kind == .workflows, let run = server.current(kind, key), !Verdict.of(run.object, kind).isEmpty else {
            return
        }
        onRetry(run.uid)
        let object = RunStatus.running(done: 0, of: 1)
            .written(over: run.object, kind, at: server.clock.now().roundedDownToSeconds.rfc3339)
        server.commit(.modified, kind, key, object, by: .user)
    }

    private func runLocation(of execution: Change) -> (ResourceKind, ObjectKey) {
        let isArgo = execution.object["spec"]?["workflowRef"]?["engine"] == "argo"
        let name = RunName.of(executionName: execution.key.name, uid: execution.uid)
        return (isArgo ? .workflows : .pipelineRuns, ObjectKey(namespace: execution.key.namespace, name: name))
    }
}

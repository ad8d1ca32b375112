import KubeClient
import KubeRuntime
import TowlineAPI

/// Both simulated engines, which execute runs reliably or unreliably.
///
/// Confined to the thread of one simulation.
final class SimulatedEngine: @unchecked Sendable {
    private let server: SimulatedServer
    private let time: VirtualTime
    private let random: SeededRandom
    /// The clock of each engine.
    private let clocks: [ResourceKind: WallClock]
    /// Nil if steps start together with their runs.
    private let delays: SeededRandom?
    /// The UIDs of the runs with a started step.
    private(set) var started: Set<String> = []
    /// The start of the first step of each run, by the engine's clock.
    private var starts: [String: String] = [:]
    /// The UIDs of the PipelineRuns that have a TaskRun.
    private var parents: Set<String> = []
    /// By the UID of the run.
    private var behaviors: [String: RunBehavior] = [:]
    private var shutdowns: Set<String> = []
    /// The number of scheduled actions.
    private(set) var planned = 0

    init(server: SimulatedServer, clocks: [ResourceKind: WallClock], random: SeededRandom, delays: SeededRandom?) {
        self.server = server
        self.clocks = clocks
        self.random = random
        self.delays = delays
        time = server.time
        server.observers.append { [unowned self] in observe($0) }
    }

    /// Schedules an action.
    private func plan(after delay: Duration, _ action: @escaping @Sendable () -> Void) {
        planned += 1
        time.schedule(after: delay) { [weak self] in
            self?.planned -= 1
            action()
        }
    }

    private func observe(_ change: Change) {
        let isLabeled = change.object["metadata"]?["labels"]?[WellKnown.executionUIDLabel] != nil
        guard change.kind.isRun, isLabeled || behaviors[change.uid] != nil else { return }
        switch change.verb {
        case .added:
            let isStubborn = change.key.name.hasPrefix(Users.stubborn)
            let behavior = isStubborn ? RunBehavior.stubborn : RunBehavior(random: random, role: role(of: change))
            behaviors[change.uid] = behavior
            guard let pickUp = behavior.pickUp else { return }
            plan(after: pickUp) { [weak self] in self?.begin(change.kind, change.key, change.uid) }
        case .modified:
            guard Self.isStopRequested(change.object), shutdowns.insert(change.uid).inserted,
                let delay = behaviors[change.uid]?.shutdownDelay
            else { return }
            plan(after: delay) { [weak self] in self?.end(change.kind, change.key, change.uid, .cancelled) }
        case .deleted:
            behaviors[change.uid] = nil
            if parents.remove(change.uid) != nil {
                server.remove(.taskRuns, SimulatedTaskRun.key(of: change.key), by: .garbageCollector)
            }
        }
    }

    private func role(of run: Change) -> RunBehavior.Role {
        let name = run.object["metadata"]?["annotations"]?[WellKnown.executionAnnotation]?.stringValue ?? ""
        let key = ObjectKey(namespace: run.key.namespace, name: name)
        guard let execution = server.current(.executions, key), let origin = PhaseOrigin(execution) else {
            return .other
        }
        return origin.phase == "teardown" ? .teardown : .phase
    }

    /// Records that a step of a run has started.
    func noteStep(of uid: String) { started.insert(uid) }

    private func begin(_ kind: ResourceKind, _ key: ObjectKey, _ uid: String) {
        if let delays, delays.chance(0.6), write(.waiting, kind, key, uid) != nil {
            plan(after: delays.duration(.milliseconds(10)...(.seconds(90)))) { [weak self] in
                self?.work(kind, key, uid)
            }
        } else {
            work(kind, key, uid)
        }
    }

    private func work(_ kind: ResourceKind, _ key: ObjectKey, _ uid: String) {
        guard let behavior = behaviors[uid], let run = write(.running(done: 0, of: behavior.tasks), kind, key, uid)
        else { return }
        for task in 1..<max(1, behavior.tasks) {
            plan(after: behavior.duration * task / behavior.tasks) { [weak self] in
                self?.write(.running(done: task, of: behavior.tasks), kind, key, uid)
            }
        }
        if behavior.ending != .never {
            let status = behavior.ending == .success ? RunStatus.succeeded : .failed
            plan(after: behavior.duration) { [weak self] in self?.end(kind, key, uid, status) }
        }
        if behavior.keepsTimeout, let timeout = Self.timeout(of: run) {
            plan(after: timeout + .seconds(1)) { [weak self] in self?.end(kind, key, uid, .timedOut) }
        }
    }

    private func end(_ kind: ResourceKind, _ key: ObjectKey, _ uid: String, _ status: RunStatus) {
        guard write(status, kind, key, uid) != nil, let behavior = behaviors[uid] else { return }
        if behavior.contradictsItself {
            let next = random.chance(0.5) ? RunStatus.running(done: 1, of: 2) : random.pick([.succeeded, .failed])
            plan(after: random.duration(.milliseconds(50)...(.seconds(30)))) { [weak self] in
                self?.write(next, kind, key, uid, evenAfterItsEnd: true)
            }
        }
        guard let pruning = behavior.pruning else { return }
        plan(after: pruning) { [server] in
            guard server.current(kind, key)?.uid == uid else { return }
            server.remove(kind, key, by: .engine)
        }
    }

    /// Writes a status and returns the run; nil if the run is finished or gone.
    @discardableResult
    private func write(
        _ status: RunStatus, _ kind: ResourceKind, _ key: ObjectKey, _ uid: String, evenAfterItsEnd: Bool = false
    ) -> JSONValue? {
        guard !server.absent.contains(kind), let run = server.current(kind, key), run.uid == uid,
            evenAfterItsEnd || Verdict.of(run.object, kind).isEmpty
        else { return nil }
        // A run that succeeds has executed its steps, even after a cancellation.
        switch status {
        case .running, .succeeded: started.insert(uid)
        default: break
        }
        let now = (clocks[kind] ?? server.clock).now().roundedDownToSeconds.rfc3339
        if started.contains(uid), starts[uid] == nil { starts[uid] = now }
        if delays != nil, kind == .pipelineRuns { writeTask(of: run, status, now) }
        let hasSteps = started.contains(uid)
        let object = status.written(
            over: run.object, kind, at: now, hasSteps: hasSteps, hasTasks: hasSteps || parents.contains(uid))
        return server.commit(.modified, kind, key, object, by: .engine).object
    }

    /// Creates or updates the TaskRun of a run. It appears with the first step or, with a pending pod, before that.
    private func writeTask(of run: Change, _ status: RunStatus, _ now: String) {
        let key = SimulatedTaskRun.key(of: run.key)
        let comesEarly = if case .waiting = status { delays?.chance(0.5) == true } else { false }
        if comesEarly || started.contains(run.uid), parents.insert(run.uid).inserted {
            let manifest = SimulatedTaskRun.manifest(of: run)
            _ = server.create(.taskRuns, namespace: run.key.namespace, manifest, by: .engine)
        }
        guard parents.contains(run.uid), let task = server.current(.taskRuns, key) else { return }
        var object = task.object
        object["status"] = SimulatedTaskRun.status(
            status, at: now, start: starts[run.uid] ?? now, hasSteps: started.contains(run.uid))
        server.commit(.modified, .taskRuns, key, object, by: .engine)
    }

    private static func isStopRequested(_ run: JSONValue) -> Bool {
        run["spec"]?["status"] != nil || run["spec"]?["shutdown"] != nil
    }

    private static func timeout(of run: JSONValue) -> Duration? {
        if let seconds = run["spec"]?["activeDeadlineSeconds"]?.integerValue { return .seconds(seconds) }
        guard let text = run["spec"]?["timeouts"]?["pipeline"]?.stringValue else { return nil }
        var total: Int64 = 0
        var number: Int64 = 0
        for character in text {
            switch character {
            case "h": (total, number) = (total + number * 3600, 0)
            case "m": (total, number) = (total + number * 60, 0)
            case "s": (total, number) = (total + number, 0)
            default: number = number * 10 + Int64(character.wholeNumberValue ?? 0)
            }
        }
        return .seconds(total)
    }
}

/// The only TaskRun of a simulated PipelineRun.
enum SimulatedTaskRun {
    static func key(of run: ObjectKey) -> ObjectKey { ObjectKey(namespace: run.namespace, name: "\(run.name)-t") }

    /// The manifest of a new TaskRun with a pending pod.
    static func manifest(of run: Change) -> JSONValue {
        [
            "metadata": [
                "name": .string(key(of: run.key).name),
                "labels": [
                    "tekton.dev/pipelineRun": .string(run.key.name), "tekton.dev/pipelineRunUID": .string(run.uid),
                    "tekton.dev/pipelineTask": "t",
                ],
                "ownerReferences": [
                    [
                        "apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "name": .string(run.key.name),
                        "uid": .string(run.uid), "controller": true,
                    ]
                ],
            ],
            "spec": ["taskRef": ["name": "t"]],
        ]
    }

    /// The status of the TaskRun for a status of its run.
    static func status(_ status: RunStatus, at now: String, start: String, hasSteps: Bool) -> JSONValue {
        func condition(_ value: String, _ reason: String, _ message: String) -> JSONValue {
            [
                "type": "Succeeded", "status": .string(value), "reason": .string(reason), "message": .string(message),
                "lastTransitionTime": .string(now),
            ]
        }
        func step(exitCode: Int64, _ reason: String) -> JSONValue {
            [
                "name": "run", "container": "step-run",
                "terminated": [
                    "exitCode": .integer(exitCode), "reason": .string(reason), "startedAt": .string(start),
                    "finishedAt": .string(now),
                ],
            ]
        }
        var result: JSONValue = ["podName": "pod", "startTime": .string(start)]
        switch status {
        case .waiting:
            result["conditions"] = [
                condition("Unknown", "Pending", "pod status \"PodScheduled\":\"False\"; message: \"0/3 nodes\"")
            ]
        case .running:
            result["conditions"] = [
                condition("Unknown", "Running", "Not all Steps in the Task have finished executing")
            ]
            result["steps"] = [["name": "run", "container": "step-run", "running": ["startedAt": .string(start)]]]
        case .succeeded:
            result["conditions"] = [condition("True", "Succeeded", "All Steps have completed executing")]
            result["steps"] = [step(exitCode: 0, "Completed")]
        case .failed:
            result["conditions"] = [condition("False", "Failed", "\"step-run\" exited with code 1: Error")]
            result["steps"] = [step(exitCode: 1, "Error")]
        case .timedOut:
            result["conditions"] = [
                condition(
                    "False", "TaskRunCancelled",
                    "TaskRun \"t\" was cancelled. TaskRun cancelled as the PipelineRun it belongs to has timed out.")
            ]
            if hasSteps { result["steps"] = [step(exitCode: 1, "TaskRunCancelled")] }
        case .cancelled:
            result["conditions"] = [condition("False", "TaskRunCancelled", "TaskRun \"t\" was cancelled. ")]
            if hasSteps { result["steps"] = [step(exitCode: 1, "TaskRunCancelled")] }
        }
        return result
    }
}

import KubeClient
import TowlineAPI

/// The states of a run, and how each engine writes them.
enum RunStatus {
    /// The engine has started, but no step has.
    case waiting
    case running(done: Int, of: Int)
    case succeeded
    case failed
    case timedOut
    case cancelled

    /// - Parameters:
    ///   - hasSteps: whether a step of the run has started.
    ///   - hasTasks: whether the run has a TaskRun.
    func written(
        over run: JSONValue, _ kind: ResourceKind, at now: String, hasSteps: Bool = true, hasTasks: Bool = true
    ) -> JSONValue {
        var run = run
        run["status"] =
            kind == .workflows ? argo(run["status"], now, hasSteps) : tekton(run["status"], now, hasTasks)
        return run
    }

    private func tekton(_ old: JSONValue?, _ now: String, _ hasTasks: Bool) -> JSONValue {
        let (status, reason, message) =
            switch self {
            case .waiting: ("Unknown", "Started", "Not all Tasks in the Pipeline have started")
            case .running(let done, let total):
                (
                    "Unknown", "Running",
                    "Tasks Completed: \(done) (Failed: 0, Cancelled 0), Incomplete: \(total - done), Skipped: 0"
                )
            case .succeeded: ("True", "Succeeded", "Tasks Completed: 3 (Failed: 0, Cancelled 0), Skipped: 0")
            case .failed: ("False", "Failed", "Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 2")
            case .timedOut: ("False", "PipelineRunTimeout", "PipelineRun failed to finish within its time")
            case .cancelled: ("False", "Cancelled", "PipelineRun was cancelled")
            }
        var new: JSONValue = [
            "startTime": old?["startTime"] ?? .string(now),
            "conditions": [
                [
                    "type": "Succeeded", "status": .string(status), "reason": .string(reason),
                    "message": .string(message), "lastTransitionTime": .string(now),
                ]
            ],
        ]
        if hasTasks {
            new["childReferences"] = [
                ["apiVersion": "tekton.dev/v1", "kind": "TaskRun", "name": "t", "pipelineTaskName": "t"]
            ]
        }
        if status != "Unknown" { new["completionTime"] = .string(now) }
        return new
    }

    private func argo(_ old: JSONValue?, _ now: String, _ hasSteps: Bool) -> JSONValue {
        let (phase, message) =
            switch self {
            case .waiting, .running: ("Running", "")
            case .succeeded: ("Succeeded", "")
            case .failed: ("Failed", "main: Error (exit code 1)")
            case .timedOut: ("Failed", "Step exceeded its deadline")
            case .cancelled: ("Failed", "Stopped with strategy 'Terminate'")
            }
        let isRunning = phase == "Running"
        var node: JSONValue = ["id": "n", "type": "Pod", "displayName": "main", "phase": .string(phase)]
        if case .waiting = self { node["phase"] = "Pending" }
        if !isRunning {
            node["finishedAt"] = .string(now)
            node["message"] = .string(message)
        }
        var new: JSONValue = [
            "phase": .string(phase), "startedAt": old?["startedAt"] ?? .string(now),
        ]
        if hasSteps || isRunning { new["nodes"] = ["n": node] }
        if case .running(let done, let total) = self { new["progress"] = .string("\(done)/\(total)") }
        if !message.isEmpty { new["message"] = .string(message) }
        if !isRunning { new["finishedAt"] = .string(now) }
        return new
    }
}

/// How the simulated engine executes one run.
struct RunBehavior {
    enum Ending: Hashable {
        case success
        case failure
        /// The run continues until it is stopped.
        case never
    }

    /// The delay until the engine starts; nil for never.
    let pickUp: Duration?
    /// The time from the start to the end.
    let duration: Duration
    let tasks: Int
    let ending: Ending
    /// False if the engine ignores time limits.
    let keepsTimeout: Bool
    /// The delay until a stop request takes effect; nil if the engine ignores it.
    let shutdownDelay: Duration?
    /// Whether the run changes once more after its end: to the other result, or back to running.
    let contradictsItself: Bool
    /// The delay until a pruner deletes the finished run; nil for never.
    let pruning: Duration?

    /// What a run is for.
    enum Role {
        case other
        /// Runs of phases fail less often than others, because several must succeed in a row.
        case phase
        case teardown
    }

    init(random: SeededRandom, role: Role = .other) {
        pickUp =
            random.chance(0.06)
            ? nil
            : random.chance(0.1)
                ? random.duration(.seconds(20)...(.seconds(90))) : random.duration(.milliseconds(5)...(.seconds(2)))
        duration =
            random.chance(0.15)
            ? random.duration(.seconds(60)...(.seconds(240))) : random.duration(.milliseconds(20)...(.seconds(30)))
        tasks = 1 + random.below(4)
        let failures = role == .phase ? 0.15 : 0.35
        let isEndless = random.chance(role == .teardown ? 0.2 : 0.08)
        ending = isEndless ? .never : random.chance(failures) ? .failure : .success
        keepsTimeout = random.chance(0.7)
        shutdownDelay = random.chance(0.15) ? nil : random.duration(.milliseconds(10)...(.seconds(8)))
        contradictsItself = random.chance(0.05)
        // A request in flight can arrive ten seconds late, so nothing is pruned before that.
        pruning = random.chance(0.2) ? random.duration(.seconds(60)...(.seconds(200))) : nil
    }
}

extension RunBehavior {
    /// A run that ends only if it is stopped, on an engine that ignores time limits.
    static let stubborn = RunBehavior(
        pickUp: .seconds(1), duration: .seconds(3600), tasks: 1, ending: .never, keepsTimeout: false,
        shutdownDelay: .seconds(1), contradictsItself: false, pruning: nil)

    private init(
        pickUp: Duration?, duration: Duration, tasks: Int, ending: Ending, keepsTimeout: Bool,
        shutdownDelay: Duration?, contradictsItself: Bool, pruning: Duration?
    ) {
        self.pickUp = pickUp
        self.duration = duration
        self.tasks = tasks
        self.ending = ending
        self.keepsTimeout = keepsTimeout
        self.shutdownDelay = shutdownDelay
        self.contradictsItself = contradictsItself
        self.pruning = pruning
    }
}

/// The valid outcomes of a run: an implementation that is independent of the operator's.
enum Verdict {
    /// The outcomes that fit the current state of the run; empty while it is unfinished.
    static func of(_ run: JSONValue, _ kind: ResourceKind) -> Set<Outcome> {
        kind == .workflows ? argo(run) : tekton(run)
    }

    private static func tekton(_ run: JSONValue) -> Set<Outcome> {
        let condition = run["status"]?["conditions"]?[0]
        switch condition?["status"]?.stringValue {
        case "True": return [.success]
        case "False":
            switch condition?["reason"]?.stringValue {
            case "Cancelled": return [.cancelled]
            case "PipelineRunTimeout": return [.timeout]
            default: return [.failed]
            }
        default: return []
        }
    }

    private static func argo(_ run: JSONValue) -> Set<Outcome> {
        switch run["status"]?["phase"]?.stringValue {
        case "Succeeded": return [.success]
        case "Failed":
            // A step with this exit code failed before the stop, because a stop never changes an exit code.
            let words = run["status"]?["nodes"]?.objectValue?.compactMap { $0.value["message"]?.stringValue } ?? []
            let failedItself = words.contains { $0.hasSuffix("(exit code 1)") }
            if run["spec"]?["shutdown"] != nil, !failedItself { return [.cancelled] }
            // A failure in the second of the deadline can be either.
            return run["spec"]?["activeDeadlineSeconds"] == nil ? [.failed] : [.failed, .timeout]
        default: return []
        }
    }
}

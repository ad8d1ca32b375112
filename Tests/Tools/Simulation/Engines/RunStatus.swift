import KubeClient
import TowlineAPI

/// What an engine can report about a run, and how each engine writes it.
enum RunStatus {
    /// The engine has processed the run, and no step has started.
    case waiting
    case running(done: Int, of: Int)
    case succeeded
    case failed
    case timedOut
    case cancelled

    /// - Parameters:
    ///   - hasSteps: whether a step of the run has started by now.
    ///   - hasTasks: whether a TaskRun was created for it by now.
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

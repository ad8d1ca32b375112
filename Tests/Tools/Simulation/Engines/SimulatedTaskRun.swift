import KubeClient
import TowlineAPI

/// The only TaskRun of a simulated PipelineRun, as Tekton writes it.
enum SimulatedTaskRun {
    static func key(of run: ObjectKey) -> ObjectKey { ObjectKey(namespace: run.namespace, name: "\(run.name)-t") }

    /// A new TaskRun, whose pod was created and is waiting.
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

    /// Its status while the run has `status`.
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

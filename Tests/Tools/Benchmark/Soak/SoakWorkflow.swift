import KubeClient
import TestSupport

/// A workflow of the mixed load, on both engines, and what its users do with their executions.
struct SoakWorkflow: Sendable {
    enum Habit: Sendable {
        case wait
        case shutDown(String)
        case delete
    }

    static let pipeline = ResourceType(group: "tekton.dev", version: "v1", plural: "pipelines", kind: "Pipeline")
    static let pipelineRun = ResourceType(
        group: "tekton.dev", version: "v1", plural: "pipelineruns", kind: "PipelineRun")
    static let workflowTemplate = ResourceType(
        group: "argoproj.io", version: "v1alpha1", plural: "workflowtemplates", kind: "WorkflowTemplate")
    static let workflow = ResourceType(group: "argoproj.io", version: "v1alpha1", plural: "workflows", kind: "Workflow")

    static let all = [
        SoakWorkflow(name: "instant", duration: "0s", verdict: "Completed/Success"),
        SoakWorkflow(name: "brief", duration: "1s", verdict: "Completed/Success"),
        SoakWorkflow(name: "breaks", duration: "300ms", verdict: "Failed/Failed", fails: true),
        SoakWorkflow(name: "stopped", duration: "1h", verdict: "Failed/Cancelled", habit: .shutDown("Stop")),
        SoakWorkflow(name: "terminated", duration: "1h", verdict: "Failed/Cancelled", habit: .shutDown("Terminate")),
        SoakWorkflow(name: "late", duration: "1h", verdict: "Failed/Timeout", timeout: 2),
        SoakWorkflow(name: "unwanted", duration: "1h", verdict: "", habit: .delete),
    ]

    let name: String
    let duration: String
    /// Phase and outcome of every execution of it.
    let verdict: String
    var fails = false
    var timeout: Int64?
    var habit = Habit.wait

    private var metadata: JSONValue {
        var annotations: JSONValue = ["sandbox.towline.dev/duration": .string(duration)]
        if fails { annotations["sandbox.towline.dev/fail.only"] = "exit=3" }
        return ["name": .string(name), "annotations": annotations]
    }

    var tektonTemplate: JSONValue {
        [
            "apiVersion": "tekton.dev/v1", "kind": "Pipeline", "metadata": metadata,
            "spec": ["tasks": [["name": "only", "taskSpec": ["steps": [["name": "run", "image": "example"]]]]]],
        ]
    }

    var argoTemplate: JSONValue {
        [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "metadata": metadata,
            "spec": [
                "entrypoint": "main",
                "templates": [
                    ["name": "main", "steps": [[["name": "only", "template": "task"]]]],
                    ["name": "task", "container": ["image": "example", "command": ["run"]]],
                ],
            ],
        ]
    }

    /// An execution on one of the engines.
    func execution(_ random: inout SplitMix) -> JSONValue {
        var spec: JSONValue = [
            "workflowRef": [
                "workflowId": .string(name), "engine": Bool.random(using: &random) ? "tekton" : "argo",
            ]
        ]
        if let timeout { spec["executionConfig"] = ["timeoutSeconds": .integer(timeout)] }
        return [
            "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution",
            "metadata": ["generateName": .string("\(name)-")], "spec": spec,
        ]
    }
}

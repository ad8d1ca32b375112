import KubeClient

/// What a test needs to know about an engine to act as its user or as an admission controller.
enum TestEngine: String, CaseIterable, Sendable {
    case tekton, argo

    var runType: ResourceType {
        switch self {
        case .tekton: Types.pipelineRun
        case .argo: Types.workflow
        }
    }

    init?(runsOf type: String) {
        guard let engine = Self.allCases.first(where: { $0.runType.plural == type }) else { return nil }
        self = engine
    }

    /// A manually created run of a workflow in its namespace.
    func run(_ name: String, of workflow: String) -> JSONValue {
        let reference = self == .tekton ? "pipelineRef" : "workflowTemplateRef"
        return [
            "apiVersion": .string(runType.apiVersion), "kind": .string(runType.kind),
            "metadata": ["name": .string(name)], "spec": .object([reference: ["name": .string(workflow)]]),
        ]
    }

    /// What a queue's admission changes in a new run so that it waits.
    func held(_ run: JSONValue) -> JSONValue {
        var run = run
        switch self {
        case .tekton: run[path: ["spec", "status"]] = "PipelineRunPending"
        case .argo: run[path: ["spec", "suspend"]] = true
        }
        return run
    }

    /// The merge patch that starts a held run.
    var release: JSONValue {
        switch self {
        case .tekton: ["spec": ["status": .null]]
        case .argo: ["spec": ["suspend": .null]]
        }
    }

    /// The change that makes the cluster's engine ignore a new run.
    func neglected(_ run: JSONValue) -> JSONValue {
        var run = run
        switch self {
        case .tekton: run[path: ["spec", "managedBy"]] = "example.com/another-engine"
        case .argo: run[path: ["metadata", "labels", "workflows.argoproj.io/controller-instanceid"]] = "another"
        }
        return run
    }

    /// The merge patch with which a user terminates a run without Towline.
    var cancellation: JSONValue {
        switch self {
        case .tekton: ["spec": ["status": "Cancelled"]]
        case .argo: ["spec": ["shutdown": "Terminate"]]
        }
    }
}

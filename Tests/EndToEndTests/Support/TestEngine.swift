import KubeClient

/// What a test has to know of an engine to act as its users, and as what stands between them and it.
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

    /// A run that somebody makes by hand, of a workflow that is in its namespace.
    func run(_ name: String, of workflow: String) -> JSONValue {
        let reference = self == .tekton ? "pipelineRef" : "workflowTemplateRef"
        return [
            "apiVersion": .string(runType.apiVersion), "kind": .string(runType.kind),
            "metadata": ["name": .string(name)], "spec": .object([reference: ["name": .string(workflow)]]),
        ]
    }

    /// What a queue's admission makes of a new run: it waits until somebody lets it go.
    func held(_ run: JSONValue) -> JSONValue {
        var run = run
        switch self {
        case .tekton: run[path: ["spec", "status"]] = "PipelineRunPending"
        case .argo: run[path: ["spec", "suspend"]] = true
        }
        return run
    }

    /// The merge patch that lets a held run go.
    var release: JSONValue {
        switch self {
        case .tekton: ["spec": ["status": .null]]
        case .argo: ["spec": ["suspend": .null]]
        }
    }

    /// What makes a new run one that this cluster's engine does not look at.
    func neglected(_ run: JSONValue) -> JSONValue {
        var run = run
        switch self {
        case .tekton: run[path: ["spec", "managedBy"]] = "example.com/another-engine"
        case .argo: run[path: ["metadata", "labels", "workflows.argoproj.io/controller-instanceid"]] = "another"
        }
        return run
    }

    /// The merge patch with which people end a run at once, without Towline.
    var cancellation: JSONValue {
        switch self {
        case .tekton: ["spec": ["status": "Cancelled"]]
        case .argo: ["spec": ["shutdown": "Terminate"]]
        }
    }
}

import KubeClient
import TowlineAPI

/// The resource types the simulated API server knows.
enum ResourceKind: String, CaseIterable {
    case executions, pipelineRuns, workflows, taskRuns, customRuns, leases, events

    var type: ResourceType {
        switch self {
        case .executions: WorkflowExecution.resourceType
        case .pipelineRuns:
            ResourceType(group: "tekton.dev", version: "v1", plural: "pipelineruns", kind: "PipelineRun")
        case .workflows:
            ResourceType(group: "argoproj.io", version: "v1alpha1", plural: "workflows", kind: "Workflow")
        case .taskRuns: ResourceType(group: "tekton.dev", version: "v1", plural: "taskruns", kind: "TaskRun")
        case .customRuns:
            ResourceType(group: "tekton.dev", version: "v1beta1", plural: "customruns", kind: "CustomRun")
        case .leases: ResourceType(group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease")
        case .events: ResourceType(group: "events.k8s.io", version: "v1", plural: "events", kind: "Event")
        }
    }

    /// Argo's Workflow has none: its status can be written with the object.
    var hasStatusSubresource: Bool {
        switch self {
        case .executions, .pipelineRuns, .taskRuns, .customRuns: true
        case .workflows, .leases, .events: false
        }
    }

    var isRun: Bool { self == .pipelineRuns || self == .workflows }

    static func of(group: String, plural: String) -> ResourceKind? {
        allCases.first { $0.type.group == group && $0.type.plural == plural }
    }
}

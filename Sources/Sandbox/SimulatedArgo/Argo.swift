import KubeClient

/// Names of Argo's API.
enum Argo {
    static let workflows = resource("workflows")
    static let workflowTemplates = resource("workflowtemplates")
    static let clusterWorkflowTemplates = resource("clusterworkflowtemplates")
    static let apiVersion = "argoproj.io/v1alpha1"
    static let prefix = "workflows.argoproj.io/"

    private static func resource(_ name: String) -> GroupVersionResource {
        GroupVersionResource(group: "argoproj.io", version: "v1alpha1", resource: name)
    }
}

/// The phases of workflows and nodes.
enum NodePhase: String, Hashable, Sendable {
    case pending = "Pending"
    case running = "Running"
    case succeeded = "Succeeded"
    case skipped = "Skipped"
    case failed = "Failed"
    case error = "Error"
    case omitted = "Omitted"

    var isFulfilled: Bool { self != .pending && self != .running }
    /// Ended after it was begun.
    var isCompleted: Bool { [.succeeded, .failed, .error].contains(self) }
    var isFailure: Bool { self == .failed || self == .error }
}

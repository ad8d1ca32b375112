package import APIServer
import KubeClient
package import KubeRuntime

/// Simulates Argo's workflow controller: advances Workflows and writes the statuses that the real one writes.
///
/// It waits until the API server serves `argoproj.io/v1alpha1`. Annotations of the template set how long its pods take
/// and how they end. No container runs.
package struct SimulatedArgo: Sendable {
    private let loop: RunDriver<SimulatedWorkflow>

    /// `time` must advance with the environment's clock. If `writesPods` is false, there are no pods and no logs.
    ///
    /// With an instance ID, the controller handles only workflows with the label `controller-instanceid` of that value;
    /// without one, only those without the label.
    package init(
        cluster: any SandboxCluster, environment: SandboxEnvironment, time: any TimeSource = SystemTime(),
        instanceID: String = "", writesPods: Bool = true
    ) {
        let catalog = TemplateCatalog(cluster: cluster)
        loop = RunDriver(
            Argo.workflows, cluster: cluster, environment: environment, time: time,
            writer: ClusterWriter(
                cluster: cluster, environment: environment, fieldManager: "workflow-controller",
                writesPods: writesPods),
            selects: { Argo.selects($0, instanceID: instanceID) }, lookUp: { await catalog.resolve($0) })
    }

    /// Runs until the task is canceled.
    package func run() async {
        await loop.run(workers: 8)
    }
}

/// Names of Argo's API.
enum Argo {
    static let workflows = resource("workflows")
    static let workflowTemplates = resource("workflowtemplates")
    static let clusterWorkflowTemplates = resource("clusterworkflowtemplates")
    static let apiVersion = "argoproj.io/v1alpha1"
    static let prefix = "workflows.argoproj.io/"
    static let instanceLabel = prefix + "controller-instanceid"

    /// Whether a controller with this instance ID, or without one if it is empty, handles a workflow.
    static func selects(_ workflow: JSONValue, instanceID: String) -> Bool {
        let label = workflow.metadata["labels"]?[instanceLabel]?.stringValue
        return instanceID.isEmpty ? label == nil : label == instanceID
    }

    private static func resource(_ name: String) -> GroupVersionResource {
        GroupVersionResource(group: "argoproj.io", version: "v1alpha1", resource: name)
    }
}

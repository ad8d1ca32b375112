package import APIServer
import KubeClient
package import KubeRuntime

/// A stand-in for Argo's workflow controller: carries Workflows through and writes what the real one writes.
///
/// It needs the resources of `argoproj.io/v1alpha1` to be served and waits until they are. Annotations of the template
/// decide how long its pods take and how they end. No container runs.
package struct SimulatedArgo: Sendable {
    private let loop: RunDriver<SimulatedWorkflow>

    /// `time` must run as the environment's clock does; without `writesPods` the nodes have no pods and no logs.
    package init(
        cluster: any SandboxCluster, environment: SandboxEnvironment, time: any TimeSource = SystemTime(),
        writesPods: Bool = true
    ) {
        let catalog = TemplateCatalog(cluster: cluster)
        loop = RunDriver(
            Argo.workflows, cluster: cluster, environment: environment, time: time,
            writer: ClusterWriter(
                cluster: cluster, environment: environment, fieldManager: "workflow-controller",
                writesPods: writesPods),
            lookUp: { await catalog.resolve($0) })
    }

    /// Works until the task is cancelled.
    package func run() async {
        await loop.run(workers: 8)
    }
}

/// Names of Argo's API.
package enum Argo {
    static let workflows = resource("workflows")
    static let workflowTemplates = resource("workflowtemplates")
    static let clusterWorkflowTemplates = resource("clusterworkflowtemplates")
    package static let apiVersion = "argoproj.io/v1alpha1"
    package static let prefix = "workflows.argoproj.io/"

    private static func resource(_ name: String) -> GroupVersionResource {
        GroupVersionResource(group: "argoproj.io", version: "v1alpha1", resource: name)
    }
}

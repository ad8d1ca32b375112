import KubeClient
import KubeRuntime

@testable import Sandbox

/// Argo's stand-in with a cluster of its own, on virtual time.
struct ArgoRehearsal {
    let time = VirtualTime()
    let cluster: FakeCluster
    let environment: SandboxEnvironment

    init() {
        environment = .virtual(time)
        cluster = FakeCluster(clock: environment.clock)
    }

    func add(template name: String, isClusterScoped: Bool = false, annotations: JSONObject = [:], spec: JSONValue)
        async throws
    {
        let object: JSONValue = [
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": isClusterScoped ? "ClusterWorkflowTemplate" : "WorkflowTemplate",
            "metadata": ["name": .string(name), "annotations": .object(annotations)], "spec": spec,
        ]
        try await cluster.create(
            isClusterScoped ? Argo.clusterWorkflowTemplates : Argo.workflowTemplates,
            namespace: isClusterScoped ? "" : "payments", object, fieldManager: "test")
    }

    /// Plays a workflow to its end and returns its states.
    @discardableResult
    func play(_ name: String, spec: JSONValue, asRecorded recorded: [JSONValue] = []) async throws -> [JSONValue] {
        let catalogue = TemplateCatalogue(cluster: cluster)
        let loop = RunLoop<SimulatedWorkflow>(
            Argo.workflows, cluster: cluster, environment: environment, time: time,
            writer: ClusterWriter(cluster: cluster, environment: environment, fieldManager: "test", writesPods: true),
            lookUp: { await catalogue.resolve($0) })
        let rehearsal = RunRehearsal(
            time: time, cluster: cluster, loop: loop, resource: Argo.workflows,
            key: ObjectKey(namespace: "payments", name: name))
        let run: JSONValue = [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": ["name": .string(name)], "spec": spec,
        ]
        try await rehearsal.play(run, asRecorded: recorded)
        return cluster.life("workflows", name)
    }
}

extension JSONValue {
    /// The phase of a workflow.
    var phase: String { self[path: ["status", "phase"]]?.stringValue ?? "" }

    /// The node of a workflow that is shown under a name.
    func node(_ displayName: String) -> JSONValue? {
        self[path: ["status", "nodes"]]?.objectValue?.first { $0.value["displayName"]?.stringValue == displayName }?
            .value
    }
}

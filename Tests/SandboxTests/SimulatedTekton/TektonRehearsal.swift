import KubeClient
import KubeRuntime

@testable import Sandbox

/// Tekton's stand-in with a cluster of its own, on virtual time.
struct TektonRehearsal {
    let time = VirtualTime()
    let cluster: FakeCluster
    let environment: SandboxEnvironment

    init(unserved: Set<String> = []) {
        environment = .virtual(time)
        cluster = FakeCluster(clock: environment.clock, unserved: unserved)
    }

    func add(pipeline name: String, namespace: String = "payments", annotations: JSONObject = [:], spec: JSONValue)
        async throws
    {
        let object: JSONValue = [
            "apiVersion": "tekton.dev/v1", "kind": "Pipeline",
            "metadata": ["name": .string(name), "annotations": .object(annotations)], "spec": spec,
        ]
        try await cluster.create(Tekton.pipelines, namespace: namespace, object, fieldManager: "test")
    }

    /// Plays a run to its end and returns its states.
    @discardableResult
    func play(
        _ name: String, annotations: JSONObject = [:], spec: JSONValue, asRecorded recorded: [JSONValue] = []
    ) async throws -> [JSONValue] {
        let catalogue = PipelineCatalogue(cluster: cluster, environment: environment)
        let loop = RunLoop<SimulatedPipelineRun>(
            Tekton.pipelineRuns, cluster: cluster, environment: environment, time: time,
            writer: ClusterWriter(cluster: cluster, environment: environment, fieldManager: "test", writesPods: true),
            lookUp: { await catalogue.resolve($0) })
        let rehearsal = RunRehearsal(
            time: time, cluster: cluster, loop: loop, resource: Tekton.pipelineRuns,
            key: ObjectKey(namespace: "payments", name: name))
        var metadata: JSONObject = ["name": .string(name)]
        if !annotations.isEmpty { metadata["annotations"] = .object(annotations) }
        let run: JSONValue = [
            "apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "metadata": .object(metadata), "spec": spec,
        ]
        try await rehearsal.play(run, asRecorded: recorded)
        return cluster.life("pipelineruns", name)
    }
}

extension JSONValue {
    /// The `Succeeded` condition of a PipelineRun or TaskRun.
    var condition: JSONValue? { self[path: ["status", "conditions"]]?[0] }
    var reason: String { condition?["reason"]?.stringValue ?? "" }
    var message: String { condition?["message"]?.stringValue ?? "" }
}

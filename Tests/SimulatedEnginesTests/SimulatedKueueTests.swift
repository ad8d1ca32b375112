import KubeClient
import KubeRuntime
import TestSupport
import Testing

@testable import APIServer
@testable import SimulatedEngines

/// PipelineRuns that wait in a queue.
@Suite struct SimulatedKueueTests {
    private let cluster = Cluster(environment: .system)

    private func pipeline(_ name: String, _ delay: String?) -> JSONValue {
        var annotations: JSONObject = ["sandbox.towline.dev/duration": "0s"]
        annotations["sandbox.towline.dev/queue-delay"] = delay.map { .string($0) }
        return [
            "apiVersion": "tekton.dev/v1", "kind": "Pipeline",
            "metadata": ["name": .string(name), "namespace": "default", "annotations": .object(annotations)],
            "spec": ["tasks": [["name": "a", "taskSpec": ["steps": [["name": "run", "image": "i"]]]]]],
        ]
    }

    @discardableResult
    private func create(_ name: String, _ reference: JSONValue, queue: String?, status: String? = nil) throws
        -> JSONValue
    {
        var labels: JSONObject = [:]
        labels["kueue.x-k8s.io/queue-name"] = queue.map { .string($0) }
        var spec: JSONObject = ["pipelineRef": reference]
        spec["status"] = status.map { .string($0) }
        return try cluster.create(
            Tekton.pipelineRuns, namespace: "default",
            [
                "apiVersion": "tekton.dev/v1", "kind": "PipelineRun",
                "metadata": ["name": .string(name), "labels": .object(labels)], "spec": .object(spec),
            ], fieldManager: "test")
    }

    private func load(_ documents: [JSONValue]) throws {
        try cluster.load(EngineDefinitions.all + documents)
        _ = SimulatedTekton(cluster: cluster, environment: .system)
    }

    @Test func `holds a run of a queue at its creation`() throws {
        try load([pipeline("queued", "1h"), pipeline("free", nil)])
        let status = { (run: JSONValue) in run[path: ["spec", "status"]] }
        #expect(try status(create("a", ["name": "queued"], queue: "team")) == "PipelineRunPending")
        #expect(try status(create("b", ["name": "queued"], queue: nil)) == nil)
        #expect(try status(create("c", ["name": "free"], queue: "team")) == nil)
        #expect(try status(create("d", ["name": "absent"], queue: "team")) == nil)
        #expect(try status(create("e", ["name": "queued"], queue: "team", status: "Cancelled")) == "Cancelled")
        let remote: JSONValue = ["resolver": "git", "params": [["name": "url", "value": "https://x"]]]
        #expect(try status(create("f", remote, queue: "team")) == nil)
        try cluster.load([
            [
                "apiVersion": "v1", "kind": "Namespace",
                "metadata": ["name": "default", "annotations": ["sandbox.towline.dev/queue-delay": "1h"]],
            ]
        ])
        #expect(try status(create("g", remote, queue: "team")) == "PipelineRunPending")
        #expect(try status(create("h", remote, queue: nil)) == nil)
    }

    private func rehearse(_ delay: String?, request: String = "PipelineRunPending") async throws -> (
        VirtualTime, [JSONValue]
    ) {
        let time = VirtualTime()
        let environment = SandboxEnvironment.virtual(time)
        let fake = FakeCluster(clock: environment.clock)
        try await fake.create(Tekton.pipelines, namespace: "payments", pipeline("p", delay), fieldManager: "test")
        let loop = RunDriver<QueuedRun>(
            Tekton.pipelineRuns, cluster: fake, environment: environment, time: time,
            writer: ClusterWriter(cluster: fake, environment: environment, fieldManager: "test", writesPods: false),
            lookUp: { _ in delay.flatMap(Delay.init) })
        let rehearsal = RunRehearsal(
            time: time, cluster: fake, loop: loop, resource: Tekton.pipelineRuns,
            key: ObjectKey(namespace: "payments", name: "run"))
        try await rehearsal.play([
            "metadata": ["name": "run", "labels": ["kueue.x-k8s.io/queue-name": "team"]],
            "spec": ["pipelineRef": ["name": "p"], "status": .string(request)],
        ])
        return (time, fake.life("pipelineruns", "run"))
    }

    @Test func `releases a held run after the delay`() async throws {
        let start = VirtualTime().wallClock().now()
        let (time, states) = try await rehearse("90s")
        #expect(states.count == 2)
        #expect(states.last?[path: ["spec", "status"]] == nil)
        #expect(time.wallClock().now() >= start + .seconds(90))
    }

    @Test(arguments: [("never", "PipelineRunPending"), (nil, "PipelineRunPending"), ("1s", "Cancelled")])
    func `leaves other runs alone`(_ delay: String?, _ request: String) async throws {
        let (_, states) = try await rehearse(delay, request: request)
        #expect(states.count == 1)
    }

    @Test func `runs a Pipeline after its time in the queue`() async throws {
        try cluster.load(EngineDefinitions.all + [pipeline("queued", "50ms")])
        let engine = Task { [cluster] in await SimulatedTekton(cluster: cluster, environment: .system).run() }
        while try create("first", ["name": "queued"], queue: "team")[path: ["spec", "status"]] == nil {
            // The engine has not installed its webhook yet.
            try cluster.delete(Tekton.pipelineRuns, namespace: "default", name: "first", uid: nil)
            try await Task.sleep(for: .milliseconds(5))
        }
        var run = try cluster.get(Tekton.pipelineRuns, namespace: "default", name: "first")
        for _ in 0..<4000 where run.reason != "Succeeded" {
            try await Task.sleep(for: .milliseconds(5))
            run = try cluster.get(Tekton.pipelineRuns, namespace: "default", name: "first")
        }
        #expect(run.reason == "Succeeded")
        #expect(run[path: ["spec", "status"]] == nil)
        engine.cancel()
        await engine.value
    }
}

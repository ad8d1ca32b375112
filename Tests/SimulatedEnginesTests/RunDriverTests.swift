import KubeClient
import Testing

@testable import APIServer
@testable import Sandbox
@testable import SimulatedEngines

/// The simulated engines on the sandbox's own cluster, in real time.
@Suite struct RunDriverTests {
    private let cluster = Cluster(environment: .system)

    private func load(_ documents: [JSONValue]) throws {
        try cluster.load(EngineDefinitions.all + documents)
    }

    private static let pipeline: JSONValue = [
        "apiVersion": "tekton.dev/v1", "kind": "Pipeline",
        "metadata": ["name": "quick", "namespace": "default", "annotations": ["sandbox.towline.dev/duration": "0s"]],
        "spec": ["tasks": [["name": "a", "taskSpec": ["steps": [["name": "run", "image": "i"]]]]]],
    ]

    private static let template: JSONValue = [
        "apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate",
        "metadata": ["name": "quick", "namespace": "default", "annotations": ["sandbox.towline.dev/duration": "5ms"]],
        "spec": ["entrypoint": "main", "templates": [["name": "main", "container": ["image": "i"]]]],
    ]

    /// Waits up to 20 seconds until `count` objects pass a test.
    private func wait(
        for count: Int, of resource: GroupVersionResource, _ isDone: (JSONValue) -> Bool
    ) async throws -> Bool {
        for _ in 0..<2000 {
            if try cluster.list(resource, namespace: "default", labelSelector: "").count(where: isDone) == count {
                return true
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    @Test func `finishes many runs of both engines`() async throws {
        try load([Self.pipeline, Self.template])
        let engines = Task { [cluster] in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await SimulatedTekton(cluster: cluster, environment: .system).run() }
                group.addTask { await SimulatedArgo(cluster: cluster, environment: .system, writesPods: false).run() }
            }
        }
        for number in 0..<40 {
            try cluster.create(
                Tekton.pipelineRuns, namespace: "default",
                [
                    "apiVersion": "tekton.dev/v1", "kind": "PipelineRun",
                    "metadata": ["name": .string("run-\(number)")],
                    "spec": ["pipelineRef": ["name": "quick"]],
                ], fieldManager: "test")
            try cluster.create(
                Argo.workflows, namespace: "default",
                [
                    "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
                    "metadata": ["name": .string("run-\(number)")],
                    "spec": ["workflowTemplateRef": ["name": "quick"]],
                ], fieldManager: "test")
        }
        #expect(try await wait(for: 40, of: Tekton.pipelineRuns) { $0.reason == "Succeeded" })
        #expect(try await wait(for: 40, of: Argo.workflows) { $0.phase == "Succeeded" })
        let pods = try cluster.list(SimulatedPod.resource, namespace: "default", labelSelector: "")
        #expect(pods.count == 40)
        #expect(pods.allSatisfy { $0[path: ["status", "phase"]] == "Succeeded" })
        engines.cancel()
        await engines.value
    }

    @Test func `adopts and cancels runs that existed before it started`() async throws {
        var pipeline = Self.pipeline
        pipeline[path: ["metadata", "annotations"]] = ["sandbox.towline.dev/duration": "1h"]
        try load([pipeline])
        try cluster.create(
            Tekton.pipelineRuns, namespace: "default",
            [
                "apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "metadata": ["name": "long"],
                "spec": ["pipelineRef": ["name": "quick"]],
            ], fieldManager: "test")
        let engine = Task { [cluster] in await SimulatedTekton(cluster: cluster, environment: .system).run() }
        #expect(try await wait(for: 1, of: Tekton.taskRuns) { $0.reason == "Running" })
        try cluster.patch(
            Tekton.pipelineRuns, namespace: "default", name: "long", merge: ["spec": ["status": "Cancelled"]],
            subresource: nil, fieldManager: "test")
        #expect(try await wait(for: 1, of: Tekton.taskRuns) { $0.reason == "TaskRunCancelled" })
        #expect(try await wait(for: 1, of: Tekton.pipelineRuns) { $0.reason == "Cancelled" })
        #expect(try await wait(for: 0, of: SimulatedPod.resource) { _ in true })
        engine.cancel()
        await engine.value
    }

    @Test func `runs of engines that are not simulated stay as clients write them`() async throws {
        try load([Self.pipeline, Self.template])
        try cluster.create(
            Argo.workflows, namespace: "default",
            [
                "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": ["name": "left"],
                "spec": ["workflowTemplateRef": ["name": "quick"]],
            ], fieldManager: "test")
        try cluster.create(
            Tekton.pipelineRuns, namespace: "default",
            [
                "apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "metadata": ["name": "taken"],
                "spec": ["pipelineRef": ["name": "quick"]],
            ], fieldManager: "test")
        await EngineSimulator(.none, cluster: cluster, environment: .system).run()
        let engines = Task { [cluster] in
            await EngineSimulator(.tekton, cluster: cluster, environment: .system).run()
        }
        #expect(try await wait(for: 1, of: Tekton.pipelineRuns) { $0.reason == "Succeeded" })
        #expect(try cluster.get(Argo.workflows, namespace: "default", name: "left")["status"] == nil)
        engines.cancel()
        await engines.value
    }
}

@Suite struct RunTableTests {
    private func run(_ name: String, uid: String = "1", status: String = "") -> (JSONValue, ObjectKey) {
        let object: JSONValue = [
            "metadata": ["name": .string(name), "namespace": "ns", "uid": .string(uid)],
            "spec": ["pipelineRef": ["name": "p"], "status": .string(status)],
        ]
        return (object, ObjectKey(namespace: "ns", name: name))
    }

    @Test func `queues a run only for new requests`() {
        var table = RunTable<SimulatedPipelineRun>()
        let (object, key) = run("a")
        let isWoken = table.observe(object, key: key)
        #expect(isWoken)
        let isWokenAgain = table.observe(object, key: key)
        #expect(!isWokenAgain)
        let nothing = table.takeRequest(key)
        #expect(nothing == nil)
        let isWokenByRequest = table.observe(run("a", status: "Cancelled").0, key: key)
        #expect(isWokenByRequest)
        let request = table.takeRequest(key)
        #expect(request == "Cancelled")
        let nothingMore = table.takeRequest(key)
        #expect(nothingMore == nil)
    }

    @Test func `hands a run to one worker and drops it after deletion`() throws {
        var table = RunTable<SimulatedPipelineRun>()
        let (object, key) = run("a")
        _ = table.observe(object, key: key)
        let first = table.take(key)
        let (taken, uid) = try #require(first)
        let second = table.take(key)
        #expect(second == nil)
        table.remove(key, uid: uid)
        let isWoken = table.observe(run("a", uid: "2").0, key: key)
        #expect(isWoken)
        let isWanted = table.put(taken, key: key, uid: uid)
        #expect(!isWanted)
        let later = table.take(key)
        #expect(later?.uid == "2")
    }

    @Test func `removes runs that a later watch does not deliver`() {
        var table = RunTable<SimulatedPipelineRun>()
        let (first, firstKey) = run("a")
        let (second, secondKey) = run("b")
        table.beginWatch()
        _ = table.observe(first, key: firstKey)
        _ = table.observe(second, key: secondKey)
        table.endInitialEvents()
        table.beginWatch()
        _ = table.observe(second, key: secondKey)
        table.endInitialEvents()
        let forgotten = table.take(firstKey)
        #expect(forgotten == nil)
        let kept = table.take(secondKey)
        #expect(kept != nil)
    }

    @Test func `ignores finished runs and runs of other controllers`() {
        let ended: JSONValue = [
            "metadata": ["name": "a", "namespace": "ns"], "spec": [:],
            "status": ["conditions": [["type": "Succeeded", "status": "False"]]],
        ]
        let foreign: JSONValue = ["metadata": ["name": "a", "namespace": "ns"], "spec": ["managedBy": "kueue"]]
        #expect(SimulatedPipelineRun(ended) == nil)
        #expect(SimulatedPipelineRun(foreign) == nil)
        let workflow: JSONValue = ["metadata": ["name": "a"], "spec": [:], "status": ["phase": "Error"]]
        #expect(SimulatedWorkflow(workflow) == nil)
    }
}

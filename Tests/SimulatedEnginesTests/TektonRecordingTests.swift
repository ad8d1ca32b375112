import KubeClient
import KubeRuntime
import TestSupport
import Testing

@testable import APIServer
@testable import SimulatedEngines

/// The simulated Tekton writes the same versions as the recorded one.
@Suite struct TektonRecordingTests {
    static let scenarios = [
        "cancelled", "cancelled-run-finally", "completed-with-skips", "failed", "ignored-failure", "image-pull",
        "missing-parameter", "missing-pipeline", "missing-service-account", "oom-killed", "parallel-failure", "pending",
        "pipeline-timeout", "resolving", "retried-then-failed", "stopped-run-finally", "succeeded", "task-timeout",
        "with-results",
    ]

    @Test(arguments: scenarios) func `writes the states of the recorded Tekton`(_ scenario: String) async throws {
        let recording = try Recording("tekton/\(scenario)")
        let first = try #require(recording.run.first)
        let name = first.metadata.text("name")
        let rehearsal = TektonRehearsal()
        if let spec = recording.run.last?[path: ["status", "pipelineSpec"]] {
            try await rehearsal.add(
                pipeline: recording.pipelineName, annotations: recording.annotations(run: name, pipelineSpec: spec),
                spec: Self.withoutDefaults(spec))
        }
        var states = try await rehearsal.play(
            name, spec: first["spec"] ?? [:], asRecorded: recording.run)
        // The recorded controller was slow and so skipped some intermediate conditions.
        if scenario == "parallel-failure" { states.removeAll { $0.reason == "PipelineRunStopping" } }
        // No resolver ran beside the recorded controller.
        if scenario == "resolving" { states = Array(states.prefix(recording.run.count)) }
        let difference = Difference()
        #expect(difference.first(states, recording.run, in: "run") == nil)
        #expect(rehearsal.cluster.names("taskruns") == recording.taskRuns.keys.sorted())
        for (taskRun, recorded) in recording.taskRuns {
            #expect(difference.first(rehearsal.cluster.life("taskruns", taskRun), recorded, in: taskRun) == nil)
        }
    }

    /// The specification as the user wrote it.
    static func withoutDefaults(_ tree: JSONValue) -> JSONValue {
        switch tree {
        case .array(let elements): return .array(elements.map(withoutDefaults))
        case .object(let object):
            var result: JSONObject = [:]
            for member in object
            where !["computeResources", "metadata", "spec", "description", "type"].contains(member.key) {
                result[member.key] = withoutDefaults(member.value)
            }
            return .object(result)
        default: return tree
        }
    }
}

extension Recording {
    var pipelineName: String {
        run.last?[path: ["spec", "pipelineRef", "name"]]?.stringValue ?? ""
    }

    /// The behavior that the steps' arguments set for the recorded stand-in kubelet, as annotations.
    func annotations(run name: String, pipelineSpec: JSONValue) -> JSONObject {
        var annotations: JSONObject = [:]
        for task in (pipelineSpec["tasks"]?.elements ?? []) + (pipelineSpec["finally"]?.elements ?? []) {
            let taskName = task["name"]?.stringValue ?? ""
            let states = taskRuns["\(name)-\(taskName)"] ?? []
            // A task without a Running version took no time.
            let wasSeen = states.contains { ["Running", "PullImageFailed"].contains($0.reason) }
            annotations.add("duration.\(taskName)", wasSeen ? "1s" : "0s")
            let step = task["taskSpec"]?["steps"]?[0]
            annotations.addRigging(step?["args"]?[0]?.stringValue ?? "", task: taskName)
        }
        return annotations
    }
}

extension JSONObject {
    mutating func add(_ name: String, _ value: String) {
        self[Behavior.prefix + name] = .string(value)
    }

    /// Converts an argument such as `rig:exit=3` to an annotation value.
    mutating func addRigging(_ argument: String, task: String) {
        guard argument.hasPrefix("rig:") else { return }
        let order = String(argument.dropFirst(4))
        switch order.prefix(while: { $0 != "=" }) {
        case "sleep": add("duration.\(task)", "\(order.dropFirst(6))s")
        case "exit": add("fail.\(task)", order)
        case "oom": add("fail.\(task)", "oom")
        case "imagepull": add("fail.\(task)", "image-pull")
        case "result":
            let parts = order.dropFirst(7).split(separator: ":", maxSplits: 1).map(String.init)
            add("result.\(task).\(parts[0])", parts[1])
        default: break
        }
    }
}

/// The simulated Tekton with a separate cluster, on virtual time.
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

    /// Runs a PipelineRun to its end; returns its versions.
    @discardableResult
    func play(
        _ name: String, annotations: JSONObject = [:], labels: JSONObject = [:], spec: JSONValue,
        asRecorded recorded: [JSONValue] = []
    ) async throws -> [JSONValue] {
        let catalog = PipelineCatalog(cluster: cluster, environment: environment)
        let loop = RunDriver<SimulatedPipelineRun>(
            Tekton.pipelineRuns, cluster: cluster, environment: environment, time: time,
            writer: ClusterWriter(cluster: cluster, environment: environment, fieldManager: "test", writesPods: true),
            lookUp: { await catalog.resolve($0) })
        let rehearsal = RunRehearsal(
            time: time, cluster: cluster, loop: loop, resource: Tekton.pipelineRuns,
            key: ObjectKey(namespace: "payments", name: name))
        var metadata: JSONObject = ["name": .string(name)]
        if !annotations.isEmpty { metadata["annotations"] = .object(annotations) }
        if !labels.isEmpty { metadata["labels"] = .object(labels) }
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

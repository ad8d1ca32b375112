import Faults
import Foundation
import KubeClient
import TestSupport

/// Simulated users who create, stop and delete executions and check the results.
final class SoakUsers: Sendable {
    static let execution = ResourceType(
        group: "towline.dev", version: "v1alpha1", plural: "workflowexecutions", kind: "WorkflowExecution")
    private static let namespace = ResourceType(group: "", version: "v1", plural: "namespaces", kind: "Namespace")
    /// An execution that is unfinished for longer than this, faults included, counts as lost.
    private static let patience = Duration.seconds(90)

    let recorder: HistoryRecorder
    private let transport: CurlTransport
    private let client: KubeClient
    private let counted = Locked(0)
    private let broken = Locked<[String]>([])

    init(kubeconfig: URL) throws {
        let configuration = try ClusterConfiguration.load(explicitPath: kubeconfig.path, context: nil, environment: [:])
        transport = try CurlTransport(configuration: configuration, userAgent: "towline-soak")
        client = KubeClient(transport: transport)
        recorder = HistoryRecorder(client, namespaces: Soak.namespaces)
    }

    /// The number of created executions.
    var count: Int { counted.withLock { $0 } }

    /// The violations of status rules, and the executions with a wrong result.
    var failures: [String] { recorder.history.violations + broken.withLock { $0 } }

    func isReady() async -> Bool {
        (try? await transport.send(HTTPRequest(.get, "/readyz")))?.status == 200
    }

    /// Creates the namespaces and their workflows.
    func prepare() async throws {
        for name in Soak.namespaces {
            let namespace: JSONValue = [
                "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)],
            ]
            try await create(Self.namespace, nil, namespace)
            for workflow in SoakWorkflow.all {
                try await create(SoakWorkflow.pipeline, name, workflow.tektonTemplate)
                try await create(SoakWorkflow.workflowTemplate, name, workflow.argoTemplate)
            }
        }
    }

    /// True if no executions and runs exist.
    func isEmpty() async throws -> Bool {
        for type in [Self.execution, SoakWorkflow.pipelineRun, SoakWorkflow.workflow] {
            let page = try await client.list(type, namespace: nil, decoding: Self.tree)
            guard page.items.isEmpty else { return false }
        }
        return true
    }

    /// Acts as one user, who creates and deletes one execution after another.
    func use(_ namespace: String, until end: ContinuousClock.Instant, _ random: SplitMix) async throws {
        var random = random
        while ContinuousClock.now < end {
            guard let workflow = SoakWorkflow.all.randomElement(using: &random) else { return }
            let object = try await create(Self.execution, namespace, workflow.execution(&random))
            counted.withLock { $0 += 1 }
            let metadata = object["metadata"]
            let key = ObjectKey(namespace: namespace, name: metadata?["name"]?.stringValue ?? "")
            try await follow(workflow, key, uid: metadata?["uid"]?.stringValue ?? "", &random)
            try await client.delete(Self.execution, key)
        }
    }

    /// Performs the user's action and waits for the end of the execution.
    private func follow(
        _ workflow: SoakWorkflow, _ key: ObjectKey, uid: String, _ random: inout SplitMix
    ) async throws {
        switch workflow.action {
        case .wait: break
        case .shutDown(let how):
            try await Task.sleep(for: random.milliseconds(0...1500))
            let patch: JSONValue = ["spec": ["shutdown": .string(how)]]
            _ = try await client.patch(Self.execution, key, .merge(patch.encoded), decoding: Self.tree)
        case .delete: return try await Task.sleep(for: random.milliseconds(0...1500))
        }
        let deadline = ContinuousClock.now + Self.patience
        while recorder.execution(uid: uid)?.isFinished != true, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(50))
        }
        let execution = recorder.execution(uid: uid)
        let verdict = execution.map { "\($0.phase)/\($0.outcome)" } ?? "never seen"
        guard verdict != workflow.verdict else { return }
        let reason = execution.map { "\($0.verdict): \($0.message)" } ?? ""
        broken.withLock { $0.append("\(key): expected \(workflow.verdict), got \(verdict) \(reason)") }
    }

    @discardableResult
    private func create(_ type: ResourceType, _ namespace: String?, _ object: JSONValue) async throws -> JSONValue {
        try await client.create(type, namespace: namespace, body: object.encoded, decoding: Self.tree)
    }

    private static let tree: ObjectDecoder<JSONValue> = { (cursor) throws(JSONError) in try cursor.readValue() }
}

/// A workflow of the mixed load on both engines, with the action of its users.
struct SoakWorkflow: Sendable {
    enum UserAction: Sendable {
        case wait
        case shutDown(String)
        case delete
    }

    static let pipeline = ResourceType(group: "tekton.dev", version: "v1", plural: "pipelines", kind: "Pipeline")
    static let pipelineRun = ResourceType(
        group: "tekton.dev", version: "v1", plural: "pipelineruns", kind: "PipelineRun")
    static let workflowTemplate = ResourceType(
        group: "argoproj.io", version: "v1alpha1", plural: "workflowtemplates", kind: "WorkflowTemplate")
    static let workflow = ResourceType(group: "argoproj.io", version: "v1alpha1", plural: "workflows", kind: "Workflow")

    static let all = [
        SoakWorkflow(name: "instant", duration: "0s", verdict: "Completed/Success"),
        SoakWorkflow(name: "brief", duration: "1s", verdict: "Completed/Success"),
        SoakWorkflow(name: "breaks", duration: "300ms", verdict: "Failed/Failed", fails: true),
        SoakWorkflow(name: "stopped", duration: "1h", verdict: "Failed/Cancelled", action: .shutDown("Stop")),
        SoakWorkflow(name: "terminated", duration: "1h", verdict: "Failed/Cancelled", action: .shutDown("Terminate")),
        SoakWorkflow(name: "late", duration: "1h", verdict: "Failed/Timeout", timeout: 2),
        SoakWorkflow(name: "unwanted", duration: "1h", verdict: "", action: .delete),
    ]

    let name: String
    let duration: String
    /// The expected phase and outcome.
    let verdict: String
    var fails = false
    var timeout: Int64?
    var action = UserAction.wait

    private var metadata: JSONValue {
        var annotations: JSONValue = ["sandbox.towline.dev/duration": .string(duration)]
        if fails { annotations["sandbox.towline.dev/fail.only"] = "exit=3" }
        return ["name": .string(name), "annotations": annotations]
    }

    var tektonTemplate: JSONValue {
        [
            "apiVersion": "tekton.dev/v1", "kind": "Pipeline", "metadata": metadata,
            "spec": ["tasks": [["name": "only", "taskSpec": ["steps": [["name": "run", "image": "example"]]]]]],
        ]
    }

    var argoTemplate: JSONValue {
        [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "metadata": metadata,
            "spec": [
                "entrypoint": "main",
                "templates": [
                    ["name": "main", "steps": [[["name": "only", "template": "task"]]]],
                    ["name": "task", "container": ["image": "example", "command": ["run"]]],
                ],
            ],
        ]
    }

    /// Makes an execution on a random engine.
    func execution(_ random: inout SplitMix) -> JSONValue {
        var spec: JSONValue = [
            "workflowRef": [
                "workflowId": .string(name), "engine": Bool.random(using: &random) ? "tekton" : "argo",
            ]
        ]
        if let timeout { spec["executionConfig"] = ["timeoutSeconds": .integer(timeout)] }
        return [
            "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution",
            "metadata": ["generateName": .string("\(name)-")], "spec": spec,
        ]
    }
}

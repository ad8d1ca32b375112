import Faults
import Foundation
import KubeClient
import TestSupport

/// The users of the sandbox: what they create, ask for and delete, and what they expect of it.
final class SoakWorld: Sendable {
    static let execution = ResourceType(
        group: "towline.dev", version: "v1alpha1", plural: "workflowexecutions", kind: "WorkflowExecution")
    private static let namespace = ResourceType(group: "", version: "v1", plural: "namespaces", kind: "Namespace")
    /// What an execution may need until it has ended, faults included; after that it counts as lost.
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

    /// How many executions were created.
    var count: Int { counted.withLock { $0 } }

    /// What went wrong so far: broken laws, and executions that did not end as they had to.
    var complaints: [String] { recorder.history.violations + broken.withLock { $0 } }

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

    /// True when nobody has an execution or a run any more.
    func isEmpty() async throws -> Bool {
        for type in [Self.execution, SoakWorkflow.pipelineRun, SoakWorkflow.workflow] {
            let page = try await client.list(type, namespace: nil, decoding: Self.tree)
            guard page.items.isEmpty else { return false }
        }
        return true
    }

    /// One user: one execution after the other, from its creation to its deletion.
    func use(_ namespace: String, until end: ContinuousClock.Instant, _ random: SplitMix) async throws {
        var random = random
        while ContinuousClock.now < end {
            guard let workflow = SoakWorkflow.all.randomElement(using: &random) else { return }
            let object = try await create(Self.execution, namespace, workflow.execution(&random))
            counted.withLock { $0 += 1 }
            let metadata = object["metadata"]
            let key = ObjectKey(namespace: namespace, name: metadata?["name"]?.stringValue ?? "")
            try await live(workflow, key, uid: metadata?["uid"]?.stringValue ?? "", &random)
            try await client.delete(Self.execution, key)
        }
    }

    /// Does to an execution what its user does, and waits for its end where that is to be seen.
    private func live(
        _ workflow: SoakWorkflow, _ key: ObjectKey, uid: String, _ random: inout SplitMix
    ) async throws {
        switch workflow.habit {
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
        let life = recorder.execution(uid: uid)
        let verdict = life.map { "\($0.phase)/\($0.outcome)" } ?? "never seen"
        guard verdict != workflow.verdict else { return }
        let reason = life.map { "\($0.verdict): \($0.message)" } ?? ""
        broken.withLock { $0.append("\(key): expected \(workflow.verdict), got \(verdict) \(reason)") }
    }

    @discardableResult
    private func create(_ type: ResourceType, _ namespace: String?, _ object: JSONValue) async throws -> JSONValue {
        try await client.create(type, namespace: namespace, body: object.encoded, decoding: Self.tree)
    }

    private static let tree: ObjectDecoder<JSONValue> = { (cursor) throws(JSONError) in try cursor.readValue() }
}

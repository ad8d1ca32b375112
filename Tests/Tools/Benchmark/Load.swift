import Foundation
import KubeClient

/// Creates objects and waits for their progress.
struct Load {
    private static let namespace = "default"
    private static let execution = ResourceType(
        group: "towline.dev", version: "v1alpha1", plural: "workflowexecutions", kind: "WorkflowExecution")
    private static let pipeline = ResourceType(
        group: "tekton.dev", version: "v1", plural: "pipelines", kind: "Pipeline")
    private static let concurrency = 16

    private let transport: CurlTransport
    private let client: KubeClient

    init(kubeconfig: URL) throws {
        let configuration = try ClusterConfiguration.load(
            explicitPath: kubeconfig.path, context: nil, environment: ProcessInfo.processInfo.environment)
        transport = try CurlTransport(configuration: configuration, userAgent: "towline-bench")
        client = KubeClient(transport: transport)
    }

    func isReady() async throws -> Bool {
        (try? await transport.send(HTTPRequest(.get, "/readyz")))?.status == 200
    }

    /// Creates two workflows: one that ends immediately and one that runs for hours.
    func createTemplates() async throws {
        for (name, duration) in [("instant", "0s"), ("forever", "10h")] {
            let object: JSONValue = [
                "apiVersion": "tekton.dev/v1", "kind": "Pipeline",
                "metadata": [
                    "name": .string(name), "annotations": ["sandbox.towline.dev/duration": .string(duration)],
                ],
                "spec": ["tasks": [["name": "only", "taskSpec": ["steps": [["name": "run", "image": "example"]]]]]],
            ]
            try await create(Self.pipeline, object)
        }
    }

    /// Creates executions of a workflow with the concurrency of a busy GitOps tool.
    func createExecutions(_ count: Int, workflow: String) async throws {
        try await createMany(Self.execution, count) { _ in
            [
                "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution",
                "metadata": ["generateName": .string("bench-\(workflow)-")],
                "spec": [
                    "workflowRef": ["workflowId": .string(workflow)],
                    "parameters": ["NAMESPACE": "payments", "DEPLOYMENT": "payment-api"],
                    "executionConfig": ["timeoutSeconds": 1800],
                ],
            ]
        }
    }

    /// Creates objects with the concurrency of a busy GitOps tool.
    func createMany(
        _ type: ResourceType, _ count: Int, _ object: @escaping @Sendable (Int) -> JSONValue
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<Self.concurrency {
                group.addTask {
                    for number in stride(from: lane, to: count, by: Self.concurrency) {
                        try await create(type, object(number))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    func waitForFinished(_ count: Int) async throws {
        try await wait(for: count, of: Self.execution, "finished executions") { $0 == "Completed" || $0 == "Failed" }
    }

    func waitForRunning(_ count: Int) async throws {
        try await wait(for: count, of: Self.execution, "running executions") { $0 == "Running" }
    }

    /// Waits until so many objects are in a phase. They are counted page by page, with pauses so that the counting costs
    /// the sandbox little.
    func wait(
        for count: Int, of type: ResourceType, _ what: String, _ matches: @escaping @Sendable (String) -> Bool
    ) async throws {
        try await waiting(what) {
            if try await phases(of: type).filter(matches).count >= count { return true }
            try await Task.sleep(for: .milliseconds(count > 1000 ? 500 : 100))
            return false
        }
    }

    private func phases(of type: ResourceType) async throws -> [String] {
        var phases: [String] = []
        var options = ListOptions(limit: 500)
        repeat {
            let page = try await client.list(type, namespace: Self.namespace, options) {
                (cursor) throws(JSONError) in try Self.phase(&cursor)
            }
            phases += page.items
            options.continueToken = page.continueToken
        } while options.continueToken != nil
        return phases
    }

    private static func phase(_ cursor: inout JSONCursor) throws(JSONError) -> String {
        var phase = ""
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            guard key == "status" else {
                try cursor.skipValue()
                return
            }
            try cursor.forEachField { (key, cursor) throws(JSONError) in
                if key == "phase" { phase = try cursor.readString() } else { try cursor.skipValue() }
            }
        }
        return phase
    }

    private func create(_ type: ResourceType, _ object: JSONValue) async throws {
        _ = try await client.create(type, namespace: Self.namespace, body: object.encoded) {
            (cursor) throws(JSONError) in try cursor.skipValue()
        }
    }
}

import Foundation
import KubeClient

/// Executions and their Workflows in the state that an operator and Argo leave them in.
final class StoredRuns {
    struct Run: Sendable {
        let name: String
        let executionName: String
        let executionUID: String
    }

    private static let namespace = "default"
    static let workflow = ResourceType(
        group: "argoproj.io", version: "v1alpha1", plural: "workflows", kind: "Workflow")
    private static let execution = ResourceType(
        group: "towline.dev", version: "v1alpha1", plural: "workflowexecutions", kind: "WorkflowExecution")
    private static let definition = ResourceType(
        group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions",
        kind: "CustomResourceDefinition")
    private static let lanes = 16

    private let transport: CurlTransport
    let client: KubeClient
    private(set) var runs: [Run] = []

    init(kubeconfig: URL) throws {
        let configuration = try ClusterConfiguration.load(
            explicitPath: kubeconfig.path, context: nil, environment: ProcessInfo.processInfo.environment)
        transport = try CurlTransport(configuration: configuration, userAgent: "towline-bench")
        // Until its watch cache is filled, the API server responds with 429.
        client = KubeClient(transport: transport, retry: RetryPolicy(limit: 12), requestTimeout: .seconds(120))
    }

    func isReady() async -> Bool {
        (try? await transport.send(HTTPRequest(.get, "/readyz", timeout: .seconds(2))))?.status == 200
    }

    /// True once runs and executions are served.
    func isServed() async -> Bool {
        for type in [Self.workflow, Self.execution] {
            let page = try? await client.list(
                type, namespace: Self.namespace, ListOptions(limit: 1)
            ) { (cursor) throws(JSONError) in try cursor.skipValue() }
            if page == nil { return false }
        }
        return true
    }

    func define(_ object: JSONValue) async throws {
        do {
            _ = try await client.create(
                Self.definition, namespace: nil, body: object.encoded
            ) { (cursor) throws(JSONError) in try cursor.skipValue() }
        } catch  where error.isAlreadyExists {}
    }

    /// Creates running executions, each with its Workflow.
    func create(_ count: Int) async throws {
        let client = client
        var all: [Run] = []
        try await withThrowingTaskGroup(of: [Run].self) { group in
            for lane in 0..<Self.lanes {
                group.addTask {
                    var runs: [Run] = []
                    for number in stride(from: lane, to: count, by: Self.lanes) {
                        runs.append(try await Self.create("bench-\(number)", client))
                    }
                    return runs
                }
            }
            for try await runs in group { all.append(contentsOf: runs) }
        }
        runs = all.sorted { $0.executionName < $1.executionName }
    }

    private static func create(_ name: String, _ client: KubeClient) async throws -> Run {
        let object: JSONValue = [
            "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution", "metadata": ["name": .string(name)],
            "spec": [
                "workflowRef": ["workflowId": "bench", "engine": "argo"],
                "parameters": ["NAMESPACE": "payments", "DEPLOYMENT": "payment-api"],
            ],
        ]
        let uid = try await client.create(execution, namespace: namespace, body: object.encoded) {
            (cursor) throws(JSONError) in try readUID(&cursor)
        }
        // The name that the operator uses: the name of the execution and ten digits of its UID.
        let runName = "\(name)-\(uid.filter { $0 != "-" }.prefix(10))"
        let body = runBody(runName, of: name, uid).encoded
        let runUID = try await client.create(workflow, namespace: namespace, body: body) { (cursor) throws(JSONError) in
            try readUID(&cursor)
        }
        let reference: JSONValue = [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": .string(runName), "uid": .string(runUID),
        ]
        let status: JSONValue = [
            "observedGeneration": 1, "phase": "Running", "reason": "Executing", "message": "1 of 4 tasks done",
            "engine": "argo", "startedAt": "2026-01-01T10:00:00Z", "updatedAt": "2026-01-01T10:00:00.000001Z",
            "runRef": reference,
        ]
        try await patch(client, execution, name, "status", ["status": status])
        return Run(name: runName, executionName: name, executionUID: uid)
    }

    /// Finishes all runs but the first `count`, and their executions.
    func finish(allBut count: Int) async throws {
        let (client, runs) = (client, runs)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<Self.lanes {
                group.addTask {
                    for number in stride(from: count + lane, to: runs.count, by: Self.lanes) {
                        try await Self.finish(runs[number], client)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func finish(_ run: Run, _ client: KubeClient) async throws {
        let end: JSONValue = ["phase": "Succeeded", "finishedAt": "2026-01-01T10:04:00Z"]
        try await patch(client, workflow, run.name, nil, ["status": end])
        let status: JSONValue = [
            "phase": "Completed", "outcome": "Success", "reason": "Succeeded", "message": "The workflow succeeded",
            "finishedAt": "2026-01-01T10:04:00Z", "updatedAt": "2026-12-01T10:04:00.000001Z", "executed": true,
        ]
        try await patch(client, execution, run.executionName, "status", ["status": status])
    }

    private static func patch(
        _ client: KubeClient, _ type: ResourceType, _ name: String, _ part: String?, _ body: JSONValue
    ) async throws {
        _ = try await client.patch(
            type, ObjectKey(namespace: namespace, name: name), subresource: part, .merge(body.encoded)
        ) { (cursor) throws(JSONError) in try cursor.skipValue() }
    }

    /// A Workflow with four steps and a typical size of some kilobytes.
    private static func runBody(_ name: String, of execution: String, _ uid: String) -> JSONValue {
        var nodes = JSONObject()
        for step in 0..<4 {
            nodes["\(name)-\(step)"] = [
                "id": .string("\(name)-\(step)"), "name": .string("\(name).step-\(step)"),
                "displayName": .string("step-\(step)"), "type": "Pod", "templateName": "step",
                "templateScope": "local/bench", "phase": .string(step == 0 ? "Succeeded" : "Running"),
                "startedAt": "2026-01-01T10:00:00Z", "hostNodeName": "node-1",
                "message": .string(String(repeating: "output of the step. ", count: 10)),
                "inputs": ["parameters": [["name": "NAMESPACE", "value": "payments"]]],
            ]
        }
        let steps: [JSONValue] = (0..<4).map { step in
            [["name": .string("step-\(step)"), "template": "step", "arguments": [:]]]
        }
        return [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
            "metadata": [
                "name": .string(name), "labels": ["towline.dev/execution-uid": .string(uid)],
                "ownerReferences": [
                    [
                        "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution", "name": .string(execution),
                        "uid": .string(uid), "controller": true, "blockOwnerDeletion": false,
                    ]
                ],
            ],
            "spec": ["workflowTemplateRef": ["name": "bench"]],
            "status": [
                "phase": "Running", "startedAt": "2026-01-01T10:00:00Z", "progress": "1/4",
                "nodes": .object(nodes),
                "storedWorkflowTemplateSpec": [
                    "entrypoint": "main",
                    "templates": [
                        ["name": "main", "steps": .array(steps)],
                        [
                            "name": "step",
                            "container": [
                                "image": "registry.example/tools/kubectl:1.35", "command": ["sh", "-c"],
                                "args": [.string(String(repeating: "kubectl rollout status deployment; ", count: 20))],
                            ],
                        ],
                    ],
                ],
            ],
        ]
    }

    private static func readUID(_ cursor: inout JSONCursor) throws(JSONError) -> String {
        var uid = ""
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            guard key == "metadata" else {
                try cursor.skipValue()
                return
            }
            uid = try ObjectMetadata(&cursor).uid
        }
        return uid
    }
}

import KubeClient
import Testing

@testable import TowlineAPI

/// A store keeps only specs that take little memory, however small their JSON is.
@Suite struct SpecSizeTests {
    /// A spec with `count` of a kind of element that takes far more memory than JSON.
    private static let hostile: [(name: String, spec: @Sendable (_ count: Int) -> JSONObject)] = [
        ("array parameters", { count in ["arrayParameters": objects(count / 128 + 1) { texts(min(count, 128)) }] }),
        ("one array parameter", { ["arrayParameters": ["a": texts($0)]] }),
        ("object parameters", { ["objectParameters": ["o": objects($0) { "" }]] }),
        ("parameters", { ["parameters": objects($0) { "" }] }),
        ("labels", { ["runLabels": objects($0) { "" }] }),
        ("tasks", { ["executionConfig": ["tasks": .array(Array(repeating: ["name": "t"], count: $0))]] }),
        (
            "tolerations",
            { ["executionConfig": ["pod": ["tolerations": .array(Array(repeating: ["key": ""], count: $0))]]] }
        ),
        (
            "pull secrets",
            { ["executionConfig": ["pod": ["imagePullSecrets": .array(Array(repeating: ["name": ""], count: $0))]]] }
        ),
        ("workspaces", { ["workspaces": .array(Array(repeating: ["emptyDir": [:]], count: $0))] }),
        ("wrong workspaces", { ["workspaces": .array(Array(repeating: ["name": "w"], count: $0))] }),
        (
            "projections",
            {
                [
                    "workspaces": [
                        ["name": "w", "projected": ["sources": .array(Array(repeating: ["secret": [:]], count: $0))]]
                    ]
                ]
            }
        ),
        (
            "items",
            {
                [
                    "workspaces": [
                        ["name": "w", "configMap": ["items": .array(Array(repeating: ["key": "k"], count: $0))]]
                    ]
                ]
            }
        ),
        (
            "resolver",
            { ["workflowRef": ["workflowId": "w", "resolver": ["name": "git", "params": objects($0) { "" }]]] }
        ),
    ]

    private static func texts(_ count: Int) -> JSONValue { .array(Array(repeating: "", count: count)) }

    private static func objects(_ count: Int, _ value: () -> JSONValue) -> JSONValue {
        .object(JSONObject(uniqueMembers: (0..<count).map { JSONObject.Member(key: "\($0)", value: value()) }))
    }

    private func stored(_ spec: JSONObject) throws -> ExecutionSpec {
        let object: JSONValue = [
            "metadata": ["name": "restart", "namespace": "payments", "uid": "uid"], "spec": .object(spec),
        ]
        var cursor = JSONCursor(object.encoded)
        return try #require(try WorkflowExecution.storeDecoder(&cursor).spec)
    }

    @Test func `a store keeps no spec that takes much memory but little JSON`() throws {
        for (name, spec) in Self.hostile {
            var kept = 0
            for count in [1, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048] {
                let text = JSONValue.object(spec(count))
                let stored = try stored(spec(count))
                if !stored.isPartial { kept = count }
                #expect(stored.memorySize <= 8 << 10, "\(count) \(name)")
                if text.encoded.count > 8 << 10 { #expect(stored.isPartial, "\(count) \(name)") }
            }
            #expect((4..<1_024).contains(kept), "\(name): \(kept)")
        }
    }

    @Test func `an estimate counts the elements, the texts and the capacity of a spec`() throws {
        let empty = ExecutionSpec(workflowRef: WorkflowReference(workflowId: "w")).memorySize
        #expect((256..<1_536).contains(empty))
        var spec = ExecutionSpec(workflowRef: WorkflowReference(workflowId: "w"))
        spec.parameters = [Parameter(name: "p", value: .array(Array(repeating: "", count: 128)))]
        #expect(spec.memorySize - empty >= 128 * 16 + 40)
        spec.parameters = [Parameter(name: "p", value: String(repeating: "x", count: 1_000))]
        #expect(spec.memorySize - empty >= 1_000 + 32 + 40)
        #expect(spec.memorySize - empty < 1_300)
    }

    /// Most executions have a few parameters; reading each of them again for its run would cost a request.
    @Test func `a store keeps the specs of usual executions`() throws {
        let spec: JSONObject = [
            "workflowRef": ["workflowId": "restart", "containerImage": "registry.example/workflows/restart:v1"],
            "parameters": .object(
                JSONObject(
                    uniqueMembers: (0..<20).map {
                        JSONObject.Member(key: "PARAMETER_\($0)", value: .string(String(repeating: "x", count: 60)))
                    })),
            "executionConfig": ["serviceAccountName": "runner", "timeoutSeconds": 600],
        ]
        #expect(try !stored(spec).isPartial)
    }
}

import KubeClient
import TestSupport
import Testing

@testable import APIServer
@testable import SimulatedEngines

/// The workflows of `examples/` whose runs have more than texts as parameters.
@Suite struct ExampleWorkflowTests {
    private static let workspace: JSONValue = [
        "name": "source",
        "volumeClaimTemplate": [
            "spec": ["accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": "1Gi"]]]
        ],
    ]

    private static func reference(_ resolver: String, _ params: [String: String]) -> JSONValue {
        .object([
            "resolver": .string(resolver),
            "params": .array(
                params.sorted { $0.key < $1.key }.map { ["name": .string($0.key), "value": .string($0.value)] }),
        ])
    }

    private static let git = reference(
        "git",
        [
            "url": "https://git.example/platform/pipelines.git", "pathInRepo": "pipelines/clone-build-test.yaml",
            "revision": "v1.2.0",
        ])
    private static let bundle = [
        "bundle": "registry.example/private/audit:2.0.0", "name": "audit-cluster", "kind": "pipeline",
    ]

    struct Example: Sendable, CustomTestStringConvertible {
        let file: String
        let spec: JSONValue
        let end: String
        var results: JSONValue? = nil
        var pods = 0

        var testDescription: String { "\(file): \(end)" }
    }

    static let examples: [Example] = [
        Example(
            file: "clone-build-test",
            spec: [
                "pipelineRef": git, "params": [["name": "repository", "value": "https://git.example/shop/cart.git"]],
                "workspaces": [workspace],
            ],
            end: "Succeeded: Tasks Completed: 3 (Failed: 0, Cancelled 0), Skipped: 0",
            results: [["name": "commit", "value": "0b3f6c1d9e8a7f5042d3c6b1a9e8f70512d4c3b6"]], pods: 3),
        Example(
            file: "clone-build-test",
            spec: [
                "pipelineRef": git, "params": [["name": "repository", "value": "https://git.example/shop/cart.git"]],
            ],
            end: "InvalidWorkspaceBindings: [User error] PipelineRun payments/run doesn't bind Pipeline "
                + "payments/clone-build-test's Workspaces correctly: pipeline requires workspace with name \"source\" be "
                + "provided by pipelinerun"),
        Example(
            file: "scan-images",
            spec: [
                "pipelineRef": ["name": "scan-images"],
                "params": [
                    ["name": "images", "value": ["shop/cart:2.4.1", "shop/search:1.0.3", "shop/mailer:3.2.0"]]
                ],
            ],
            end: "Succeeded: Tasks Completed: 2 (Failed: 0, Cancelled 0), Skipped: 0",
            results: [["name": "total", "value": "3"]], pods: 4),
        Example(
            file: "audit-cluster",
            spec: ["pipelineRef": reference("bundles", bundle.merging(["secret": "audit-registry"]) { $1 })],
            end: "Succeeded: Tasks Completed: 1 (Failed: 0, Cancelled 0), Skipped: 0",
            results: [["name": "score", "value": "94"]], pods: 1),
        Example(
            file: "train-model",
            spec: ["pipelineRef": ["name": "train-model"], "params": [["name": "dataset", "value": "orders"]]],
            end: "Succeeded: Tasks Completed: 2 (Failed: 0, Cancelled 0), Skipped: 0",
            results: [["name": "accuracy", "value": "0.931"]], pods: 2),
    ]

    @Test(arguments: examples) func `runs the Pipelines of the examples`(_ example: Example) async throws {
        let rehearsal = TektonRehearsal()
        for object in try Repository.documents("examples/workflows/\(example.file).yaml") {
            let resource =
                object["kind"] == "Secret"
                ? GroupVersionResource(group: "", version: "v1", resource: "secrets") : Tekton.pipelines
            try await rehearsal.cluster.create(resource, namespace: "payments", object, fieldManager: "test")
        }
        let last = try #require(try await rehearsal.play("run", spec: example.spec).last)
        #expect("\(last.reason): \(last.message)" == example.end)
        #expect(last[path: ["status", "results"]] == example.results)
        #expect(rehearsal.cluster.names("pods").count == example.pods)
    }

    @Test func `a private bundle needs its Secret`() async throws {
        let rehearsal = TektonRehearsal()
        let pipeline = try #require(Repository.documents("examples/workflows/audit-cluster.yaml").first)
        try await rehearsal.cluster.create(Tekton.pipelines, namespace: "payments", pipeline, fieldManager: "test")
        let spec: JSONValue = ["pipelineRef": Self.reference("bundles", Self.bundle)]
        let last = try #require(try await rehearsal.play("run", spec: spec).last)
        #expect(last.reason == "CouldntGetPipeline")
        #expect(last.message.contains("UNAUTHORIZED"))
    }

    @Test(arguments: [("deploy", ["deploy", "set-image", "wait"]), ("roll-back", ["roll-back", "undo", "wait"])])
    func `starts the WorkflowTemplate at each entrypoint`(_ entrypoint: String, _ templates: [String]) async throws {
        let rehearsal = ArgoRehearsal()
        let template = try #require(Repository.documents("examples/workflows/deploy-service.yaml").first)
        try await rehearsal.add(
            template: "deploy-service", annotations: template.metadata["annotations"]?.objectValue ?? [:],
            spec: try #require(template["spec"]))
        let last = try #require(
            try await rehearsal.play(
                "run",
                spec: [
                    "workflowTemplateRef": ["name": "deploy-service"], "entrypoint": .string(entrypoint),
                    "arguments": ["parameters": [["name": "service", "value": "cart"]]],
                ]
            ).last)
        #expect(last.phase == "Succeeded")
        let nodes = last[path: ["status", "nodes"]]?.objectValue?.compactMap { $0.value["templateName"]?.stringValue }
        #expect(Set(nodes ?? []) == Set(templates))
    }
}

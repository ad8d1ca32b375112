import Foundation
import KubeClient
import TestSupport
import Testing

/// Executions and their runs as GitOps tools see them.
@Suite(.serialized, .enabled(if: Kubectl.installed != nil, "kubectl is not installed")) struct GitOpsTests {
    /// How a tool applies.
    enum Application: String, CaseIterable {
        case clientSide, serverSide

        var flags: [String] { self == .clientSide ? [] : ["--server-side", "--field-manager=argocd-controller"] }
    }

    private static let labels: JSONValue = [
        "app.kubernetes.io/instance": "payments", "kustomize.toolkit.fluxcd.io/name": "payments",
        "app.kubernetes.io/managed-by": "Helm",
    ]
    private static let annotations: JSONValue = [
        "argocd.argoproj.io/tracking-id": "payments:towline.dev/WorkflowExecution:payments/kept",
        "argocd.argoproj.io/sync-wave": "1", "meta.helm.sh/release-name": "payments", "example.com/mine": "x",
    ]

    private func manifest(_ engine: String) -> JSONValue {
        [
            "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution",
            "metadata": ["name": "kept", "labels": Self.labels, "annotations": Self.annotations],
            "spec": [
                "workflowRef": ["workflowId": "works", "engine": .string(engine)],
                "parameters": ["TARGET": "payment-api"], "executionConfig": ["timeoutSeconds": 600],
            ],
        ]
    }

    /// At no time does the operator change or extend fields that came from Git.
    @Test(arguments: Application.allCases, MainJobTests.engines)
    func `causes no drift with kubectl diff`(_ application: Application, _ engine: String) async throws {
        let bench = try await KubectlTests.Bench.make("drift")
        let manifest = manifest(engine)
        let file = try bench.kubectl.file(manifest.encodedString, "kept-\(UUID().uuidString).json")
        let apply = try await bench.kubectl.run(["apply", "-n", bench.namespace, "-f", file] + application.flags)
        #expect(apply.exitCode == 0, "\(apply.errorOutput)")
        let execution = try await bench.workspace.finished("kept")

        #expect(execution["spec"] == manifest["spec"])
        let metadata = try #require(execution["metadata"])
        #expect(metadata["labels"] == Self.labels)
        var annotations = metadata["annotations"]
        annotations?["kubectl.kubernetes.io/last-applied-configuration"] = nil
        #expect(annotations == Self.annotations)
        #expect(metadata["finalizers"] == nil && metadata["ownerReferences"] == nil)
        #expect(metadata["generation"] == 1)
        let entries = (metadata["managedFields"]?.arrayValue ?? []).filter { $0["manager"] == "towline-operator" }
        #expect(!entries.isEmpty)
        for entry in entries {
            #expect(entry["subresource"] == "status")
            #expect(entry["fieldsV1"]?.objectValue?.keys == ["f:status"])
        }
        let diff = try await bench.kubectl.run(["diff", "-n", bench.namespace, "-f", file] + application.flags)
        #expect(diff.exitCode == 0, "\(diff.output)\(diff.errorOutput)")
        try await bench.process.stop()
    }

    @Test(arguments: Application.allCases)
    func `no field causes drift, and only four can be changed later`(_ application: Application) async throws {
        let bench = try await KubectlTests.Bench.make("every-field")
        let example = try #require(try Repository.documents("examples/every-field.yaml").first)
        let file = try bench.kubectl.file(example.encodedString, "every-field-\(UUID().uuidString).json")
        let apply = try await bench.kubectl.run(["apply", "-n", bench.namespace, "-f", file] + application.flags)
        #expect(apply.exitCode == 0, "\(apply.errorOutput)")
        let execution = try await bench.workspace.finished("every-field")
        #expect(execution["spec"] == example["spec"])
        let diff = try await bench.kubectl.run(["diff", "-n", bench.namespace, "-f", file] + application.flags)
        #expect(diff.exitCode == 0, "\(diff.output)\(diff.errorOutput)")
        let again = try await bench.kubectl.run(["apply", "-n", bench.namespace, "-f", file] + application.flags)
        #expect(again.exitCode == 0, "\(again.errorOutput)")
        #expect(try await bench.workspace.execution("every-field")[path: ["metadata", "generation"]] == 1)

        let mutable = ["runTTLSecondsAfterFinished", "ttlSecondsAfterFinished", "keepRunUntilArchived"]
        for field in (example["spec"]?.objectValue ?? [:]).keys
        where field != "workflowRef" && field != "executionConfig" {
            let patch: JSONValue = ["spec": [field: .null]]
            let message = try await refusal(of: patch, bench)
            #expect(
                message?.contains(field == "shutdown" ? "not removed" : "spec.\(field) is immutable") == true,
                "\(field)")
        }
        for parent in ["workflowRef", "executionConfig"] {
            for field in (example["spec"]?[parent]?.objectValue ?? [:]).keys where field != "workflowId" {
                let message = try await refusal(of: ["spec": [parent: [field: .null]]], bench)
                let isMutable = mutable.contains(field)
                #expect((message == nil) == isMutable, "\(field): \(message ?? "accepted")")
                if let message { #expect(message.contains("spec.\(parent).\(field) is immutable"), "\(message)") }
            }
        }
        try await bench.process.stop()
    }

    /// The API server's message if it refuses a patch; nil if it accepts it.
    private func refusal(of patch: JSONValue, _ bench: KubectlTests.Bench) async throws -> String? {
        do {
            try await bench.workspace.access.merge(Types.execution, bench.namespace, "every-field", patch)
            return nil
        } catch let error as KubeError {
            return "\(error)"
        }
    }

    /// The run is a child of the execution in the tool's tree but not a managed resource, and its updates are ignored;
    /// the same applies to Tekton's TaskRuns and pods.
    @Test(arguments: MainJobTests.engines) func `keeps tracking labels away from runs`(_ engine: String) async throws {
        let workspace = try await Workspace.make("children")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        try await workspace.create(manifest(engine).encodedString)
        let execution = try await workspace.finished("kept")

        var children = try await workspace.runs(of: execution)
        #expect(children.count == 1)
        #expect(children.first?[path: ["metadata", "ownerReferences"]]?[0]?["controller"] == true)
        let made: JSONValue = [
            "towline.dev/execution": .string("\(workspace.namespace)/kept"),
            "argocd.argoproj.io/ignore-resource-updates": "true",
        ]
        for key in made.objectValue?.keys ?? [] {
            #expect(children.first?[path: ["metadata", "annotations", key]] == made[key], "\(key)")
        }
        if engine == "tekton" { children += try await workspace.access.list(Types.taskRun, workspace.namespace) }
        for child in children {
            let metadata = try #require(child["metadata"])
            #expect(metadata["annotations"]?["argocd.argoproj.io/ignore-resource-updates"] == "true")
            for (place, copied) in [("labels", Self.labels), ("annotations", Self.annotations)] {
                for key in copied.objectValue?.keys ?? [] where metadata[place]?[key] == copied[key] {
                    Issue.record("\(child.name ?? "?") has \(key) of the execution")
                }
            }
        }
        try #require(children.count == (engine == "tekton" ? 3 : 1))
        #expect(try await process.stop() == 0)
    }
}

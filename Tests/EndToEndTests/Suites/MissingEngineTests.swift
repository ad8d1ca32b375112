import Foundation
import KubeClient
import TestSupport
import Testing

/// A cluster without an engine, and one whose engine is installed and removed.
///
/// It is a separate cluster, because other tests need the definitions that are deleted here.
@Suite(.serialized) struct MissingEngineTests {
    private static let starting = Task { try await TestCluster.another() }
    private static let name = "\(Types.pipelineRun.plural).\(Types.pipelineRun.group)"

    private func makeWorkspace() async throws -> Workspace {
        let cluster = try await Self.starting.value
        let namespace = "engine-\(String(UInt32.random(in: .min ... .max), radix: 36))"
        try await cluster.access.create(
            Types.namespace, nil,
            ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(namespace)]])
        let workspace = Workspace(cluster: cluster, namespace: namespace)
        for template in [Templates.pipeline, Templates.slowPipeline] { try await workspace.create(template) }
        return workspace
    }

    private func definition(_ workspace: Workspace) async throws -> JSONValue {
        try #require(try await workspace.access.get(Types.definition, "", Self.name))
    }

    /// Deletes the definition of PipelineRuns, and thus all of them; returns the manifest to recreate it.
    private func removeDefinition(_ workspace: Workspace) async throws -> JSONValue {
        var fresh: JSONValue = ["apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"]
        fresh["metadata"] = ["name": .string(Self.name)]
        fresh["spec"] = try await definition(workspace)["spec"]
        try await workspace.access.delete(Types.definition, "", Self.name)
        try await poll("the definition is gone") {
            try await workspace.access.get(Types.definition, "", Self.name) == nil
        }
        return fresh
    }

    /// Serves PipelineRuns only in these versions.
    private func serve(_ names: Set<String>, _ workspace: Workspace) async throws {
        var versions = try await definition(workspace)[path: ["spec", "versions"]]?.arrayValue ?? []
        if names.contains("v1beta1"), var older = versions.first, !versions.contains(where: { $0["name"] == "v1beta1" })
        {
            older["name"] = "v1beta1"
            older["storage"] = false
            versions.append(older)
        }
        for index in versions.indices {
            versions[index]["served"] = .bool(names.contains(versions[index]["name"]?.stringValue ?? ""))
        }
        try await workspace.access.merge(
            Types.definition, "", Self.name, ["spec": ["versions": .array(versions)]])
        try await poll("PipelineRuns are served in \(names)") {
            let resources = try await workspace.access.client.servedResources(group: "tekton.dev", version: "v1")
            return (resources?.contains("pipelineruns") ?? false) == names.contains("v1")
        }
    }

    @Test func `starts a waiting execution once its engine is installed`() async throws {
        let workspace = try await makeWorkspace()
        let definition = try await removeDefinition(workspace)
        let process = try workspace.startOperator()
        try await workspace.create(Templates.execution("early", engine: "tekton"))
        let waiting = try await workspace.execution("early", until: "waits") { $0.status("reason") != nil }
        #expect(waiting.verdict == "Pending/-/EngineUnavailable")
        #expect(waiting.status("message")?.contains("install Tekton") == true)

        try await workspace.access.create(Types.definition, nil, definition)
        let ended = try await workspace.finished("early", within: .seconds(90))
        #expect(ended.verdict == "Completed/Success/Succeeded")
        #expect(try await workspace.runs(of: ended).count == 1)
        #expect(try await process.stop() == 0)
    }

    @Test func `waits if the engine serves only an older version`() async throws {
        let workspace = try await makeWorkspace()
        try await serve(["v1beta1"], workspace)
        let process = try workspace.startOperator()
        try await workspace.create(Templates.execution("modern", engine: "tekton"))
        let waiting = try await workspace.execution("modern", until: "waits") { $0.status("reason") != nil }
        #expect(waiting.verdict == "Pending/-/EngineUnavailable")
        #expect(waiting.status("message")?.contains("in version v1:") == true)

        try await serve(["v1", "v1beta1"], workspace)
        let ended = try await workspace.finished("modern", within: .seconds(90))
        #expect(ended.verdict == "Completed/Success/Succeeded")
        #expect(try await workspace.runs(of: ended).count == 1)
        #expect(try await process.stop() == 0)
    }

    @Test func `freezes a running execution while its engine is not served`() async throws {
        let workspace = try await makeWorkspace()
        let process = try workspace.startOperator()
        try await workspace.create(Templates.execution("frozen", engine: "tekton", workflow: "takes-long"))
        let running = try await workspace.execution("frozen", until: "runs") { $0.status("reason") == "Executing" }
        try await serve([], workspace)
        let frozen = try await workspace.execution("frozen", until: "is frozen") {
            $0.condition("EngineUnavailable") == "True"
        }
        #expect(frozen.verdict == running.verdict)
        #expect(frozen[path: ["status", "runRef"]] == running[path: ["status", "runRef"]])

        try await serve(["v1"], workspace)
        let thawed = try await workspace.execution("frozen", until: "is thawed") {
            $0.condition("EngineUnavailable") == nil
        }
        #expect(thawed.verdict == "Running/-/Executing")
        #expect(thawed[path: ["status", "runRef"]] == running[path: ["status", "runRef"]])
        #expect(try await workspace.runs(of: thawed).count == 1)
        #expect(try await process.stop() == 0)
    }

    /// The API server deletes all objects of a deleted definition.
    @Test func `does not recreate a run that was deleted with its definition`() async throws {
        let workspace = try await makeWorkspace()
        let process = try workspace.startOperator()
        try await workspace.create(Templates.execution("bereft", engine: "tekton", workflow: "takes-long"))
        _ = try await workspace.execution("bereft", until: "runs") { $0.status("reason") == "Executing" }
        let definition = try await removeDefinition(workspace)
        try await workspace.access.create(Types.definition, nil, definition)
        let ended = try await workspace.finished("bereft", within: .seconds(90))
        #expect(ended.verdict == "Failed/Error/RunDeleted")
        #expect(try await workspace.runs(of: ended).isEmpty)
        #expect(try await process.stop() == 0)
    }
}

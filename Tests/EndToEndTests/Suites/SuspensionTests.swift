import Foundation
import KubeClient
import Testing

/// Suspended workflows, which only Argo has: the execution says how to resume them, and they can be stopped.
@Suite(.serialized) struct SuspensionTests {
    private static let approval = """
        apiVersion: argoproj.io/v1alpha1
        kind: WorkflowTemplate
        metadata:
          name: asks
          annotations: {sandbox.towline.dev/duration: 100ms}
        spec:
          entrypoint: main
          templates:
            - {name: main, steps: [[{name: drain, template: task}], [{name: approve, template: approve}]]}
            - {name: task, container: {image: example, command: [run]}}
            - {name: approve, suspend: {}}
        """

    private func shutDown(_ workspace: Workspace, _ name: String, _ strategy: String) async throws -> JSONValue {
        try await workspace.access.merge(
            Types.execution, workspace.namespace, name, ["spec": ["shutdown": .string(strategy)]])
        return try await workspace.finished(name)
    }

    @Test(arguments: ["Stop", "Terminate"])
    func `says how to resume a waiting workflow and can stop it`(_ strategy: String) async throws {
        let workspace = try await Workspace.make("approval")
        let process = try workspace.startOperator()
        try await workspace.create(Self.approval)
        try await workspace.create(Templates.execution("asks", engine: "argo", workflow: "asks"))
        let waiting = try await workspace.execution("asks", until: "waits") { $0.status("reason") == "Suspended" }
        let command = "argo resume \(try #require(waiting.runName)) -n \(workspace.namespace)"
        #expect(waiting.status("message") == "task approve is suspended; to resume it, run: \(command)")

        let ended = try await shutDown(workspace, "asks", strategy)
        #expect(ended.verdict == "Failed/Cancelled/Cancelled")
        #expect(ended[path: ["status", "executed"]] == true)
        #expect(try await process.stop() == 0)
    }

    /// docs/engines.md names this patch for users without the Argo CLI.
    @Test func `resumes a waiting workflow by a patch of its node`() async throws {
        let workspace = try await Workspace.make("resumed")
        let process = try workspace.startOperator()
        try await workspace.create(Self.approval)
        try await workspace.create(Templates.execution("asks", engine: "argo", workflow: "asks"))
        let waiting = try await workspace.execution("asks", until: "waits") { $0.status("reason") == "Suspended" }
        let run = try #require(waiting.runName)
        let workflow = try #require(try await workspace.access.get(Types.workflow, workspace.namespace, run))
        let nodes = workflow[path: ["status", "nodes"]]?.objectValue ?? [:]
        let node = try #require(nodes.first { $0.value["displayName"] == "approve" }?.key)
        try await workspace.access.merge(
            Types.workflow, workspace.namespace, run, ["status": ["nodes": .object([node: ["phase": "Succeeded"]])]])
        #expect(try await workspace.finished("asks").verdict == "Completed/Success/Succeeded")
        #expect(try await process.stop() == 0)
    }

    /// Argo ignores the shutdown of a suspended workflow.
    @Test(arguments: ["Stop", "Terminate"])
    func `stops a workflow that was suspended while running`(_ strategy: String) async throws {
        let workspace = try await Workspace.make("halted")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.slowTemplate)
        try await workspace.create(Templates.execution("halted", engine: "argo", workflow: "takes-long"))
        let running = try await workspace.execution("halted", until: "runs") { $0.status("reason") == "Executing" }
        let run = try #require(running.runName)
        try await workspace.access.merge(Types.workflow, workspace.namespace, run, ["spec": ["suspend": true]])

        let ended = try await shutDown(workspace, "halted", strategy)
        #expect(ended.verdict == "Failed/Cancelled/Cancelled")
        let spec = try await workspace.access.get(Types.workflow, workspace.namespace, run)?["spec"]
        #expect(spec?["shutdown"]?.stringValue == strategy)
        #expect(spec?["suspend"] == nil)
        #expect(try await process.stop() == 0)
    }
}

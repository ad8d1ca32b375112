import Foundation
import KubeClient
import Testing

/// Workflows that wait for somebody: they say so, and they end when they are asked to. Only Argo has them.
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

    private func shutDown(_ workspace: Workspace, _ name: String, _ word: String) async throws -> JSONValue {
        try await workspace.access.merge(
            Types.execution, workspace.namespace, name, ["spec": ["shutdown": .string(word)]])
        return try await workspace.finished(name)
    }

    @Test(arguments: ["Stop", "Terminate"]) func aWorkflowThatWaitsForApprovalCanBeEnded(_ word: String) async throws {
        let workspace = try await Workspace.make("approval")
        let process = try workspace.startOperator()
        try await workspace.create(Self.approval)
        try await workspace.create(Templates.execution("asks", engine: "argo", workflow: "asks"))
        let waiting = try await workspace.execution("asks", until: "waits") { $0.status("reason") == "Suspended" }
        #expect(waiting.status("message")?.contains("resume") == true)

        let ended = try await shutDown(workspace, "asks", word)
        #expect(ended.verdict == "Failed/Cancelled/Cancelled")
        #expect(ended[path: ["status", "executed"]] == true)
        #expect(try await process.stop() == 0)
    }

    /// Argo does not look at the shutdown of a workflow that was halted on its way.
    @Test(arguments: ["Stop", "Terminate"]) func aWorkflowThatWasHaltedCanBeEnded(_ word: String) async throws {
        let workspace = try await Workspace.make("halted")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.slowTemplate)
        try await workspace.create(Templates.execution("halted", engine: "argo", workflow: "takes-long"))
        let running = try await workspace.execution("halted", until: "runs") { $0.status("reason") == "Executing" }
        let run = try #require(running.runName)
        try await workspace.access.merge(Types.workflow, workspace.namespace, run, ["spec": ["suspend": true]])

        let ended = try await shutDown(workspace, "halted", word)
        #expect(ended.verdict == "Failed/Cancelled/Cancelled")
        let spec = try await workspace.access.get(Types.workflow, workspace.namespace, run)?["spec"]
        #expect(spec?["shutdown"]?.stringValue == word)
        #expect(spec?["suspend"] == nil)
        #expect(try await process.stop() == 0)
    }
}

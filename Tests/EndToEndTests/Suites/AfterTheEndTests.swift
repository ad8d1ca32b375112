import Foundation
import KubeClient
import TestSupport
import Testing

/// After an execution has ended, changes of its run affect only conditions.
@Suite(.serialized) struct AfterTheEndTests {
    private func type(_ engine: String) -> ResourceType { engine == "tekton" ? Types.pipelineRun : Types.workflow }

    private func runName(_ execution: JSONValue) throws -> String {
        try #require(execution[path: ["status", "runRef", "name"]]?.stringValue)
    }

    /// The status without the fields that may change after the end: `updatedAt` and the conditions about the run.
    private func latched(_ execution: JSONValue) -> JSONValue? {
        var status = execution["status"]
        let conditions = status?["conditions"]?.arrayValue ?? []
        status?["updatedAt"] = nil
        status?["conditions"] = .array(
            conditions.filter { !["RunPresent", "RunDiverged"].contains($0["type"]?.stringValue) })
        return status
    }

    private func finishedExecution(_ name: String, _ engine: String, in workspace: Workspace) async throws -> JSONValue
    {
        try await workspace.create(Templates.execution(name, engine: engine))
        let execution = try await workspace.finished(name)
        #expect(execution.verdict == "Completed/Success/Succeeded")
        #expect(execution.condition("RunPresent") == nil)
        #expect(execution.condition("RunDiverged") == nil)
        return execution
    }

    /// Starts another operator and expects that it does not write to the execution.
    private func expectQuiet(_ workspace: Workspace, _ execution: JSONValue) async throws {
        let process = try workspace.startOperator()
        _ = try await finishedExecution("after-\(UInt32.random(in: 0...99_999))", "tekton", in: workspace)
        let name = try #require(execution.name)
        #expect(try await workspace.execution(name) == execution)
        #expect(try await process.stop() == 0)
    }

    @Test(arguments: MainJobTests.engines)
    func `sets RunPresent False when the run is pruned`(_ engine: String) async throws {
        let workspace = try await Workspace.make("pruned")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        let ended = try await finishedExecution("pruned", engine, in: workspace)
        try await workspace.access.delete(type(engine), workspace.namespace, try runName(ended))

        let reported = try await workspace.execution("pruned", until: "reports that its run is gone") {
            $0.condition("RunPresent") == "False"
        }
        #expect(latched(reported) == latched(ended))
        #expect(try await workspace.runs(of: reported).isEmpty)
        #expect(try await process.stop() == 0)
        try await expectQuiet(workspace, reported)
    }

    @Test(arguments: MainJobTests.engines)
    func `notices after a start that the run was pruned`(_ engine: String) async throws {
        let workspace = try await Workspace.make("unwatched")
        let first = try workspace.startOperator()
        try await workspace.create(Templates.all)
        let ended = try await finishedExecution("unwatched", engine, in: workspace)
        let kept = try await finishedExecution("kept", engine, in: workspace)
        #expect(try await first.stop() == 0)
        try await workspace.access.delete(type(engine), workspace.namespace, try runName(ended))

        let second = try workspace.startOperator()
        let reported = try await workspace.execution("unwatched", until: "reports that its run is gone") {
            $0.condition("RunPresent") == "False"
        }
        #expect(latched(reported) == latched(ended))
        #expect(try await workspace.execution("kept") == kept)
        #expect(try await second.stop() == 0)
    }

    /// `argo retry` restarts a workflow that has ended.
    @Test func `reports a workflow that is retried after its end`() async throws {
        let workspace = try await Workspace.make("retried")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        let ended = try await finishedExecution("retried", "argo", in: workspace)
        let run = try runName(ended)
        try await workspace.access.merge(
            Types.workflow, workspace.namespace, run, ["status": ["phase": "Running", "finishedAt": .null]])
        let diverged = try await workspace.execution("retried", until: "reports that its run is still running") {
            $0.condition("RunDiverged") == "True"
        }
        #expect(latched(diverged) == latched(ended))
        #expect(try await process.stop() == 0)
        try await expectQuiet(workspace, diverged)

        let successor = try workspace.startOperator()
        try await workspace.access.merge(
            Types.workflow, workspace.namespace, run,
            ["status": ["phase": "Failed", "finishedAt": "2026-01-01T00:00:00Z"]])
        let again = try await workspace.execution("retried", until: "reports that its run ended again") {
            $0.condition("RunDiverged") == "False"
        }
        #expect(latched(again) == latched(ended))
        try await workspace.access.delete(Types.workflow, workspace.namespace, run)
        let gone = try await workspace.execution("retried", until: "reports that its run is gone") {
            $0.condition("RunPresent") == "False"
        }
        #expect(latched(gone) == latched(ended))
        #expect(try await successor.stop() == 0)
        try await expectQuiet(workspace, gone)
    }

    /// The garbage collector deletes the run; nothing is written to an execution that is being deleted.
    @Test func `deletes the run with a finished execution`() async throws {
        let workspace = try await Workspace.make("leaving")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        let ended = try await finishedExecution("leaving", "tekton", in: workspace)
        try await workspace.access.delete(Types.execution, workspace.namespace, "leaving")
        try await poll("the run is gone with its execution", within: .seconds(90)) {
            try await workspace.runs(of: ended).isEmpty
        }
        #expect(try await workspace.access.get(Types.execution, workspace.namespace, "leaving") == nil)
        #expect(try await process.stop() == 0)
        #expect(!process.errorOutput.contains("\"level\":\"warn\""), "\(process.errorOutput)")
    }
}

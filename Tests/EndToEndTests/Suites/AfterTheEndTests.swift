import Foundation
import KubeClient
import TestSupport
import Testing

/// What becomes of a run after the end of its execution changes nothing but a condition.
@Suite(.serialized) struct AfterTheEndTests {
    private func type(_ engine: String) -> ResourceType { engine == "tekton" ? Types.pipelineRun : Types.workflow }

    private func runName(_ execution: JSONValue) throws -> String {
        try #require(execution[path: ["status", "runRef", "name"]]?.stringValue)
    }

    /// The status without what may move after the end: the time of the update, and the conditions about the run.
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

    /// Starts another operator, lets it go through everything there is, and expects that it wrote nothing.
    private func expectQuiet(_ workspace: Workspace, _ execution: JSONValue) async throws {
        let process = try workspace.startOperator()
        _ = try await finishedExecution("after-\(UInt32.random(in: 0...99_999))", "tekton", in: workspace)
        let name = try #require(execution.name)
        #expect(try await workspace.execution(name) == execution)
        #expect(try await process.stop() == 0)
    }

    @Test(arguments: MainJobTests.engines) func aRunThatIsPruned(_ engine: String) async throws {
        let workspace = try await Workspace.make("pruned")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        let ended = try await finishedExecution("pruned", engine, in: workspace)
        try await workspace.access.delete(type(engine), workspace.namespace, try runName(ended))

        let told = try await workspace.execution("pruned", until: "tells that its run is gone") {
            $0.condition("RunPresent") == "False"
        }
        #expect(latched(told) == latched(ended))
        #expect(try await workspace.runs(of: told).isEmpty)
        #expect(try await process.stop() == 0)
        try await expectQuiet(workspace, told)
    }

    @Test(arguments: MainJobTests.engines) func aRunThatIsPrunedWhileNoOperatorRuns(_ engine: String) async throws {
        let workspace = try await Workspace.make("unwatched")
        let first = try workspace.startOperator()
        try await workspace.create(Templates.all)
        let ended = try await finishedExecution("unwatched", engine, in: workspace)
        let kept = try await finishedExecution("kept", engine, in: workspace)
        #expect(try await first.stop() == 0)
        try await workspace.access.delete(type(engine), workspace.namespace, try runName(ended))

        let second = try workspace.startOperator()
        let told = try await workspace.execution("unwatched", until: "tells that its run is gone") {
            $0.condition("RunPresent") == "False"
        }
        #expect(latched(told) == latched(ended))
        #expect(try await workspace.execution("kept") == kept)
        #expect(try await second.stop() == 0)
    }

    /// What `argo retry` does to a workflow that has ended.
    @Test func aWorkflowThatGoesOn() async throws {
        let workspace = try await Workspace.make("retried")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        let ended = try await finishedExecution("retried", "argo", in: workspace)
        let run = try runName(ended)
        try await workspace.access.merge(
            Types.workflow, workspace.namespace, run, ["status": ["phase": "Running", "finishedAt": .null]])
        let diverged = try await workspace.execution("retried", until: "tells that its run goes on") {
            $0.condition("RunDiverged") == "True"
        }
        #expect(latched(diverged) == latched(ended))
        #expect(try await process.stop() == 0)
        try await expectQuiet(workspace, diverged)

        let successor = try workspace.startOperator()
        try await workspace.access.merge(
            Types.workflow, workspace.namespace, run,
            ["status": ["phase": "Failed", "finishedAt": "2026-01-01T00:00:00Z"]])
        let again = try await workspace.execution("retried", until: "tells that its run ended again") {
            $0.condition("RunDiverged") == "False"
        }
        #expect(latched(again) == latched(ended))
        try await workspace.access.delete(Types.workflow, workspace.namespace, run)
        let gone = try await workspace.execution("retried", until: "tells that its run is gone") {
            $0.condition("RunPresent") == "False"
        }
        #expect(latched(gone) == latched(ended))
        #expect(try await successor.stop() == 0)
        try await expectQuiet(workspace, gone)
    }

    /// The garbage collector takes the run along; nothing is written to an execution on its way out.
    @Test func anExecutionThatIsDeletedTakesItsRunAlong() async throws {
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

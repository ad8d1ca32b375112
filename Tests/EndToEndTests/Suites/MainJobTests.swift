import Foundation
import KubeClient
import Testing

/// From a manifest to a final, correct status, on both engines.
@Suite(.serialized) struct MainJobTests {
    static let engines = ["tekton", "argo"]

    @Test(arguments: engines) func `completes a successful workflow`(_ engine: String) async throws {
        let workspace = try await Workspace.make("succeeds")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        try await workspace.create(
            Templates.execution("good", engine: engine, more: "parameters: {TARGET: \"payment-api é\"}"))

        let execution = try await workspace.finished("good")
        #expect(execution.verdict == "Completed/Success/Succeeded")
        #expect(execution.status("engine") == engine)
        #expect(execution.status("progress") == "2/2")
        #expect(execution[path: ["status", "executed"]] == true)
        #expect(execution[path: ["status", "observedGeneration"]] == execution[path: ["metadata", "generation"]])
        #expect(execution.condition("Succeeded") == "True")
        #expect(execution.condition("Ready") == "True")
        #expect(execution.condition("Reconciling") == nil)
        #expect(execution.condition("Stalled") == nil)
        let started = try #require(execution.status("startedAt"))
        #expect(started <= (execution.status("finishedAt") ?? ""))
        #expect(execution.status("duration")?.hasSuffix("s") == true)

        let runs = try await workspace.runs(of: execution)
        #expect(runs.count == 1)
        let run = try #require(runs.first)
        #expect(run.name == execution[path: ["status", "runRef", "name"]]?.stringValue)
        #expect(run.uid == execution[path: ["status", "runRef", "uid"]]?.stringValue)
        #expect(run[path: ["metadata", "labels", "towline.dev/execution-uid"]]?.stringValue == execution.uid)
        #expect(run.encodedString.contains("payment-api é"))
        #expect(try await process.stop() == 0)
    }

    @Test(arguments: engines) func `reports a failed workflow`(_ engine: String) async throws {
        let workspace = try await Workspace.make("fails")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        try await workspace.create(Templates.execution("bad", engine: engine, workflow: "breaks"))

        let execution = try await workspace.finished("bad")
        #expect(execution.verdict == "Failed/Failed/StepFailed")
        #expect(execution[path: ["status", "failure", "task"]]?.stringValue == "restart")
        #expect(execution[path: ["status", "failure", "exitCode"]] == 3)
        #expect(execution.condition("Succeeded") == "False")
        #expect(execution.condition("Stalled") == "True")
        #expect(try await process.stop() == 0)
    }

    @Test(arguments: engines) func `times out a slow workflow`(_ engine: String) async throws {
        let workspace = try await Workspace.make("slow")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        try await workspace.create(
            Templates.execution(
                "slow", engine: engine, workflow: "takes-long", more: "executionConfig: {timeoutSeconds: 1}"))

        let execution = try await workspace.finished("slow")
        #expect(execution.status("phase") == "Failed")
        #expect(execution.status("outcome") == "Timeout")
        #expect(try await process.stop() == 0)
    }

    @Test(arguments: engines, ["Stop", "Terminate"])
    func `stops a running workflow`(_ engine: String, _ shutdown: String) async throws {
        let workspace = try await Workspace.make("shutdown")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        try await workspace.create(Templates.execution("long", engine: engine, workflow: "takes-long"))
        _ = try await workspace.execution("long", until: "executes") { $0.status("reason") == "Executing" }
        try await workspace.access.merge(
            Types.execution, workspace.namespace, "long", ["spec": ["shutdown": .string(shutdown)]])

        let execution = try await workspace.finished("long")
        #expect(execution.verdict == "Failed/Cancelled/Cancelled")
        #expect(execution[path: ["status", "observedGeneration"]] == 2)
        #expect(try await process.stop() == 0)
    }

    @Test(arguments: engines) func `creates no run after a shutdown`(_ engine: String) async throws {
        let workspace = try await Workspace.make("never")
        try await workspace.create(Templates.all)
        try await workspace.create(Templates.execution("never", engine: engine, more: "shutdown: Stop"))
        let process = try workspace.startOperator()

        let execution = try await workspace.finished("never")
        #expect(execution.verdict == "Failed/Cancelled/Cancelled")
        #expect(execution.status("startedAt") == nil)
        #expect(try await workspace.runs(of: execution).isEmpty)
        #expect(try await process.stop() == 0)
    }

    @Test(arguments: engines)
    func `reports a missing template with the engine's message`(_ engine: String) async throws {
        let workspace = try await Workspace.make("missing")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.execution("lost", engine: engine, workflow: "nowhere"))

        let execution = try await workspace.finished("lost")
        #expect(execution.status("phase") == "Failed")
        #expect(execution.status("outcome") == "Error")
        #expect(execution.status("message")?.contains("nowhere") == true)
        #expect(execution.status("message")?.contains("Create the template first") == true)
        #expect(execution[path: ["status", "executed"]] == false)
        #expect(try await process.stop() == 0)
    }

    @Test(arguments: engines) func `never recreates a deleted run`(_ engine: String) async throws {
        let workspace = try await Workspace.make("deleted")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        try await workspace.create(Templates.execution("bereft", engine: engine, workflow: "takes-long"))
        let running = try await workspace.execution("bereft", until: "runs") { $0.status("phase") == "Running" }
        let run = try #require(running[path: ["status", "runRef", "name"]]?.stringValue)
        let type = engine == "tekton" ? Types.pipelineRun : Types.workflow
        try await workspace.access.delete(type, workspace.namespace, run)

        let execution = try await workspace.finished("bereft")
        #expect(execution.verdict == "Failed/Error/RunDeleted")
        #expect(try await workspace.runs(of: execution).isEmpty)
        #expect(try await process.stop() == 0)
    }
}

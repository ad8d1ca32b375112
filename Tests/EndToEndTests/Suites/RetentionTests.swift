import Foundation
import KubeClient
import TestSupport
import Testing

/// Runs and executions go when their time is over, and not before; what is to stay stays, and says why.
@Suite(.serialized) struct RetentionTests {
    private func type(_ engine: String) -> ResourceType { engine == "tekton" ? Types.pipelineRun : Types.workflow }

    private func reason(_ type: String, of execution: JSONValue) -> String? {
        execution[path: ["status", "conditions"]]?.arrayValue?.first { $0["type"]?.stringValue == type }?["reason"]?
            .stringValue
    }

    private func time(_ text: String?) throws -> Timestamp { try #require(text.flatMap { Timestamp(rfc3339: $0) }) }

    /// An execution of the workflow that works, with these lines in its spec and these annotations.
    private func manifest(_ name: String, _ engine: String, _ config: String, annotations: String = "") -> String {
        let more = config.isEmpty ? "" : "executionConfig: {\(config)}"
        return Templates.execution(name, engine: engine, more: more)
            .replacing("{name: \(name)}", with: "{name: \(name), annotations: {\(annotations)}}")
    }

    private func expectGone(_ name: String, in workspace: Workspace) async throws {
        try await poll("\(name) is gone", within: .seconds(60)) {
            try await workspace.access.get(Types.execution, workspace.namespace, name) == nil
        }
    }

    @Test(arguments: MainJobTests.engines) func aRunGoesInItsTimeAndItsExecutionStays(_ engine: String) async throws {
        let workspace = try await Workspace.make("run-ttl")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        try await workspace.create(manifest("short", engine, "runTTLSecondsAfterFinished: 3"))
        let ended = try await workspace.finished("short")
        #expect(ended.condition("RunPresent") == nil)
        let told = try await workspace.execution("short", until: "tells that its run is gone") {
            $0.condition("RunPresent") == "False"
        }
        #expect(reason("RunPresent", of: told) == "RunExpired")
        #expect(try await workspace.runs(of: told).isEmpty)
        for field in ["phase", "outcome", "reason", "message", "finishedAt", "progress"] {
            #expect(told.status(field) == ended.status(field))
        }
        let lateness = try time(told.status("updatedAt")) - time(told.status("finishedAt"))
        #expect(lateness >= .seconds(3))
        #expect(try await process.stop() == 0)
        #expect(!process.errorOutput.contains("\"level\":\"warn\""), "\(process.errorOutput)")
    }

    @Test(arguments: MainJobTests.engines) func anExecutionGoesWithItsRun(_ engine: String) async throws {
        let workspace = try await Workspace.make("ttl")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        try await workspace.create(manifest("brief", engine, "ttlSecondsAfterFinished: 3"))
        try await workspace.create(manifest("lasting", engine, ""))
        let ended = try await workspace.finished("brief")
        let lasting = try await workspace.finished("lasting")
        try await expectGone("brief", in: workspace)
        #expect(WallClock.system.now() - (try time(ended.status("finishedAt"))) >= .seconds(3))
        #expect(try await workspace.runs(of: ended).isEmpty)
        #expect(try await workspace.execution("lasting") == lasting)
        #expect(try await workspace.runs(of: lasting).count == 1)
        #expect(try await process.stop() == 0)
    }

    /// What expired while no operator ran goes at the next start; a time may be given at any moment.
    @Test func aTimeThatIsGivenLater() async throws {
        let workspace = try await Workspace.make("late-ttl")
        let first = try workspace.startOperator()
        try await workspace.create(Templates.all)
        try await workspace.create(manifest("later", "tekton", ""))
        _ = try await workspace.finished("later")
        #expect(try await first.stop() == 0)
        try await workspace.access.merge(
            Types.execution, workspace.namespace, "later",
            ["spec": ["executionConfig": ["ttlSecondsAfterFinished": 86_400]]])
        let second = try workspace.startOperator()
        _ = try await workspace.execution("later", until: "was looked at again") {
            $0[path: ["status", "observedGeneration"]]?.integerValue == 2
        }
        try await workspace.access.merge(
            Types.execution, workspace.namespace, "later",
            ["spec": ["executionConfig": ["ttlSecondsAfterFinished": 0]]])
        try await expectGone("later", in: workspace)
        #expect(try await second.stop() == 0)
    }

    @Test func whatAGitOpsToolManagesStays() async throws {
        let workspace = try await Workspace.make("managed")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        try await workspace.create(
            manifest(
                "managed", "tekton", "ttlSecondsAfterFinished: 0, runTTLSecondsAfterFinished: 0",
                annotations: #"argocd.argoproj.io/tracking-id: "shop:towline.dev/WorkflowExecution:ns/managed""#))
        let told = try await workspace.execution("managed", until: "says why it stays, and its run is gone") {
            $0.condition("Retained") == "True" && $0.condition("RunPresent") == "False"
        }
        #expect(reason("Retained", of: told) == "ManagedByGitOps")
        #expect(reason("RunPresent", of: told) == "RunExpired")
        #expect(told.verdict == "Completed/Success/Succeeded")
        try await workspace.access.merge(
            Types.execution, workspace.namespace, "managed",
            ["metadata": ["annotations": ["argocd.argoproj.io/tracking-id": .null]]])
        try await expectGone("managed", in: workspace)
        #expect(try await process.stop() == 0)
    }

    @Test(arguments: MainJobTests.engines) func aRunThatIsKeptKeepsItsExecution(_ engine: String) async throws {
        let workspace = try await Workspace.make("kept")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        try await workspace.create(manifest("kept", engine, ""))
        let run = try #require(try await workspace.finished("kept").runName)
        func keep(_ value: JSONValue) async throws {
            try await workspace.access.merge(
                type(engine), workspace.namespace, run, ["metadata": ["annotations": ["towline.dev/keep": value]]])
        }
        try await keep("true")
        try await workspace.access.merge(
            Types.execution, workspace.namespace, "kept",
            ["spec": ["executionConfig": ["ttlSecondsAfterFinished": 0, "runTTLSecondsAfterFinished": 0]]])
        let told = try await workspace.execution("kept", until: "says why it stays") {
            $0.condition("Retained") == "True"
        }
        #expect(reason("Retained", of: told) == "KeptByAnnotation")
        #expect(try await workspace.runs(of: told).count == 1)
        try await keep(.null)
        try await expectGone("kept", in: workspace)
        #expect(try await workspace.runs(of: told).isEmpty)
        #expect(try await process.stop() == 0)
    }
}

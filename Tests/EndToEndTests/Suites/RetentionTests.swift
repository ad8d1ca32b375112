import Foundation
import KubeClient
import TestSupport
import Testing

/// Runs and executions are deleted when their TTL expires; those that are kept say why.
@Suite(.serialized) struct RetentionTests {
    private func type(_ engine: String) -> ResourceType { engine == "tekton" ? Types.pipelineRun : Types.workflow }

    private func reason(_ type: String, of execution: JSONValue) -> String? {
        execution[path: ["status", "conditions"]]?.arrayValue?.first { $0["type"]?.stringValue == type }?["reason"]?
            .stringValue
    }

    private func time(_ text: String?) throws -> Timestamp { try #require(text.flatMap { Timestamp(rfc3339: $0) }) }

    /// An execution of the successful workflow with this `executionConfig` and these annotations.
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

    @Test(arguments: MainJobTests.engines)
    func `deletes the run after its TTL and keeps the execution`(_ engine: String) async throws {
        let workspace = try await Workspace.make("run-ttl")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        try await workspace.create(manifest("short", engine, "runTTLSecondsAfterFinished: 3"))
        let ended = try await workspace.finished("short")
        #expect(ended.condition("RunPresent") == nil)
        let reported = try await workspace.execution("short", until: "reports that its run is gone") {
            $0.condition("RunPresent") == "False"
        }
        #expect(reason("RunPresent", of: reported) == "RunExpired")
        #expect(try await workspace.runs(of: reported).isEmpty)
        for field in ["phase", "outcome", "reason", "message", "finishedAt", "progress"] {
            #expect(reported.status(field) == ended.status(field))
        }
        let lateness = try time(reported.status("updatedAt")) - time(reported.status("finishedAt"))
        #expect(lateness >= .seconds(3))
        #expect(try await process.stop() == 0)
        #expect(!process.errorOutput.contains("\"level\":\"warn\""), "\(process.errorOutput)")
    }

    @Test(arguments: MainJobTests.engines)
    func `deletes an execution and its run after the TTL`(_ engine: String) async throws {
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

    /// A TTL can be set at any time; what expired while no operator ran is deleted at the next start.
    @Test func `applies a TTL that is set later`() async throws {
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
        _ = try await workspace.execution("later", until: "was reconciled again") {
            $0[path: ["status", "observedGeneration"]]?.integerValue == 2
        }
        try await workspace.access.merge(
            Types.execution, workspace.namespace, "later",
            ["spec": ["executionConfig": ["ttlSecondsAfterFinished": 0]]])
        try await expectGone("later", in: workspace)
        #expect(try await second.stop() == 0)
    }

    @Test func `keeps executions that a GitOps tool manages`() async throws {
        let workspace = try await Workspace.make("managed")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        try await workspace.create(
            manifest(
                "managed", "tekton", "ttlSecondsAfterFinished: 0, runTTLSecondsAfterFinished: 0",
                annotations: #"argocd.argoproj.io/tracking-id: "shop:towline.dev/WorkflowExecution:ns/managed""#))
        let reported = try await workspace.execution("managed", until: "says why it stays, and its run is gone") {
            $0.condition("Retained") == "True" && $0.condition("RunPresent") == "False"
        }
        #expect(reason("Retained", of: reported) == "ManagedByGitOps")
        #expect(reason("RunPresent", of: reported) == "RunExpired")
        #expect(reported.verdict == "Completed/Success/Succeeded")
        try await workspace.access.merge(
            Types.execution, workspace.namespace, "managed",
            ["metadata": ["annotations": ["argocd.argoproj.io/tracking-id": .null]]])
        try await expectGone("managed", in: workspace)
        #expect(try await process.stop() == 0)
    }

    @Test(arguments: MainJobTests.engines)
    func `keeps the execution of a run with the keep annotation`(_ engine: String) async throws {
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
        let reported = try await workspace.execution("kept", until: "says why it stays") {
            $0.condition("Retained") == "True"
        }
        #expect(reason("Retained", of: reported) == "KeptByAnnotation")
        #expect(try await workspace.runs(of: reported).count == 1)
        try await keep(.null)
        try await expectGone("kept", in: workspace)
        #expect(try await workspace.runs(of: reported).isEmpty)
        #expect(try await process.stop() == 0)
    }
}

import Foundation
import KubeClient
import TestSupport
import Testing

/// Runs that others prune, replace, orphan, or delete: the execution reports only what is known.
@Suite struct LostRunTests {
    /// The run starts, then is pruned or replaced while no operator runs.
    @Test func `leaves executed unset if the run's steps were not observed`() async throws {
        let stage = try await CaseStage("unseen")
        let access = stage.workspace.access
        var runs: [PlayedRun] = []
        for engine in TestEngine.allCases {
            for name in ["pruned", "replaced"] { runs.append(try await stage.begin("\(name)-\(engine)", engine)) }
        }
        for run in runs {
            let waiting = try await stage.workspace.execution(run.execution)
            #expect(waiting[path: ["status", "executed"]] == nil, "\(run.execution) waits: nothing is known yet")
        }
        try await stage.stopOperator()
        for run in runs {
            let original = try #require(try await run.object())
            try await run.write("running")
            try await run.delete()
            try await poll("\(run.name) is gone") { try await run.object() == nil }
            guard run.execution.hasPrefix("replaced") else { continue }
            let copy: JSONValue = [
                "apiVersion": .string(run.engine.runType.apiVersion), "kind": .string(run.engine.runType.kind),
                "metadata": ["name": .string(run.name)], "spec": original["spec"] ?? [:],
            ]
            try await access.create(run.engine.runType, stage.workspace.namespace, copy)
        }
        try stage.startOperator()
        for run in runs {
            let ended = try await stage.workspace.finished(run.execution)
            let reason = run.execution.hasPrefix("pruned") ? "RunDeleted" : "RunReplaced"
            #expect(ended.verdict == "Failed/Error/\(reason)")
            #expect(ended[path: ["status", "executed"]] != false, "\(run.execution): not known")
        }
        try await stage.end()
    }

    @Test(arguments: TestEngine.allCases)
    func `follows a run to its end after its owner reference was removed`(_ engine: TestEngine) async throws {
        let stage = try await CaseStage.shared
        let run = try await stage.begin("stripped-\(engine)", engine)
        let uid = try await run.object()?.uid
        try await run.write("running")
        try await stage.executing(run.execution)
        try await run.patch(["metadata": ["ownerReferences": .null]])
        let stripped = try await stage.execution(run.execution, until: "says that it does not own the run") {
            $0.condition("RunOwned") == "False"
        }
        #expect(stripped.verdict == "Running/-/Executing")

        let ended = try await expectSuccess(run, stage)
        #expect(ended[path: ["status", "runRef", "uid"]]?.stringValue == uid)
    }

    @Test(arguments: TestEngine.allCases)
    func `follows a run to its end after its label was removed`(_ engine: TestEngine) async throws {
        let stage = try await CaseStage.shared
        let run = try await stage.begin("unlabeled-\(engine)", engine)
        let uid = try await run.object()?.uid
        try await run.write("running")
        try await stage.executing(run.execution)
        try await run.patch(["metadata": ["labels": ["towline.dev/execution-uid": .null]]])

        let ended = try await expectSuccess(run, stage)
        #expect(ended[path: ["status", "runRef", "uid"]]?.stringValue == uid)
    }

    /// Writes the run's states up to its end; the execution must report the progress in between.
    private func expectSuccess(_ run: PlayedRun, _ stage: CaseStage) async throws -> JSONValue {
        try await run.write("half")
        let half = try await stage.execution(run.execution, until: "shows progress") {
            $0.status("progress") == "1/2"
        }
        #expect(half.verdict == "Running/-/Executing")
        try await run.write("succeeded")
        let ended = try await stage.workspace.finished(run.execution)
        #expect(ended.verdict == "Completed/Success/Succeeded")
        return ended
    }

    @Test(arguments: TestEngine.allCases)
    func `says that the run is being deleted and which finalizer holds it`(_ engine: TestEngine) async throws {
        let stage = try await CaseStage.shared
        let run = try await stage.begin("dying-\(engine)", engine)
        try await run.write("running")
        try await stage.executing(run.execution)
        let finalizer = engine == .tekton ? "chains.tekton.dev/pipelinerun" : "workflows.argoproj.io/artifact-gc"
        try await run.patch(["metadata": ["finalizers": [.string(finalizer)]]])
        try await run.delete()

        let dying = try await stage.execution(run.execution, until: "says that its run is being deleted") {
            $0["status"]?.encodedString.contains(finalizer) == true
        }
        #expect(dying.status("phase") == "Running")
        #expect(dying["status"]?.encodedString.contains("being deleted") == true, "\(dying["status"] ?? .null)")

        try await run.patch(["metadata": ["finalizers": .null]])
        let ended = try await stage.workspace.finished(run.execution)
        #expect(ended.verdict == "Failed/Error/RunDeleted")
        #expect(ended[path: ["status", "executed"]] != false, "a step was running")
    }
}

import Foundation
import KubeClient
import Testing

/// Runs that others prune, take over, strip or delete: the execution says what is known, and no more.
@Suite struct LostRunTests {
    @Test(arguments: TestEngine.allCases)
    func `follows a run to its end after somebody removed its label`(_ engine: TestEngine) async throws {
        let stage = try await CaseStage.shared
        let run = try await stage.begin("unlabeled-\(engine)", engine)
        let uid = try await run.object()?.uid
        try await run.write("running")
        try await stage.executing(run.execution)
        try await run.patch(["metadata": ["labels": ["towline.dev/execution-uid": .null]]])

        let ended = try await expectSuccess(run, stage)
        #expect(ended[path: ["status", "runRef", "uid"]]?.stringValue == uid)
    }

    /// Plays the run to its end, with a step on the way that the execution has to show.
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
}

import Engines
import KubeClient
import Testing
import TowlineAPI

@testable import Executions

/// Executions that a backup tool restored without their status.
@Suite struct RestoredTests {
    private func restored(
        _ restoration: Restoration = .held, engine: EngineName = .tekton,
        spec edit: (inout ExecutionSpec) -> Void = { _ in },
        status: ExecutionStatus = ExecutionStatus()
    ) -> WorkflowExecution {
        Fixtures.execution(engine: engine, spec: edit, status: status, restoration: restoration)
    }

    @Test(arguments: EngineName.allCases) func `waits for a user and reports how to continue`(_ engine: EngineName)
        throws
    {
        let status = try #require(Fixtures.situation(restored(engine: engine)).next().status)
        #expect(status.phase == .pending && status.reason == .restoredFromBackup)
        #expect(status.outcome == nil && status.executed == nil && status.runRef == nil)
        let message = try #require(status.message)
        #expect(message.contains("velero.io/restore-name"))
        #expect(message.contains("kubectl -n payments annotate wfe restart towline.dev/run-restored=true"))
        // Said once, and kept after a restart of the operator, which finds this status.
        guard case .idle(nil) = Fixtures.situation(restored(engine: engine, status: status)).next() else {
            return #expect(Bool(false), "a held execution rests")
        }
    }

    @Test(arguments: [RunKnowledge.unknown, .absent(last: nil), .engineMissing, .engineNotFollowed])
    func `creates no run, regardless of what is known about one`(_ run: RunKnowledge) {
        let situation = Fixtures.situation(restored(), run: run) { $0.isRunConfirmed = true }
        #expect(situation.next().status?.reason == .restoredFromBackup)
    }

    @Test func `starts at once when it is released`() throws {
        let held = try #require(Fixtures.situation(restored()).next().status)
        #expect(Fixtures.situation(restored(.released, status: held)).next().name == "createRun")
    }

    @Test func `is not failed by its start deadline while held nor once released`() throws {
        let deadline = { (spec: inout ExecutionSpec) in spec.executionConfig.startDeadlineSeconds = 60 }
        let late = Fixtures.start + .seconds(86_400)
        let absent = RunKnowledge.absent(last: nil)
        let held = try #require(
            Fixtures.situation(restored(spec: deadline), run: absent, now: late).next().status)
        #expect(held.reason == .restoredFromBackup)
        let released = restored(.released, spec: deadline, status: held)
        #expect(Fixtures.situation(released, run: absent, now: late).next().name == "createRun")
        // Every other execution still gives up.
        let other = Fixtures.execution(spec: deadline)
        #expect(Fixtures.situation(other, run: absent, now: late).next().status?.reason == .startDeadlineExceeded)
    }

    @Test func `is cancelled without a run by a shutdown`() throws {
        let stopped = restored(spec: { $0.shutdown = .stop })
        #expect(Fixtures.situation(stopped).next().name == "readRun")
        let status = try #require(Fixtures.situation(stopped, run: .absent(last: nil)).next().status)
        #expect(status.outcome == .cancelled && status.executed == false)
    }

    @Test func `an invalid spec is no reason to report it as failed`() {
        let invalid = restored(spec: { $0.workflowRef.clusterScope = true })
        let status = Fixtures.situation(invalid, run: .absent(last: nil)).next().status
        #expect(status?.reason == .restoredFromBackup)
    }

    @Test func `a run that exists is followed`() throws {
        let run = try Fixtures.pipelineRun(condition: Fixtures.condition("Unknown", "Running"))
        let unseen = Fixtures.situation(restored(), run: .present(run)).next().status
        #expect(unseen?.phase == .running && unseen?.runRef?.uid == run.uid)
        let running = try Fixtures.running(run)
        #expect(Fixtures.situation(restored(status: running)).next().name == "readRun")
        let ignored = Fixtures.situation(restored(status: running), run: .engineNotFollowed).next().status
        #expect(ignored?.reason == running.reason)
        let gone = Fixtures.situation(restored(status: running), run: .absent(last: nil)).next().status
        #expect(gone?.reason == .runDeleted)
    }

    /// After a takeover every execution without a run may have a create under way, restored ones as well.
    @Test func `a create that may be under way is no reason to send another`() throws {
        let open = Fixtures.situation(restored()) { $0.pendingCreateDeadline = Fixtures.instant + .seconds(4) }
        #expect(open.next().status?.reason == .restoredFromBackup)
        // If it arrives, its run is followed.
        let run = try Fixtures.pipelineRun(condition: Fixtures.condition("Unknown", "Running"))
        let arrived = Fixtures.situation(restored(status: try #require(open.next().status)), run: .present(run))
        #expect(arrived.next().status?.runRef?.uid == run.uid)
    }

    @Test func `what has ended stays as it is`() {
        var ended = ExecutionStatus()
        ended.phase = .completed
        ended.outcome = .success
        ended.reason = .succeeded
        ended.observedGeneration = 1
        #expect(Fixtures.situation(restored(status: ended)).next().status?.reason ?? .succeeded == .succeeded)
    }
}

import Engines
import KubeClient
import Status
import Testing
import TowlineAPI

@testable import Executions

/// What an ended execution reports about its run: that it is gone, or that it is still running.
@Suite struct AfterTheEndTests {
    private static let later = Fixtures.start + .seconds(100)
    private let done = Fixtures.condition("True", "Succeeded")
    private let running = Fixtures.condition("Unknown", "Running")

    /// An execution whose run succeeded, with further events after that.
    private func ended(_ more: [ExecutionEvent] = [], deletion: ServerTime? = nil) throws -> WorkflowExecution {
        let run = try Fixtures.pipelineRun(condition: done)
        var status = try #require(Fixtures.situation(Fixtures.execution(), run: .present(run)).next().status)
        if !more.isEmpty { status = try #require(status.after(more, generation: 1, now: Fixtures.start)) }
        return Fixtures.execution(status: status, deletion: deletion)
    }

    private func next(
        _ execution: WorkflowExecution, _ run: RunKnowledge, isProven: Bool = false
    ) -> Step {
        Fixtures.situation(execution, run: run, now: Self.later) { $0.isRunConfirmed = isProven }.next()
    }

    private let isGone = ExecutionEvent.conditionSet(
        .runPresent, .false, reason: .general(.runDeleted), message: "gone")
    private let goesOn = ExecutionEvent.conditionSet(
        .runDiverged, .true, reason: .general(.executing), message: "still running")

    /// Everything but the conditions, the generation and the time of the update is as it was.
    private func expectLatched(
        _ new: ExecutionStatus, since old: ExecutionStatus, _ location: SourceLocation = #_sourceLocation
    ) {
        var same = new
        same.conditions = old.conditions
        same.updatedAt = old.updatedAt
        #expect(same == old, sourceLocation: location)
        for type in [ConditionType.succeeded, .finished, .ready] {
            #expect(new.condition(type) == old.condition(type), sourceLocation: location)
        }
    }

    @Test func `reports nothing about an ended run that exists`() throws {
        let run = try Fixtures.pipelineRun(condition: done)
        #expect(next(try ended(), .present(run)).name == "idle")
        #expect(next(try ended(), .present(run), isProven: true).name == "idle")
    }

    @Test func `reads a run that the cache does not have`() throws {
        let run = try Fixtures.pipelineRun(condition: done)
        #expect(next(try ended(), .unknown).name == "readRun")
        #expect(next(try ended(), .deleted(last: run)).name == "readRun")
        #expect(next(try ended(), .unreadable).name == "failed")
        #expect(next(try ended(), .engineMissing).name == "idle")
    }

    @Test func `reports once that a run is gone, after a live read`() throws {
        let execution = try ended()
        let status = try #require(next(execution, .absent(last: nil)).status)
        let condition = try #require(status.condition(.runPresent))
        #expect(condition.status == .false)
        #expect(condition.reason == "RunDeleted")
        #expect(condition.message.contains("after it ended"))
        #expect(condition.lastTransitionTime == Self.later)
        expectLatched(status, since: execution.status)
        for run in [RunKnowledge.absent(last: nil), .unknown, .engineMissing] {
            #expect(next(Fixtures.execution(status: status), run).name == "idle")
        }
    }

    @Test func `reports that the run was replaced by another object with its name`() throws {
        let other = try Fixtures.pipelineRun(uid: "cccccccc-0000-4000-8000-000000000001", condition: running)
        let execution = try ended()
        #expect(next(execution, .present(other)).name == "readRun")
        let status = try #require(next(execution, .present(other), isProven: true).status)
        #expect(status.condition(.runPresent)?.reason == "RunReplaced")
        #expect(status.condition(.runDiverged) == nil)
        expectLatched(status, since: execution.status)
        #expect(next(Fixtures.execution(status: status), .present(other)).name == "idle")
    }

    @Test func `reports a run that is still running only after a live read`() throws {
        let live = try Fixtures.pipelineRun(version: "30", condition: running)
        let execution = try ended()
        #expect(next(execution, .present(live)).name == "readRun")
        let status = try #require(next(execution, .present(live), isProven: true).status)
        let condition = try #require(status.condition(.runDiverged))
        #expect(condition.status == .true)
        #expect(condition.reason == "Executing")
        #expect(condition.message.contains("reports Running"))
        expectLatched(status, since: execution.status)
        // What it reports while it is running is not followed.
        let stopping = try Fixtures.pipelineRun(
            version: "31", condition: Fixtures.condition("Unknown", "StoppedRunFinally"))
        #expect(next(Fixtures.execution(status: status), .present(stopping)).name == "idle")
    }

    @Test func `a run that continued and ended again no longer diverges`() throws {
        let execution = try ended([goesOn])
        let again = try Fixtures.pipelineRun(version: "40", condition: Fixtures.condition("False", "Failed"))
        #expect(next(execution, .present(again)).name == "readRun")
        let status = try #require(next(execution, .present(again), isProven: true).status)
        #expect(status.condition(.runDiverged)?.status == .false)
        #expect(
            status.condition(.runDiverged)?.message.contains("ended again: Tekton Pipelines reports Failed") == true)
        expectLatched(status, since: execution.status)
        #expect(next(Fixtures.execution(status: status), .present(again)).name == "idle")
        let third = try Fixtures.pipelineRun(version: "50", condition: running)
        let diverged = next(Fixtures.execution(status: status), .present(third), isProven: true)
        #expect(diverged.status?.condition(.runDiverged)?.status == .true)
    }

    @Test func `a run that continued and is gone no longer diverges`() throws {
        let status = try #require(next(try ended([goesOn]), .absent(last: nil)).status)
        #expect(status.condition(.runPresent)?.status == .false)
        #expect(status.condition(.runDiverged)?.status == .false)
        #expect(next(Fixtures.execution(status: status), .unknown).name == "idle")
    }

    @Test func `a run that reappears is present again`() throws {
        let run = try Fixtures.pipelineRun(condition: done)
        let execution = try ended([isGone])
        #expect(next(execution, .present(run)).name == "readRun")
        let status = try #require(next(execution, .present(run), isProven: true).status)
        #expect(status.condition(.runPresent) == nil)
        #expect(next(Fixtures.execution(status: status), .present(run)).name == "idle")
    }

    @Test func `an execution that is being deleted reports nothing about its run`() throws {
        let execution = try ended(deletion: Self.later)
        for run in [RunKnowledge.absent(last: nil), .unknown] {
            #expect(next(execution, run).name == "idle")
        }
        #expect(!execution.isContradicted(by: nil))
    }

    @Test func `an execution that never had a run reports nothing about one`() throws {
        let status = try #require(
            ExecutionStatus().after(
                .ended(.rejected, message: "no", engine: .tekton), generation: 1, now: Fixtures.start))
        let execution = Fixtures.execution(status: status)
        let foreign = try Fixtures.pipelineRun(owner: "dddddddd-0000-4000-8000-000000000001", condition: running)
        for run in [RunKnowledge.absent(last: nil), .unknown, .present(foreign)] {
            #expect(next(execution, run).name == "idle")
            #expect(next(execution, run, isProven: true).name == "idle")
        }
    }

    @Test func `a report about the run also acknowledges the newest generation`() throws {
        let old = try ended().status
        let execution = Fixtures.execution(status: old, generation: 2)
        #expect(next(execution, .absent(last: nil)).status?.observedGeneration == 2)
        #expect(next(execution, .unreadable).status?.observedGeneration == 2)
        #expect(next(execution, .engineMissing).status?.observedGeneration == 2)
    }

    @Test func `the verdict on a deleted run also reports that it is gone`() throws {
        let live = try Fixtures.pipelineRun(condition: running)
        let execution = Fixtures.execution(status: try Fixtures.running(live))
        let deleted = try #require(next(execution, .absent(last: live)).status)
        #expect(deleted.reason == .runDeleted)
        #expect(deleted.condition(.runPresent)?.reason == "RunDeleted")
        #expect(next(Fixtures.execution(status: deleted), .absent(last: live)).name == "idle")
        let other = try Fixtures.pipelineRun(uid: "cccccccc-0000-4000-8000-000000000001")
        let replaced = try #require(next(execution, .present(other)).status)
        #expect(replaced.reason == .runReplaced)
        #expect(replaced.condition(.runPresent)?.reason == "RunReplaced")
        #expect(next(Fixtures.execution(status: replaced), .present(other)).name == "idle")
    }

    @Test func `reports that a run which the watchdog could not stop is still running`() throws {
        let live = try Fixtures.pipelineRun(
            condition: running, startTime: Fixtures.start, spec: ["pipelineRef": ["name": "x"], "status": "Cancelled"])
        let verdict = try #require(
            try Fixtures.running(live).after(
                .ended(.watchdogExpired, message: "late", engine: .tekton), generation: 1, now: Fixtures.start))
        let execution = Fixtures.execution(status: verdict)
        #expect(next(execution, .present(live)).name == "readRun")
        let status = try #require(next(execution, .present(live), isProven: true).status)
        #expect(status.condition(.runDiverged)?.status == .true)
        #expect(status.outcome == .timeout)
    }

    /// Links are part of what is latched: an operator that starts with other templates changes none.
    @Test func `changed link templates do not affect ended executions`() throws {
        let run = try Fixtures.pipelineRun(condition: done)
        var situation = Fixtures.situation(Fixtures.execution(), run: .present(run))
        situation.links = try LinkTemplates([LinkTemplate("Logs=https://logs.example/{uid}")])
        let status = try #require(situation.next().status)
        #expect(status.links == [Link(name: "Logs", url: "https://logs.example/\(run.uid)")])
        var restarted = Fixtures.situation(Fixtures.execution(status: status), run: .present(run), now: Self.later)
        restarted.links = try LinkTemplates([LinkTemplate("Other=https://other.example/{uid}")])
        #expect(restarted.next().name == "idle")
        restarted.facts.run = .absent(last: nil)
        #expect(restarted.next().status?.links == status.links)
    }

    @Test func `the links of an unfinished run follow the templates`() throws {
        let run = try Fixtures.pipelineRun()
        var situation = Fixtures.situation(Fixtures.execution(), run: .present(run))
        situation.links = try LinkTemplates([LinkTemplate("Logs=https://logs.example/{namespace}/{name}")])
        let status = try #require(situation.next().status)
        #expect(status.phase == .running)
        #expect(status.links == [Link(name: "Logs", url: "https://logs.example/payments/restart-3f9c2a71d0")])
        let restarted = Fixtures.situation(Fixtures.execution(status: status), run: .present(run), now: Self.later)
        #expect(restarted.next().status?.links == [])
    }
}

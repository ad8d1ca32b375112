import Engines
import KubeClient
import Status
import Testing
import TowlineAPI

@testable import Executions

/// What happens when a TTL expires.
@Suite struct RetentionTests {
    private let done = Fixtures.condition("True", "Succeeded")
    private let running = Fixtures.condition("Unknown", "Running")
    /// The execution ends at the start; its run may go after 10 seconds, itself after 60.
    private let both = Retention(runSeconds: 10, executionSeconds: 60)

    private func run(_ metadata: JSONObject = [:], _ condition: JSONValue? = nil) throws -> EngineRun {
        try Fixtures.pipelineRun(condition: condition ?? done, metadata: metadata)
    }

    /// An execution whose run succeeded, with further events after that.
    private func ended(
        _ retention: Retention, _ more: [ExecutionEvent] = [], deletion: ServerTime? = nil
    ) throws -> WorkflowExecution {
        var status = try #require(Fixtures.situation(Fixtures.execution(), run: .present(try run())).next().status)
        if !more.isEmpty { status = try #require(status.after(more, generation: 1, now: Fixtures.start)) }
        return Fixtures.execution(status: status, deletion: deletion, retention: retention)
    }

    private func situation(
        _ execution: WorkflowExecution, _ run: RunKnowledge, after seconds: Int64, isTurn: Bool = true,
        isProven: Bool = false, refusal: Refusal? = nil
    ) -> Situation {
        Fixtures.situation(execution, run: run, now: Fixtures.start + .seconds(seconds)) { facts in
            facts.isExpiryTurn = isTurn
            facts.isRunConfirmed = isProven
            facts.isExecutionConfirmed = isProven
            facts.deletionRefusal = refusal
        }
    }

    private let runIsGone = ExecutionEvent.conditionSet(
        .runPresent, .false, reason: .retention(.runExpired), message: "gone")

    private func retained(_ reason: ConditionReason) -> ExecutionEvent {
        .conditionSet(.retained, .true, reason: reason, message: "kept")
    }

    @Test func `what keeps a run without its owner reference does not keep the execution`() throws {
        let metadata: JSONObject = ["ownerReferences": [], "annotations": ["towline.dev/keep": "true"]]
        let execution = try ended(Retention(executionSeconds: 60))
        let stripped = RunKnowledge.present(try run(metadata))
        #expect(situation(execution, stripped, after: 60).next().name == "readRun")
        #expect(situation(execution, stripped, after: 60, isProven: true).next().name == "deleteExecution")
    }

    @Test func `a run that is kept or owned otherwise may let its execution go`() throws {
        let plain = try run()
        #expect(!plain.retentionDiffers(from: plain))
        #expect(try run(["annotations": ["towline.dev/keep": "true"]]).retentionDiffers(from: plain))
        #expect(try run(["ownerReferences": []]).retentionDiffers(from: plain))
        // One reason is gone and another one stays: the condition has to name the right one.
        let keep: JSONObject = ["towline.dev/keep": "true"]
        let archive: JSONObject = ["workflows.argoproj.io/workflow-archiving-status": "Pending"]
        let both = try Fixtures.workflow("Succeeded", labels: archive, annotations: keep)
        #expect(try Fixtures.workflow("Succeeded", annotations: keep).retentionDiffers(from: both))
    }

    // MARK: The times

    @Test func `deletes nothing before its TTL expires`() throws {
        for seconds in [Int64(0), 9] {
            let step = situation(try ended(both), .present(try run()), after: seconds, isProven: true).next()
            #expect(step.due == Fixtures.start + .seconds(10))
        }
        let gone = try ended(both, [runIsGone])
        for seconds in [Int64(0), 10, 59] {
            #expect(situation(gone, .unknown, after: seconds).next().due == Fixtures.start + .seconds(60))
        }
    }

    @Test func `an execution without TTLs is kept`() throws {
        #expect(situation(try ended(Retention()), .present(try run()), after: 1 << 33).next().name == "idle")
        #expect(Expiry(of: try ended(Retention())) == nil)
    }

    @Test func `TTLs count from the end and not from the start`() throws {
        let live = try run([:], running)
        let started = try Fixtures.running(live, since: Fixtures.start + .seconds(-500))
        let execution = Fixtures.execution(status: started, retention: both)
        #expect(Expiry(of: execution) == nil, "it has not ended")
        let status = try #require(situation(execution, .present(try run()), after: 100).next().status)
        let expiry = try #require(Expiry(of: Fixtures.execution(status: status, retention: both)))
        #expect(expiry.run == Fixtures.start + .seconds(110))
        #expect(expiry.execution == Fixtures.start + .seconds(160))
    }

    @Test func `a TTL of zero expires at the end`() throws {
        let execution = try ended(Retention(executionSeconds: 0), [runIsGone])
        #expect(situation(execution, .unknown, after: 0).next().name == "deleteExecution")
    }

    @Test func `nothing of an unfinished execution expires`() throws {
        let live = try run([:], running)
        let execution = Fixtures.execution(
            status: try Fixtures.running(live), retention: Retention(runSeconds: 0, executionSeconds: 0))
        #expect(situation(execution, .present(live), after: 1_000).next().name != "deleteRun")
        #expect(Expiry(of: execution) == nil)
        #expect(Expiry(of: try ended(both, deletion: Fixtures.start)) == nil)
    }

    // MARK: The run

    @Test func `deletes a run only after a live read`() throws {
        let execution = try ended(both)
        #expect(situation(execution, .present(try run()), after: 10).next().name == "readExecution")
        for (isExecutionConfirmed, step) in [(true, "readRun"), (false, "readExecution")] {
            var half = situation(execution, .present(try run()), after: 10)
            half.facts.isExecutionConfirmed = isExecutionConfirmed
            half.facts.isRunConfirmed = !isExecutionConfirmed
            #expect(half.next().name == step)
        }
        #expect(situation(execution, .present(try run()), after: 10, isProven: true).next().name == "deleteRun")
        #expect(situation(execution, .unknown, after: 10).next().name == "readRun")
        #expect(situation(execution, .engineMissing, after: 10).next().name == "idle", "until the engine may be back")
        #expect(situation(execution, .unreadable, after: 10).next().name == "failed")
    }

    @Test func `a run that is gone after its TTL has expired`() throws {
        let status = try #require(situation(try ended(both), .absent(last: nil), after: 10).next().status)
        #expect(status.condition(.runPresent)?.reason == "RunExpired")
        #expect(status.phase == .completed && status.reason == .succeeded)
        let early = try #require(situation(try ended(both), .absent(last: nil), after: 9).next().status)
        #expect(early.condition(.runPresent)?.reason == "RunDeleted", "somebody else deleted it")
        let kept = try ended(both, [retained(.retention(.keptByAnnotation))])
        let byHand = try #require(situation(kept, .absent(last: nil), after: 10).next().status)
        #expect(byHand.condition(.runPresent)?.reason == "RunDeleted", "what was kept was deleted by somebody else")
        var ofGit = both
        ofGit.management = .argoTracking
        let managed = try ended(ofGit, [retained(.retention(.managedByGitOps))])
        let slow = try #require(situation(managed, .absent(last: nil), after: 70).next().status)
        #expect(slow.condition(.runPresent)?.reason == "RunExpired", "that keeps the execution, not its run")
    }

    @Test(arguments: [
        (["ownerReferences": []] as JSONObject, "RunNotOwned"),
        (["labels": ["workflows.argoproj.io/workflow-archiving-status": "Pending"]] as JSONObject, nil),
    ])
    func `keeps a run that must not be deleted`(_ metadata: JSONObject, _ reason: String?) throws {
        let step = situation(try ended(both), .present(try run(metadata)), after: 10, isProven: true).next()
        #expect(step.status?.condition(.retained)?.reason == reason)
        #expect((step.name == "deleteRun") == (reason == nil), "a label of Argo says nothing of Tekton's")
    }

    @Test func `does not delete a run again that is being deleted`() throws {
        let leaving = try run(["deletionTimestamp": "2026-01-01T10:00:00Z"])
        #expect(situation(try ended(both), .present(leaving), after: 10, isProven: true).next().name == "expireLater")
    }

    /// Once it is gone there is nothing left to archive; Argo's own garbage collection waits for it as well.
    @Test(arguments: [("Pending", true), ("Archived", false), ("Persisted", false)])
    func `keeps a run until it is archived`(_ word: String, _ stays: Bool) throws {
        let archiving = try Fixtures.workflow(
            "Succeeded", labels: ["workflows.argoproj.io/workflow-archiving-status": .string(word)])
        var status = ExecutionStatus()
        status = try #require(
            status.after(.ended(.succeeded, message: "", engine: .argo), generation: 1, now: Fixtures.start))
        status.runRef = EngineRegistry.engine(.argo).reference(to: archiving)
        for (retention, seconds) in [(Retention(runSeconds: 10), Int64(10)), (Retention(executionSeconds: 60), 60)] {
            let execution = Fixtures.execution(engine: .argo, status: status, retention: retention)
            let step = situation(execution, .present(archiving), after: seconds, isProven: true).next()
            #expect(step.status?.condition(.retained)?.reason == (stays ? "NotArchived" : nil))
            #expect((step.name == "deleteRun") == !stays)
        }
    }

    /// The marks of an archive on a run of either engine: none, unfinished, complete.
    private func archived(_ engine: EngineName, _ mark: Int) throws -> EngineRun {
        switch engine {
        case .tekton:
            let annotations: JSONObject = mark == 0 ? [:] : ["results.tekton.dev/stored": mark == 1 ? "false" : "true"]
            return try run(["annotations": .object(annotations)])
        case .argo:
            let word: JSONValue = mark == 1 ? "Pending" : "Archived"
            let labels: JSONObject = mark == 0 ? [:] : ["workflows.argoproj.io/workflow-archiving-status": word]
            return try Fixtures.workflow("Succeeded", labels: labels)
        }
    }

    private func ended(_ engine: EngineName, _ run: EngineRun, _ retention: Retention) throws -> WorkflowExecution {
        var status = try #require(
            ExecutionStatus().after(
                .ended(.succeeded, message: "", engine: engine), generation: 1, now: Fixtures.start))
        status.runRef = EngineRegistry.engine(engine).reference(to: run)
        return Fixtures.execution(engine: engine, status: status, retention: retention)
    }

    @Test(arguments: EngineName.allCases)
    func `keepRunUntilArchived keeps a run until its archive is complete`(_ engine: EngineName) throws {
        var retention = Retention(runSeconds: 10, awaitsArchive: true)
        for (mark, seconds, reason) in [
            (0, 10, "NotArchived"), (0, 59, "NotArchived"), (0, 60, "NoArchiveSeen"), (0, 5000, "NoArchiveSeen"),
            (1, 10, "NotArchived"), (1, 5000, "NotArchived"), (2, 10, nil), (2, 5000, nil),
        ] as [(Int, Int64, String?)] {
            let run = try archived(engine, mark)
            let step = situation(
                try ended(engine, run, retention), .present(run), after: seconds, isProven: true
            ).next()
            #expect(step.status?.condition(.retained)?.reason == reason, "\(mark) after \(seconds)")
            #expect((step.name == "deleteRun") == (reason == nil), "\(mark) after \(seconds)")
        }
        // Without the setting, only Argo's promise to archive a run keeps it.
        retention.awaitsArchive = false
        for mark in 0...2 {
            let run = try archived(engine, mark)
            let step = situation(try ended(engine, run, retention), .present(run), after: 10, isProven: true).next()
            #expect((step.name == "deleteRun") == !(engine == .argo && mark == 1), "\(mark)")
        }
    }

    @Test(arguments: EngineName.allCases)
    func `looks again when a missing mark becomes a reason`(_ engine: EngineName) throws {
        let run = try archived(engine, 0)
        let retention = Retention(runSeconds: 10, awaitsArchive: true)
        let first = situation(try ended(engine, run, retention), .present(run), after: 20, isProven: true).next()
        let waiting = Fixtures.execution(
            engine: engine, status: try #require(first.status), retention: retention)
        let next = situation(waiting, .present(run), after: 20, isProven: true).next()
        guard case .idle(recheckAfter: .seconds(40)) = next else {
            Issue.record("\(next.name)")
            return
        }
    }

    /// A user who sets both TTLs wants the execution to be gone at the second one.
    @Test(arguments: EngineName.allCases)
    func `the TTL of the execution ends the wait for an archive`(_ engine: EngineName) throws {
        let run = try archived(engine, 0)
        let retention = Retention(runSeconds: 10, executionSeconds: 60, awaitsArchive: true)
        let execution = try ended(engine, run, retention)
        #expect(situation(execution, .present(run), after: 60, isProven: true).next().name == "deleteRun")
    }

    /// A user who retries a run wants to see how it ends.
    @Test func `TTLs of a run that continued count from its second end`() throws {
        let again = ExecutionEvent.conditionSet(
            .runDiverged, .false, reason: .general(.stepFailed), message: "ended again")
        var status = try ended(both).status
        status = try #require(status.after(again, generation: 1, now: Fixtures.start + .seconds(500)))
        let execution = Fixtures.execution(status: status, retention: both)
        let expiry = try #require(Expiry(of: execution))
        #expect(expiry.run == Fixtures.start + .seconds(510))
        #expect(expiry.execution == Fixtures.start + .seconds(560))
    }

    @Test func `does not delete a run that is still running`() throws {
        let goesOn = ExecutionEvent.conditionSet(
            .runDiverged, .true, reason: .general(.executing), message: "still running")
        for seconds in [Int64(10), 60] {
            let step = situation(
                try ended(both, [goesOn]), .present(try run([:], running)), after: seconds, isProven: true
            ).next()
            #expect(step.status?.condition(.retained)?.reason == "RunStillRunning")
        }
    }

    // MARK: The execution

    @Test func `deletes an execution after its run`() throws {
        let execution = try ended(Retention(executionSeconds: 60))
        let present = RunKnowledge.present(try run())
        #expect(situation(execution, present, after: 59, isProven: true).next().name == "expireLater")
        #expect(situation(execution, present, after: 60).next().name == "readRun")
        #expect(situation(execution, present, after: 60, isProven: true).next().name == "deleteRun")
        #expect(situation(execution, .unknown, after: 60).next().name == "readRun")
        #expect(situation(execution, .deleted(last: try run()), after: 60).next().name == "readRun")
        // An execution that is deleted does not report what happened to its run.
        #expect(situation(execution, .absent(last: nil), after: 60, isProven: true).next().name == "deleteExecution")
        let leaving = RunKnowledge.present(try run(["deletionTimestamp": "2026-01-01T10:00:00Z"]))
        #expect(situation(execution, leaving, after: 60, isProven: true).next().name == "deleteExecution")
        #expect(situation(execution, .unreadable, after: 60).next().name == "failed")
    }

    @Test func `never deletes an object that is not its run`() throws {
        let other = try Fixtures.pipelineRun(uid: "cccccccc-0000-4000-8000-000000000001", condition: done)
        let execution = try ended(Retention(executionSeconds: 60))
        #expect(situation(execution, .present(other), after: 60, isProven: true).next().name == "deleteExecution")
    }

    @Test func `deletes an execution that never had a run without reading one`() throws {
        let status = try #require(
            ExecutionStatus().after(
                .ended(.rejected, message: "no", engine: .tekton), generation: 1, now: Fixtures.start))
        let execution = Fixtures.execution(status: status, retention: both)
        #expect(Expiry(of: execution)?.run == nil)
        for facts in [RunKnowledge.unknown, .engineMissing, .unreadable] {
            #expect(situation(execution, facts, after: 60).next().name == "deleteExecution")
        }
    }

    @Test func `keeps an execution while a missing engine hides whether its run is kept`() throws {
        let status = try #require(situation(try ended(both), .engineMissing, after: 60).next().status)
        #expect(status.condition(.retained)?.reason == "EngineUnavailable")
        let reported = try #require(situation(try ended(both), .engineNotFollowed, after: 60).next().status)
        #expect(reported.condition(.retained)?.message.contains("--engine") == true)
        let gone = try ended(both, [runIsGone])
        for facts in [RunKnowledge.engineMissing, .engineNotFollowed] {
            #expect(situation(gone, facts, after: 60).next().name == "deleteExecution")
        }
    }

    // MARK: What stays

    @Test(arguments: ManagementMark.allCases)
    func `keeps an execution that a GitOps tool manages and deletes its run`(_ mark: ManagementMark) throws {
        var retention = both
        retention.management = mark
        let execution = try ended(retention)
        #expect(situation(execution, .present(try run()), after: 10, isProven: true).next().name == "deleteRun")
        let status = try #require(situation(execution, .present(try run()), after: 60).next().status)
        let condition = try #require(status.condition(.retained))
        #expect(condition.status == .true && condition.reason == "ManagedByGitOps")
        #expect(condition.message.contains(mark.rawValue) && condition.message.contains(mark.tool))
        // Said once, then the run goes, then nothing is left to do.
        let reported = Fixtures.execution(status: status, retention: retention)
        #expect(situation(reported, .present(try run()), after: 60, isProven: true).next().name == "deleteRun")
        retention.runSeconds = nil
        let alone = Fixtures.execution(status: status, retention: retention)
        #expect(situation(alone, .present(try run()), after: 60, isProven: true).next().name == "idle")
    }

    @Test func `an annotation on the execution keeps both`() throws {
        var retention = both
        retention.isKept = true
        for seconds in [Int64(10), 60] {
            let step = situation(try ended(retention), .present(try run()), after: seconds, isProven: true).next()
            #expect(step.status?.condition(.retained)?.reason == "KeptByAnnotation")
        }
    }

    @Test func `an annotation on the run keeps both`() throws {
        let kept = try run(["annotations": ["towline.dev/keep": "true"]])
        for (seconds, isProven) in [(Int64(10), false), (10, true), (60, false), (60, true)] {
            let step = situation(try ended(both), .present(kept), after: seconds, isProven: isProven).next()
            #expect(step.status?.condition(.retained)?.reason == "KeptByAnnotation")
        }
        let released = try run(["annotations": ["towline.dev/keep": "false"]])
        #expect(situation(try ended(both), .present(released), after: 10, isProven: true).next().name == "deleteRun")
    }

    @Test func `does not report something as kept that is no longer due`() throws {
        let reason = retained(.retention(.managedByGitOps))
        for (retention, seconds) in [(Retention(), Int64(60)), (Retention(executionSeconds: 90), 60)] {
            let step = situation(try ended(retention, [reason]), .present(try run()), after: seconds, isTurn: false)
                .next()
            let status = try #require(step.status)
            #expect(status.condition(.retained) == nil)
        }
    }

    // MARK: Turns and refusals

    @Test func `steps that send requests wait for their turn`() throws {
        var managed = both
        managed.management = .helmRelease
        for (retention, seconds) in [(both, Int64(10)), (both, 60), (managed, 60)] {
            let step = situation(try ended(retention), .present(try run()), after: seconds, isTurn: false).next()
            #expect(step.due == Fixtures.start + .seconds(10), "its time has come")
        }
    }

    /// If only a live read found the engine missing, no watch may report that it is back.
    @Test func `looks again for an engine that a live read found gone`() throws {
        let first = situation(try ended(both), .engineMissing, after: 60)
        let reported = Fixtures.execution(status: try #require(first.next().status), retention: both)
        let again = situation(reported, .engineMissing, after: 60).next()
        guard case .idle(.seconds(30)?) = again else {
            Issue.record("\(again)")
            return
        }
    }

    @Test func `reports a rejected deletion and retries it later`() throws {
        let refusal = Refusal(reason: .forbidden, message: "no such right", isLasting: true, pause: .seconds(7))
        let first = situation(try ended(both), .present(try run()), after: 60, isProven: true, refusal: refusal)
        let status = try #require(first.next().status)
        #expect(status.condition(.retained)?.reason == "Forbidden")
        let reported = Fixtures.execution(status: status, retention: both)
        let again = situation(reported, .present(try run()), after: 60, isProven: true, refusal: refusal).next()
        guard case .waiting(.seconds(7)) = again else {
            Issue.record("\(again.name)")
            return
        }
        #expect(situation(reported, .present(try run()), after: 60, isProven: true).next().name == "deleteRun")
    }
}

extension Step {
    /// The time that is waited for.
    fileprivate var due: ServerTime? {
        if case .expireLater(let due, _) = self { due } else { nil }
    }
}

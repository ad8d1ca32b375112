import KubeClient
import Status
import Testing
import TowlineAPI

/// The updates of an execution's status.
@Suite struct ExecutionStatusTests {
    private let start = ServerTime(seconds: 1_767_225_600, nanoseconds: 123_456_789)
    private let run = RunReference(apiVersion: "tekton.dev/v1", kind: "PipelineRun", name: "a-0123456789", uid: "r1")

    private func running(_ reason: Reason = .executing, progress: String? = nil) -> ExecutionEvent {
        .observed(Observation(reason: reason, engine: .tekton, runRef: run, progress: progress, executed: true))
    }

    private func states(_ status: ExecutionStatus) -> [String] {
        status.conditions.map { "\($0.type)=\($0.status.rawValue)" }
    }

    @Test func `an execution moves from Pending to Running to Completed`() throws {
        let held = try #require(
            ExecutionStatus().after(
                .held(.engineUnavailable, message: "no CRD", engine: .tekton), generation: 1, now: start))
        #expect(held.phase == .pending && held.reason == .engineUnavailable && held.startedAt == nil)
        #expect(states(held) == ["Succeeded=Unknown", "Finished=False", "Ready=False", "Reconciling=True"])

        let running = try #require(held.after(running(progress: "1/2"), generation: 1, now: start + .seconds(9)))
        #expect(running.phase == .running && running.runRef == run && running.progress == "1/2")
        #expect(running.startedAt?.rfc3339Microseconds == "2026-01-01T00:00:09.000000Z")
        #expect(running.updatedAt?.rfc3339Microseconds == "2026-01-01T00:00:09.123456Z")
        #expect(running.condition(.reconciling)?.lastTransitionTime == held.condition(.reconciling)?.lastTransitionTime)

        let done = try #require(running.after(self.running(.succeeded), generation: 2, now: start + .seconds(20)))
        #expect(done.phase == .completed && done.outcome == .success && done.progress == "1/2")
        #expect(done.finishedAt?.seconds == start.seconds + 20 && done.startedAt == running.startedAt)
        #expect(running.duration == nil && done.duration == "11s")
        #expect(states(done) == ["Succeeded=True", "Finished=True", "Ready=True"])
        #expect(done.conditions.allSatisfy { $0.observedGeneration == 2 && $0.reason == "Succeeded" })
    }

    @Test func `an execution that fails without a run executed nothing`() throws {
        let failed = try #require(
            ExecutionStatus().after(.ended(.rejected, message: "no", engine: .argo), generation: 1, now: start))
        #expect(failed.phase == .failed && failed.outcome == .error && failed.executed == false)
        #expect(failed.startedAt == nil && failed.finishedAt == start.roundedDownToSeconds)
        #expect(states(failed) == ["Succeeded=False", "Finished=True", "Ready=False", "Stalled=True"])
    }

    @Test(arguments: [
        (0, "0s"), (59, "59s"), (60, "1m0s"), (92, "1m32s"), (3600, "1h0m0s"), (93_605, "26h0m5s"), (-7, "0s"),
    ])
    func `duration is the time from start to end in Go's notation`(_ seconds: Int, _ text: String) throws {
        let running = try #require(ExecutionStatus().after(running(), generation: 1, now: start))
        let done = try #require(
            running.after(self.running(.stepFailed), generation: 1, now: start + .seconds(seconds)))
        #expect(done.duration == text)
    }

    @Test func `an execution that never started has no duration`() throws {
        let failed = try #require(
            ExecutionStatus().after(.ended(.rejected, message: "", engine: .argo), generation: 1, now: start))
        #expect(failed.finishedAt != nil && failed.duration == nil)
    }

    @Test func `a hold or an end with a reason of the other is ignored`() {
        let status = ExecutionStatus().after(.acknowledged, generation: 1, now: start)
        #expect(status?.after(.held(.rejected, message: "", engine: nil), generation: 1, now: start) == nil)
        #expect(status?.after(.ended(.quotaExceeded, message: "", engine: nil), generation: 1, now: start) == nil)
    }

    @Test func `executed is unknown if a run may have existed`() throws {
        let lost = try #require(
            ExecutionStatus().after(
                .ended(.cancelled, message: "", engine: .argo, provesNoRun: false), generation: 1, now: start))
        #expect(lost.executed == nil && lost.message == nil)
    }

    @Test func `executed is unknown if another object has the name of the run`() throws {
        let taken = try #require(
            ExecutionStatus().after(.ended(.nameCollision, message: "", engine: .argo), generation: 1, now: start))
        #expect(taken.executed == nil && taken.reason == .nameCollision)
    }

    @Test func `a run that had ended when first seen sets startedAt`() throws {
        let done = try #require(ExecutionStatus().after(running(.stepFailed), generation: 1, now: start))
        #expect(done.phase == .failed && done.startedAt == start.roundedDownToSeconds)
        #expect(done.finishedAt == done.startedAt)
    }

    @Test func `a hold leaves a running execution in Running`() throws {
        let running = try #require(ExecutionStatus().after(running(), generation: 1, now: start))
        let frozen = try #require(
            running.after(
                [
                    .held(.engineUnavailable, message: "the CRD is gone", engine: .tekton),
                    .conditionSet(.engineUnavailable, .true, reason: .general(.engineUnavailable), message: "gone"),
                ], generation: 1, now: start + .seconds(1)))
        #expect(frozen.phase == .running && frozen.reason == .engineUnavailable && frozen.outcome == nil)
        #expect(frozen.condition(.engineUnavailable)?.status == .true)
        let back = try #require(
            frozen.after(
                [self.running(), .conditionRemoved(.engineUnavailable)], generation: 1, now: start + .seconds(2)))
        #expect(back.reason == .executing && back.condition(.engineUnavailable) == nil)
    }

    @Test func `the end is final except for conditions`() throws {
        let done = try #require(ExecutionStatus().after(running(.cancelled), generation: 1, now: start))
        #expect(done.after(running(.succeeded), generation: 1, now: start + .seconds(1)) == nil)
        #expect(done.after(.ended(.runDeleted, message: "", engine: nil), generation: 1, now: start) == nil)
        let gone = try #require(
            done.after(
                .conditionSet(.runPresent, .false, reason: .general(.runDeleted), message: "deleted"),
                generation: 1,
                now: start + .seconds(3)))
        #expect(gone.outcome == .cancelled && gone.condition(.runPresent)?.status == .false)
        #expect(gone.finishedAt == done.finishedAt)
    }

    @Test func `a new generation of a finished execution is observed`() throws {
        let done = try #require(ExecutionStatus().after(running(.succeeded), generation: 1, now: start))
        let seen = try #require(done.after(.acknowledged, generation: 2, now: start + .seconds(60)))
        #expect(seen.observedGeneration == 2)
        #expect(seen.conditions.map(\.lastTransitionTime) == done.conditions.map(\.lastTransitionTime))
        #expect(seen.conditions.allSatisfy { $0.observedGeneration == 2 })
    }

    @Test func `a clock that runs backward keeps the order of the times`() throws {
        let running = try #require(ExecutionStatus().after(running(), generation: 1, now: start))
        let done = try #require(running.after(self.running(.succeeded), generation: 1, now: start - .seconds(50)))
        #expect(done.finishedAt == running.startedAt)
        #expect(try #require(done.updatedAt) > #require(running.updatedAt))
    }

    @Test func `runRef keeps the first run seen`() throws {
        let running = try #require(ExecutionStatus().after(running(), generation: 1, now: start))
        var other = run
        other.uid = "r2"
        let next = try #require(
            running.after(
                .observed(Observation(reason: .queued, engine: .tekton, runRef: other)), generation: 1, now: start))
        #expect(next.runRef == run && next.executed == true)
    }

    @Test func `the first resolved workflow stays`() throws {
        let workflow = ResolvedWorkflow(
            engine: .argo, target: WorkflowTarget(name: "restart"), timeoutSeconds: 60,
            parameters: [MapEntry(key: "A", value: "1")], definitionUID: "d1")
        let resolved = try #require(ExecutionStatus().after(.resolved(workflow), generation: 1, now: start))
        #expect(resolved.resolved == workflow && resolved.engine == .argo && resolved.phase == .pending)
        var other = workflow
        other.definitionUID = "d2"
        #expect(resolved.after(.resolved(other), generation: 1, now: start) == nil)
        let running = try #require(ExecutionStatus().after(running(), generation: 1, now: start))
        #expect(running.after(.resolved(other), generation: 1, now: start) == nil)
    }

    @Test func `texts are cut at a character boundary`() throws {
        let long = String(repeating: "é", count: 600)
        let status = try #require(
            ExecutionStatus().after(.ended(.rejected, message: long, engine: nil), generation: 1, now: start))
        let message = try #require(status.message)
        #expect(message.utf8.count == 1023 && message.hasSuffix("é…"))
        #expect(status.condition(.succeeded)?.message == message)
    }

    @Test func `derived conditions cannot be set by an event`() {
        for type in [ConditionType.succeeded, .finished, .ready, .reconciling, .stalled] {
            let status = ExecutionStatus().after(.acknowledged, generation: 1, now: start)
            #expect(
                status?.after(
                    [
                        .conditionSet(type, .true, reason: .general(.succeeded), message: ""),
                        .conditionRemoved(type),
                    ],
                    generation: 1, now: start) == nil)
        }
    }

    @Test func `a reason of a newer version is kept`() throws {
        var status = try #require(ExecutionStatus().after(running(.succeeded), generation: 1, now: start))
        status.reason = nil
        for index in status.conditions.indices { status.conditions[index].reason = "FutureWord" }
        let seen = try #require(status.after(.acknowledged, generation: 2, now: start))
        #expect(seen.reason == nil)
        #expect(seen.conditions.allSatisfy { $0.reason == "FutureWord" })
    }
}

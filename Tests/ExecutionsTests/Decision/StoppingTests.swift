import Engines
import KubeClient
import Status
import Testing
import TowlineAPI

@testable import Executions

/// Stopping a run on request or at its timeout, with clock skew and with an API server that rejects it.
@Suite struct StoppingTests {
    private let running = Fixtures.condition(
        "Unknown", "Running", "Tasks Completed: 1 (Failed: 0, Cancelled 0), Incomplete: 2, Skipped: 0")
    private let refusal = Refusal(reason: .forbidden, message: "the API server answers: no", isLasting: true)

    /// A run that the engine says it began at `start`, stored at `creation`.
    private func run(_ start: ServerTime?, creation: ServerTime = Fixtures.start, asked: String? = nil) throws
        -> EngineRun
    {
        var spec: JSONValue = ["pipelineRef": ["name": "restart"]]
        if let asked { spec["status"] = .string(asked) }
        return try Fixtures.pipelineRun(
            condition: running, startTime: start, spec: spec,
            metadata: ["creationTimestamp": .string(creation.rfc3339)])
    }

    private func execution(_ run: EngineRun, timeout: Int64? = 100, _ shutdown: Shutdown? = nil) throws
        -> WorkflowExecution
    {
        Fixtures.execution(
            spec: {
                $0.executionConfig.timeoutSeconds = timeout
                $0.shutdown = shutdown
            }, status: try Fixtures.running(run))
    }

    private func moment(_ seconds: Int64) -> ContinuousClock.Instant { Fixtures.instant + .seconds(seconds) }

    /// The step `seconds` after the start for an operator that saw the run first after `first` seconds.
    private func step(
        _ execution: WorkflowExecution, _ run: EngineRun, after seconds: Int64, seenFrom first: Int64 = 0,
        serverTells: Bool = true, edit: (inout Timeline) -> Void = { _ in }
    ) -> Step {
        var timeline = Timeline()
        let seen = serverTells ? Fixtures.start + .seconds(first) : nil
        timeline.see(execution, at: moment(first), now: seen)
        timeline.see(run, at: moment(first), now: seen)
        edit(&timeline)
        return Fixtures.situation(
            execution, run: .present(run), now: Fixtures.start + .seconds(seconds), timeline: timeline
        ).next()
    }

    // MARK: Timeouts and clocks

    @Test func `terminates a run at its timeout and gives the verdict 30 s after that was accepted`() throws {
        let run = try Fixtures.pipelineRun(condition: running, startTime: Fixtures.start)
        let execution = Fixtures.execution(
            spec: { $0.executionConfig.timeoutSeconds = 100 }, status: try Fixtures.running(run))
        func step(after seconds: Int64, _ run: EngineRun) -> Step {
            Fixtures.situation(execution, run: .present(run), now: Fixtures.start + .seconds(seconds)).next()
        }
        #expect(step(after: 159, run).name == "idle")
        #expect(step(after: 160, run).name == "stopRun")
        let asked = try Fixtures.pipelineRun(
            condition: running, startTime: Fixtures.start, spec: ["pipelineRef": ["name": "x"], "status": "Cancelled"])
        #expect(step(after: 189, asked).status?.phase != .failed)
        let status = try #require(step(after: 190, asked).status)
        #expect(status.outcome == .timeout)
        #expect(status.reason == .watchdogExpired)
        let ended = try Fixtures.pipelineRun(
            condition: Fixtures.condition("False", "Cancelled"), startTime: Fixtures.start,
            completionTime: Fixtures.start + .seconds(161), spec: ["status": "Cancelled"])
        let verdict = try #require(step(after: 162, ended).status)
        #expect(verdict.reason == .watchdogExpired)
    }

    @Test(arguments: EngineName.allCases)
    func `a verdict without the engine names the run even if no status was written before`(_ engine: EngineName) throws
    {
        func run(isAsked: Bool) throws -> EngineRun {
            switch engine {
            case .tekton:
                try Fixtures.pipelineRun(
                    condition: running, startTime: Fixtures.start, spec: isAsked ? ["status": "Cancelled"] : [:])
            case .argo:
                try Fixtures.workflow(
                    "Running", spec: isAsked ? ["shutdown": "Terminate"] : [:], startedAt: Fixtures.start)
            }
        }
        let execution = Fixtures.execution(engine: engine, spec: { $0.executionConfig.timeoutSeconds = 100 })
        let asked = try run(isAsked: true)
        var timeline = Timeline()
        timeline.see(execution, at: Fixtures.instant, now: Fixtures.start)
        timeline.see(try run(isAsked: false), at: Fixtures.instant, now: Fixtures.start)
        timeline.see(asked, at: moment(160), now: Fixtures.start + .seconds(160))
        let step = Fixtures.situation(
            execution, run: .present(asked), now: Fixtures.start + .seconds(200), timeline: timeline
        ).next()
        let status = try #require(step.status)
        #expect(status.reason == .watchdogExpired && status.outcome == .timeout)
        #expect(status.runRef == EngineRegistry.engine(engine).reference(to: asked))
        #expect(status.startedAt != nil)
    }

    @Test(arguments: [-86_400, -3600, -300, 300, 3600, 86_400] as [Int64])
    func `leaves a healthy run alone whose engine's clock is off`(_ offset: Int64) throws {
        let run = try run(Fixtures.start + .seconds(offset))
        let execution = try execution(run)
        for seconds in [0, 1, 100, 159] as [Int64] {
            #expect(step(execution, run, after: seconds).name != "stopRun", "\(seconds)")
        }
        #expect(step(execution, run, after: 160).name == "stopRun")
    }

    @Test func `counts time from before a restart by the API server's clock alone`() throws {
        let run = try run(Fixtures.start - .seconds(3600))
        let execution = try execution(run)
        #expect(step(execution, run, after: 151, seenFrom: 150).name != "stopRun")
        #expect(step(execution, run, after: 160, seenFrom: 150).name == "stopRun")
        #expect(step(execution, run, after: 5000, seenFrom: 5000).name == "stopRun", "also after long downtime")
    }

    @Test func `does not count time in the engine's queue against the timeout after a restart`() throws {
        let run = try run(Fixtures.start + .seconds(7200))
        let execution = try execution(run)
        #expect(step(execution, run, after: 7300, seenFrom: 7250).name != "stopRun")
        #expect(step(execution, run, after: 7360, seenFrom: 7250).name == "stopRun")
    }

    /// Kueue holds a PipelineRun as pending; Tekton sets its start time only once it is released.
    @Test func `a run that is queued for longer than its timeout is not stopped`() throws {
        let pending = Fixtures.condition("Unknown", "PipelineRunPending")
        let queued = try Fixtures.pipelineRun(condition: pending)
        let execution = try execution(queued)
        for seconds in [0, 160, 5000, 500_000] as [Int64] {
            #expect(step(execution, queued, after: seconds).name != "stopRun", "\(seconds)")
        }
        // It counts once the engine has started it.
        let started = try run(Fixtures.start + .seconds(6000))
        #expect(step(execution, started, after: 6159, seenFrom: 6000).name != "stopRun")
        #expect(step(execution, started, after: 6160, seenFrom: 6000).name == "stopRun")
    }

    @Test func `counts from its own first look while the API server does not tell the time`() throws {
        let run = try run(Fixtures.start)
        let execution = try execution(run)
        #expect(step(execution, run, after: 5000, seenFrom: 5000, serverTells: false).name != "stopRun")
        #expect(step(execution, run, after: 5160, seenFrom: 5000, serverTells: false).name == "stopRun")
    }

    @Test func `gives no verdict before the request to terminate was accepted for 30 seconds`() throws {
        let late = try run(Fixtures.start, asked: "Cancelled")
        let execution = try execution(late)
        // The operator was down at the limit; it sees the accepted request only now.
        #expect(step(execution, late, after: 1029, seenFrom: 1000).status?.phase != .failed)
        let verdict = try #require(step(execution, late, after: 1030, seenFrom: 1000).status)
        #expect(verdict.reason == .watchdogExpired)
        #expect(verdict.message?.contains("requested termination") == true)
        #expect(verdict.message?.contains("may still be running") == true)
    }

    @Test func `says that it could not stop a run whose stop was refused for five minutes`() throws {
        let run = try run(Fixtures.start)
        let execution = try execution(run)
        func step(after seconds: Int64) -> Step {
            self.step(execution, run, after: seconds) { $0.stopFailed(refusal, at: moment(160)) }
        }
        #expect(step(after: 161).name == "stopRun", "it is asked again")
        let verdict = { (seconds: Int64) in
            var timeline = Timeline()
            timeline.see(run, at: moment(0), now: Fixtures.start)
            timeline.stopFailed(refusal, at: moment(160))
            return Fixtures.situation(
                execution, run: .present(run), now: Fixtures.start + .seconds(seconds), timeline: timeline
            ) { $0.stopRefusal = refusal }.next().status
        }
        #expect(try #require(verdict(459)).phase == .running)
        let status = try #require(verdict(460))
        #expect(status.reason == .watchdogExpired)
        #expect(status.outcome == .timeout)
        #expect(status.message?.contains("could not be stopped and may still be running") == true)
        #expect(status.message?.contains("requested termination") == false)
        #expect(status.condition(.shutdownRefused)?.reason == "Forbidden")
    }

    @Test func `does not take a run that somebody else cancelled long before its timeout for its own work`() throws {
        let ended = try Fixtures.pipelineRun(
            condition: Fixtures.condition("False", "Cancelled"), startTime: Fixtures.start,
            completionTime: Fixtures.start + .seconds(20), spec: ["status": "Cancelled"],
            metadata: ["creationTimestamp": .string(Fixtures.start.rfc3339)])
        let execution = try execution(try run(Fixtures.start))
        let status = try #require(step(execution, ended, after: 9000, seenFrom: 9000).status)
        #expect(status.reason == .cancelled)
    }

    // MARK: Refused requests

    @Test(arguments: EngineName.allCases) func `reports a refused stop and keeps asking`(_ engine: EngineName) throws {
        let run = engine == .tekton ? try run(Fixtures.start) : try Fixtures.workflow("Running")
        let execution = Fixtures.execution(
            engine: engine, spec: { $0.shutdown = .terminate },
            status: try #require(
                Fixtures.situation(Fixtures.execution(engine: engine), run: .present(run)).next().status),
            generation: 2)
        let refused = Fixtures.situation(execution, run: .present(run), now: Fixtures.start + .seconds(5)) {
            $0.timeline.stopFailed(refusal, at: moment(5))
            $0.stopRefusal = refusal
        }
        let status = try #require(refused.next().status)
        #expect(status.phase == .running)
        #expect(status.reason == .shutdownRefused)
        #expect(status.message?.contains("Grant the operator the verb patch") == true)
        let condition = try #require(status.condition(.shutdownRefused))
        #expect(condition.status == .true && condition.reason == "Forbidden")
        let news = Notice.transitions(from: execution.status, to: status, wasCreated: false, namesake: nil)
        #expect(news.contains { $0.reason == "ShutdownRefused" && $0.type == .warning })
        // Reported once, then only asked again.
        let reported = Fixtures.execution(
            engine: engine, spec: { $0.shutdown = .terminate }, status: status, generation: 2)
        let again = Fixtures.situation(reported, run: .present(run), now: Fixtures.start + .seconds(6)) {
            $0.timeline.stopFailed(refusal, at: moment(5))
            $0.stopRefusal = refusal
        }
        #expect(again.next().name == "failed")
        let next = Fixtures.situation(reported, run: .present(run), now: Fixtures.start + .seconds(9)) {
            $0.timeline.stopFailed(refusal, at: moment(5))
        }
        #expect(next.next().name == "stopRun")
    }

    @Test func `withdraws the refusal once the request was accepted`() throws {
        let asked = try run(Fixtures.start, asked: "Cancelled")
        var status = try Fixtures.running(try run(Fixtures.start))
        let event = ExecutionEvent.conditionSet(
            .shutdownRefused, .true, reason: .general(.forbidden), message: "no")
        status = try #require(status.after(event, generation: 1, now: Fixtures.start))
        let execution = Fixtures.execution(spec: { $0.shutdown = .terminate }, status: status)
        let accepted = try #require(step(execution, asked, after: 9).status)
        #expect(accepted.condition(.shutdownRefused) == nil)
        #expect(accepted.reason == .cancelling)
    }

    @Test func `reports a transient failure only after a while`() throws {
        let run = try run(Fixtures.start)
        let execution = try execution(run, timeout: nil, .stop)
        let passing = Refusal(reason: .apiUnavailable, message: "busy", isLasting: false, pause: .seconds(2))
        func step(after seconds: Int64) -> Step {
            Fixtures.situation(execution, run: .present(run), now: Fixtures.start + .seconds(seconds)) {
                $0.timeline.stopFailed(passing, at: moment(5))
                $0.stopRefusal = passing
            }.next()
        }
        guard case .failed(.seconds(2)) = step(after: 10) else { return #expect(Bool(false), "\(step(after: 10))") }
        #expect(try #require(step(after: 35).status).reason == .shutdownRefused)
    }

    @Test func `keeps requesting the termination of a run after the verdict`() throws {
        let run = try run(Fixtures.start)
        let verdict = ExecutionEvent.ended(.watchdogExpired, message: "could not be stopped", engine: .tekton)
        let status = try #require(
            try Fixtures.running(run).after(verdict, generation: 1, now: Fixtures.start + .seconds(460)))
        let ended = Fixtures.execution(status: status)
        #expect(
            Fixtures.situation(ended, run: .present(run), now: Fixtures.start + .seconds(500)).next().name == "stopRun")
        let refused = Fixtures.situation(ended, run: .present(run), now: Fixtures.start + .seconds(500)) {
            $0.isRunConfirmed = true
            $0.timeline.stopFailed(refusal, at: moment(500))
            $0.stopRefusal = refusal
        }
        let reported = try #require(refused.next().status)
        #expect(reported.reason == .watchdogExpired)
        #expect(reported.condition(.shutdownRefused)?.status == .true)
        let asked = try self.run(Fixtures.start, asked: "Cancelled")
        let accepted = Fixtures.situation(
            Fixtures.execution(status: reported), run: .present(asked), now: Fixtures.start + .seconds(510))
        #expect(try #require(accepted.next().status).condition(.shutdownRefused) == nil)
    }

    @Test func `a rejected stop after the verdict does not delay a TTL`() throws {
        let run = try run(Fixtures.start)
        let verdict = ExecutionEvent.ended(.watchdogExpired, message: "could not be stopped", engine: .tekton)
        var status = try #require(
            try Fixtures.running(run).after(verdict, generation: 1, now: Fixtures.start + .seconds(460)))
        var pausing = refusal
        pausing.pause = .seconds(7)
        func step(ttl seconds: UInt32) -> Step {
            let retention = Retention(executionSeconds: seconds)
            let ended = Fixtures.execution(status: status, retention: retention)
            return Fixtures.situation(ended, run: .present(run), now: Fixtures.start + .seconds(500)) {
                $0.isRunConfirmed = true
                $0.timeline.stopFailed(pausing, at: moment(500))
                $0.stopRefusal = pausing
            }.next()
        }
        status = try #require(step(ttl: 3600).status)
        // The backoff of the next stop request may be longer than any of these TTLs.
        for seconds: UInt32 in [45, 60, 3600] {
            guard case .expireLater(let due, .seconds(7)) = step(ttl: seconds) else {
                Issue.record("the TTL of \(seconds) seconds is not planned")
                continue
            }
            #expect(due == Fixtures.start + .seconds(460 + Int64(seconds)))
        }
    }

    // MARK: Ownership and deletion

    @Test(arguments: EngineName.allCases)
    func `follows a run whose owner reference was removed`(_ engine: EngineName) throws {
        let other = "bbbbbbbb-0000-4000-8000-000000000001"
        func run(_ isEnded: Bool = false, owner: String = Fixtures.uid) throws -> EngineRun {
            switch engine {
            case .tekton:
                let end = Fixtures.condition("True", "Succeeded")
                return try Fixtures.pipelineRun(owner: owner, condition: isEnded ? end : running)
            case .argo: return try Fixtures.workflow(isEnded ? "Succeeded" : "Running", owner: owner)
            }
        }
        let first = Fixtures.situation(Fixtures.execution(engine: engine), run: .present(try run())).next()
        let execution = Fixtures.execution(engine: engine, status: try #require(first.status))
        let status = try #require(step(execution, try run(owner: other), after: 5).status)
        #expect(status.phase == .running)
        #expect(status.condition(.runOwned)?.status == .false)
        let stripped = Fixtures.execution(engine: engine, status: status)
        let restored = try #require(step(stripped, try run(), after: 9).status)
        #expect(restored.condition(.runOwned) == nil)
        let end = try #require(step(stripped, try run(true, owner: other), after: 9).status)
        #expect(end.phase == .completed)
        #expect(end.condition(.runOwned) == nil)
    }

    @Test func `says that a run is being deleted while a finalizer holds it`() throws {
        let held = try Fixtures.pipelineRun(
            version: "21", condition: running,
            metadata: [
                "deletionTimestamp": .string(Fixtures.start.rfc3339), "finalizers": ["chains.tekton.dev/pipelinerun"],
            ])
        let execution = Fixtures.execution(status: try Fixtures.running(try run(Fixtures.start)))
        let status = try #require(step(execution, held, after: 5).status)
        #expect(status.phase == .running && status.reason == .executing)
        #expect(status.message?.contains("is being deleted") == true)
        #expect(status.message?.contains("is blocked by the finalizer chains.tekton.dev/pipelinerun") == true)
        let refused = Fixtures.situation(execution, run: .present(held), now: Fixtures.start + .seconds(5)) {
            $0.timeline.stopFailed(refusal, at: moment(5))
            $0.stopRefusal = refusal
        }
        let both = try #require(refused.next().status)
        #expect(both.reason == .shutdownRefused)
        #expect(both.message?.contains("is being deleted") == true && both.message?.contains("not be stopped") == true)
    }
}

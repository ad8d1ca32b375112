import Engines
import KubeClient
import Testing
import TowlineAPI

@testable import Executions

/// What happens before a run was seen.
@Suite struct StartingTests {
    @Test func `creates the run of a new execution at once`() {
        #expect(Fixtures.situation(Fixtures.execution()).next().name == "createRun")
        #expect(Fixtures.situation(Fixtures.execution(engine: .argo)).next().name == "createRun")
    }

    @Test func `creates no run for an execution that is being deleted`() {
        #expect(Fixtures.situation(Fixtures.execution(deletion: Fixtures.start)).next().name == "idle")
    }

    @Test func `reports a missing engine and waits for it`() throws {
        let situation = Fixtures.situation(Fixtures.execution(), isEngineServed: false)
        let status = try #require(situation.next().status)
        #expect(status.phase == .pending)
        #expect(status.reason == .engineUnavailable)
        #expect(status.message?.contains("Tekton") == true)
        // Said once: the same situation with that status in place only waits.
        #expect(Fixtures.situation(Fixtures.execution(status: status), isEngineServed: false).next().name == "waiting")
    }

    @Test func `reports an engine that the operator does not serve and does nothing else`() throws {
        let ended = { (spec: inout ExecutionSpec) in
            spec.shutdown = .terminate
            spec.executionConfig.startDeadlineSeconds = 1
        }
        let late = Fixtures.start + .seconds(60)
        let situation = Fixtures.situation(Fixtures.execution(spec: ended), run: .engineNotFollowed, now: late)
        let status = try #require(situation.next().status)
        #expect(status.phase == .pending, "whether there is a run may not be asked")
        #expect(status.reason == .engineUnavailable)
        #expect(status.message?.contains("--engine") == true)
        let reported = Fixtures.execution(spec: ended, status: status)
        let rest = Fixtures.situation(reported, run: .engineNotFollowed, now: late).next()
        guard case .idle(nil) = rest else { return #expect(Bool(false), "\(rest)") }
    }

    @Test func `reports a transient failure and then retries`() throws {
        let failure = CreateFailure.transient(.quotaExceeded, message: "exceeded quota", retryAfter: .seconds(3))
        let situation = Fixtures.situation(Fixtures.execution()) { $0.createFailure = failure }
        let status = try #require(situation.next().status)
        #expect(status.phase == .pending)
        #expect(status.reason == .quotaExceeded)
        let again = Fixtures.situation(Fixtures.execution(status: status)) { $0.createFailure = failure }
        guard case .waiting(.seconds(3)) = again.next() else { return #expect(Bool(false), "\(again.next())") }
    }

    @Test func `honors the server's Retry-After no matter what queued the execution`() {
        let woken = Fixtures.situation(Fixtures.execution()) { $0.createDelay = .seconds(2) }
        guard case .deferred(.seconds(2)) = woken.next() else { return #expect(Bool(false), "\(woken.next())") }
        let stopped = Fixtures.situation(Fixtures.execution(spec: { $0.shutdown = .stop })) {
            $0.createDelay = .seconds(2)
        }
        #expect(stopped.next().name == "readRun")
    }

    @Test func `a wait for a turn is reported once, unless it is short`() throws {
        func step(_ waited: Duration, isSlow: Bool) -> Step {
            Fixtures.situation(Fixtures.execution()) { $0.createAdmission = .wait(waited: waited, isSlow: isSlow) }
                .next()
        }
        let short = step(.milliseconds(300), isSlow: true)
        guard case .deferred(.milliseconds(700)) = short else { return #expect(Bool(false), "\(short)") }
        // In a burst that moves on, each execution would cost another write.
        let burst = step(.seconds(4), isSlow: false)
        guard case .deferred(.seconds(4)) = burst else { return #expect(Bool(false), "\(burst)") }
        #expect(step(.seconds(10), isSlow: false).status?.reason == .waitingToCreate)
        let status = try #require(step(.seconds(1), isSlow: true).status)
        #expect(status.phase == .pending)
        #expect(status.reason == .waitingToCreate)
        let reported = Fixtures.situation(Fixtures.execution(status: status)) {
            $0.createAdmission = .wait(waited: .seconds(2), isSlow: true)
        }
        #expect(reported.next().name == "deferred")
    }

    @Test func `an obstacle that was met is not replaced by a wait for a turn`() throws {
        let failure = CreateFailure.transient(.webhookUnavailable, message: "no answer", retryAfter: nil)
        let met = Fixtures.situation(Fixtures.execution()) { $0.createFailure = failure }
        let held = Fixtures.execution(status: try #require(met.next().status))
        let waiting = Fixtures.situation(held) { $0.createAdmission = .wait(waited: .seconds(9), isSlow: true) }
        #expect(waiting.next().name == "deferred")
    }

    @Test func `the start deadline does not count what the operator kept waiting`() throws {
        let execution = Fixtures.execution(spec: { $0.executionConfig.startDeadlineSeconds = 60 })
        let now = Fixtures.start + .seconds(99)
        let charged = Fixtures.situation(execution, run: .absent(last: nil), now: now)
        #expect(charged.next().status?.reason == .startDeadlineExceeded)
        let queued = Fixtures.situation(execution, run: .absent(last: nil), now: now) {
            $0.timeInOwnQueues = .seconds(40)
        }
        #expect(queued.next().name == "createRun")
        let over = Fixtures.situation(execution, run: .absent(last: nil), now: now + .seconds(1)) {
            $0.timeInOwnQueues = .seconds(40)
        }
        #expect(over.next().status?.reason == .startDeadlineExceeded)
    }

    @Test func `a run that was tried a moment ago is not tried again at once`() {
        let paused = Fixtures.situation(Fixtures.execution()) { $0.createAdmission = .pause(.milliseconds(70)) }
        guard case .deferred(.milliseconds(70)) = paused.next() else { return #expect(Bool(false), "\(paused.next())") }
    }

    @Test func `a permanent failure ends the execution once it is confirmed that no run exists`() throws {
        let failure = CreateFailure.permanent(.policyDenied, message: "denied by no-latest")
        let unproven = Fixtures.situation(Fixtures.execution()) { $0.createFailure = failure }
        #expect(unproven.next().name == "readRun")
        let proven = Fixtures.situation(Fixtures.execution(), run: .absent(last: nil)) { $0.createFailure = failure }
        let status = try #require(proven.next().status)
        #expect(status.phase == .failed)
        #expect(status.outcome == .error)
        #expect(status.reason == .policyDenied)
        #expect(status.startedAt == nil)
        #expect(status.finishedAt != nil)
    }

    @Test func `reads the object if the name of the run is taken`() throws {
        let taken = Fixtures.situation(Fixtures.execution()) { $0.createFailure = .nameTaken }
        #expect(taken.next().name == "readRun")
        // Gone again by the time it was read: the next attempt creates it.
        let gone = Fixtures.situation(Fixtures.execution(), run: .absent(last: nil)) { $0.createFailure = .nameTaken }
        #expect(gone.next().name == "failed")
    }

    @Test func `adopts its own run`() throws {
        let run = try Fixtures.pipelineRun()
        let status = try #require(Fixtures.situation(Fixtures.execution(), run: .present(run)).next().status)
        #expect(status.phase == .running)
        #expect(status.runRef?.uid == run.uid)
        #expect(status.startedAt == Fixtures.start)
    }

    @Test func `reports a foreign object with the name of the run as a collision`() throws {
        let foreign = try Fixtures.pipelineRun(owner: "bbbbbbbb-0000-4000-8000-000000000001")
        let status = try #require(Fixtures.situation(Fixtures.execution(), run: .present(foreign)).next().status)
        #expect(status.outcome == .error)
        #expect(status.reason == .nameCollision)
        #expect(status.runRef == nil)
    }

    @Test(arguments: [Shutdown.stop, .terminate])
    func `a shutdown without a run ends the execution only after a live read finds none`(
        _ shutdown: Shutdown
    ) throws {
        let execution = Fixtures.execution(spec: { $0.shutdown = shutdown })
        #expect(Fixtures.situation(execution).next().name == "readRun")
        let status = try #require(Fixtures.situation(execution, run: .absent(last: nil)).next().status)
        #expect(status.outcome == .cancelled)
        #expect(status.startedAt == nil)
    }

    /// The process that created the run may have ended before it stored that, and the engine may come back with it.
    @Test func `does not claim that nothing ran while the engine's API is not served`() throws {
        let execution = Fixtures.execution(spec: { $0.shutdown = .stop })
        let missing = try #require(Fixtures.situation(execution, run: .engineMissing).next().status)
        #expect(missing.outcome == .cancelled && missing.executed == nil)
        let absent = try #require(Fixtures.situation(execution, run: .absent(last: nil)).next().status)
        #expect(absent.outcome == .cancelled && absent.executed == false)
    }

    @Test func `the start deadline ends an execution only after a live read`() throws {
        let execution = Fixtures.execution(spec: { $0.executionConfig.startDeadlineSeconds = 600 })
        let before = Fixtures.start + .seconds(599)
        let after = Fixtures.start + .seconds(600)
        #expect(Fixtures.situation(execution, now: before).next().name == "createRun")
        #expect(Fixtures.situation(execution, now: after).next().name == "readRun")
        let status = try #require(Fixtures.situation(execution, run: .absent(last: nil), now: after).next().status)
        #expect(status.reason == .startDeadlineExceeded)
        #expect(status.outcome == .error)
    }

    @Test func `an exceeded start deadline names the last obstacle and promises no run`() throws {
        let spec: (inout ExecutionSpec) -> Void = { $0.executionConfig.startDeadlineSeconds = 600 }
        let after = Fixtures.start + .seconds(600)
        let waiting = Fixtures.situation(Fixtures.execution(spec: spec)) { $0.isEngineServed = false }
        let held = try #require(waiting.next().status)
        let over = Fixtures.situation(
            Fixtures.execution(spec: spec, status: held), run: .absent(last: nil), now: after)
        let message = try #require(over.next().status?.message)
        #expect(
            message == """
                No run could be created within 600 seconds. Last obstacle: The API server does not serve \
                pipelineruns.tekton.dev in version v1: install Tekton Pipelines.
                """)
    }

    @Test func `no retry waits beyond the start deadline`() throws {
        let failure = CreateFailure.transient(.apiUnavailable, message: "busy", retryAfter: .seconds(100))
        let execution = Fixtures.execution(spec: { $0.executionConfig.startDeadlineSeconds = 60 })
        let first = Fixtures.situation(execution) { $0.createFailure = failure }
        let held = Fixtures.execution(
            spec: { $0.executionConfig.startDeadlineSeconds = 60 }, status: try #require(first.next().status))
        let second = Fixtures.situation(held, now: Fixtures.start + .seconds(20)) { $0.createFailure = failure }
        guard case .waiting(.seconds(40)) = second.next() else { return #expect(Bool(false), "\(second.next())") }
    }

    @Test func `never creates a run again that only the watch saw`() throws {
        let run = try Fixtures.pipelineRun(condition: Fixtures.condition("Unknown", "Running"))
        let execution = Fixtures.execution()
        #expect(Fixtures.situation(execution, run: .deleted(last: run)).next().name == "readRun")
        let status = try #require(Fixtures.situation(execution, run: .absent(last: run)).next().status)
        #expect(status.reason == .runDeleted)
    }

    @Test func `rejects an invalid spec without a run`() throws {
        let execution = Fixtures.execution(spec: { $0.workflowRef.clusterScope = true })
        let status = try #require(Fixtures.situation(execution, run: .absent(last: nil)).next().status)
        #expect(status.reason == .invalidSpec)
        #expect(status.message?.contains("clusterScope") == true)
    }

    @Test func `a source that the operator does not allow ends the execution without a run`() throws {
        let execution = Fixtures.execution(spec: { $0.workflowRef.containerImage = "registry.example.evil/a:1" })
        func situation(_ registries: [String]) -> Situation {
            var situation = Fixtures.situation(execution, run: .absent(last: nil))
            situation.allowedSources = AllowedSources(registries: registries)
            return situation
        }
        let status = try #require(situation(["registry.example"]).next().status)
        #expect(status.reason == .invalidSpec && status.executed == false)
        #expect(status.message?.contains("--allowed-registries") == true)
        #expect(situation(["registry.example.evil"]).next().name == "createRun")
        #expect(situation([]).next().name == "createRun")
    }

    /// The operator may have been restarted with another list.
    @Test func `a run that exists is followed regardless of its source`() throws {
        let run = try Fixtures.pipelineRun(condition: Fixtures.condition("Unknown", "Running"))
        var situation = Fixtures.situation(
            Fixtures.execution(spec: { $0.workflowRef.containerImage = "a.example/b" }), run: .present(run))
        situation.allowedSources = AllowedSources(registries: ["registry.example"])
        #expect(try #require(situation.next().status).phase == .running)
    }

    /// A create whose answer was lost may still arrive; an execution that ended without a run would get one.
    @Test func `ends without a run only once no create is in flight`() {
        let stopped = Fixtures.execution(spec: { $0.shutdown = .stop })
        let open = Fixtures.situation(stopped, run: .absent(last: nil)) {
            $0.pendingCreateDeadline = Fixtures.instant + .seconds(4)
        }
        guard case .idle(.seconds(4)) = open.next() else { return #expect(Bool(false), "\(open.next())") }
        let settled = Fixtures.situation(stopped, run: .absent(last: nil)) {
            $0.pendingCreateDeadline = Fixtures.instant
        }
        #expect(settled.next().status?.outcome == .cancelled)
        // A create in flight does not prevent another one, because the name of the run is the same.
        let wanted = Fixtures.situation(Fixtures.execution()) {
            $0.pendingCreateDeadline = Fixtures.instant + .seconds(4)
        }
        #expect(wanted.next().name == "createRun")
    }

    /// The foreign object may be gone when the create arrives.
    @Test func `a taken name is no verdict while a create is in flight`() throws {
        let later = Fixtures.instant + .seconds(4)
        let foreign = try Fixtures.pipelineRun(owner: "bbbbbbbb-0000-4000-8000-000000000001")
        let taken = Fixtures.situation(Fixtures.execution(), run: .present(foreign)) {
            $0.pendingCreateDeadline = later
        }
        guard case .idle(.seconds(4)) = taken.next() else { return #expect(Bool(false), "\(taken.next())") }
    }

    // MARK: Large specs

    /// An execution as a store keeps it, with `size` bytes of parameters.
    private func stored(_ engine: EngineName, size: Int) throws -> (stored: WorkflowExecution, whole: WorkflowExecution)
    {
        let object: JSONValue = [
            "metadata": ["name": "restart", "namespace": "payments", "uid": .string(Fixtures.uid)],
            "spec": [
                "workflowRef": ["workflowId": "restart", "engine": .string(engine.rawValue)],
                "parameters": ["A": .string(String(repeating: "x", count: size))],
                "runLabels": ["a.example/b": "c"], "executionConfig": ["timeoutSeconds": 60],
            ],
        ]
        var first = JSONCursor(object.encoded)
        var second = JSONCursor(object.encoded)
        return (try WorkflowExecution.storeDecoder(&first), try WorkflowExecution.decoder(&second))
    }

    @Test(arguments: EngineName.allCases)
    func `a store keeps a large spec in part, and the rest is read for the create`(_ engine: EngineName) throws {
        let small = try stored(engine, size: 4000)
        #expect(small.stored.spec == small.whole.spec)
        let (stored, whole) = try stored(engine, size: 9000)
        let spec = try #require(stored.spec)
        #expect(spec.isPartial && spec.parameters.isEmpty && spec.runLabels.isEmpty)
        #expect(spec.workflowRef == whole.spec?.workflowRef && spec.executionConfig == whole.spec?.executionConfig)
        guard case .readSpec = Fixtures.situation(stored, run: .absent(last: nil)).next() else {
            Issue.record("the spec is not read")
            return
        }
        // A label that the operator does not allow is only in the whole spec.
        let refused = Fixtures.situation(stored, run: .absent(last: nil)) { $0.whole = whole }.next()
        #expect(refused.status?.reason == .invalidSpec)
        var situation = Fixtures.situation(stored, run: .absent(last: nil)) { $0.whole = whole }
        situation.runLabels = RunLabels(allowedPrefixes: ["a.example/"])
        guard case .createRun(let manifest) = situation.next() else {
            Issue.record("the run is not created")
            return
        }
        let run = String(decoding: manifest, as: UTF8.self)
        #expect(run.contains(String(repeating: "x", count: 9000)) && run.contains("a.example/b"))
    }
}

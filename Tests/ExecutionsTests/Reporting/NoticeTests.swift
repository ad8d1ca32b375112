import Engines
import KubeClient
import KubeRuntime
import Testing
import TowlineAPI

@testable import Executions

@Suite struct NoticeTests {
    private let run = RunReference(
        apiVersion: "tekton.dev/v1", kind: "PipelineRun", name: "restart-3f9c2a71d0", uid: "run-uid")

    private func status(
        _ reason: Reason?, message: String? = nil, run: RunReference? = nil, phase: Phase? = nil
    ) -> ExecutionStatus {
        var status = ExecutionStatus()
        status.reason = reason
        status.phase = phase ?? reason?.phase ?? .pending
        status.outcome = reason?.outcome
        status.message = message
        status.runRef = run
        return status
    }

    private func notices(
        from old: ExecutionStatus, to new: ExecutionStatus, wasCreated: Bool = false, namesake: RunReference? = nil
    ) -> [Notice] {
        Notice.transitions(from: old, to: new, wasCreated: wasCreated, namesake: namesake)
    }

    @Test func `publishes one event for a created run`() {
        #expect(Notice.created(run).reason == "RunCreated")
        #expect(Notice.created(run).related == run)
        #expect(notices(from: status(nil), to: status(.awaitingEngine, run: run), wasCreated: true).isEmpty)
    }

    @Test func `publishes an event for an adopted run`() {
        let adopted = notices(from: status(nil), to: status(.executing, run: run))
        #expect(adopted.map(\.reason) == ["RunAdopted"])
        #expect(adopted.first?.type == .normal)
        #expect(adopted.first?.related == run)
        #expect(notices(from: status(.executing, run: run), to: status(.queued, run: run)).isEmpty)
        // It was gone before it could be adopted.
        #expect(notices(from: status(nil), to: status(.runDeleted, run: run)).map(\.reason) == ["RunDeleted"])
    }

    @Test(arguments: Reason.allCases) func `publishes one event for each end`(_ reason: Reason) {
        let events = notices(from: status(.executing, run: run), to: status(reason, message: "why", run: run))
        guard let outcome = reason.outcome else { return #expect(events.isEmpty) }
        #expect(events.map(\.reason) == [reason.rawValue])
        #expect(events.first?.detail == "why")
        #expect(events.first?.note == "\(outcome.phase.rawValue) with outcome \(outcome.rawValue)")
        #expect(events.first?.type == ([.success, .cancelled].contains(outcome) ? .normal : .warning))
        #expect(events.first?.related == run)
        let again = notices(from: status(reason, run: run), to: status(reason, message: "other", run: run))
        #expect(again.isEmpty)
    }

    /// A webhook's message about a deletion may contain parameters, which can no longer be masked after the end.
    @Test(arguments: [(Reason.forbidden.rawValue, false), (RetentionReason.runStillRunning.rawValue, true)])
    func `publishes a rejected deletion without the server's text`(_ reason: String, _ isQuoted: Bool) {
        let old = status(.succeeded, run: run)
        var new = old
        new.conditions = [
            Condition(
                type: ConditionType.retained.rawValue, status: .true, observedGeneration: 1,
                lastTransitionTime: Fixtures.start, reason: reason, message: "says hunter22")
        ]
        let events = notices(from: old, to: new)
        #expect(events.map(\.reason) == [reason])
        #expect(events.first?.detail.contains("hunter22") == isQuoted)
    }

    @Test func `the event of a name collision names the foreign object`() {
        let foreign = RunReference(apiVersion: "tekton.dev/v1", kind: "PipelineRun", name: "restart", uid: "foreign")
        let events = notices(from: status(nil), to: status(.nameCollision), namesake: foreign)
        #expect(events.map(\.type) == [.warning])
        #expect(events.first?.related == foreign)
        // Of a run that was replaced, the run is meant and not what has its name now.
        let replaced = notices(
            from: status(.executing, run: run), to: status(.runReplaced, run: run), namesake: foreign)
        #expect(replaced.first?.related == run)
    }

    @Test(arguments: Reason.allCases) func `publishes why a run is not created`(_ reason: Reason) {
        let execution = Fixtures.execution(status: status(reason, message: "why"))
        let failure = CreateFailure.transient(.quotaExceeded, message: "", retryAfter: nil)
        let held = Fixtures.situation(execution) { $0.createFailure = failure }.notCreatedNotice
        if reason.phase == .pending, reason != .waitingToCreate {
            #expect(held?.reason == reason.rawValue)
            #expect(held?.type == .warning)
            #expect(held?.detail == "why")
        } else {
            #expect(held == nil)
        }
    }

    @Test func `publishes only obstacles of an attempt to create the run`() {
        let waiting = Fixtures.execution(status: status(.quotaExceeded))
        #expect(Fixtures.situation(waiting) { $0.createDelay = .seconds(9) }.notCreatedNotice == nil)
        #expect(Fixtures.situation(waiting, run: .unreadable).notCreatedNotice == nil)
        #expect(Fixtures.situation(waiting, isEngineServed: false).notCreatedNotice != nil)
        // The run of an execution whose engine vanished is not held back.
        let running = Fixtures.execution(status: status(.engineUnavailable, run: run, phase: .running))
        #expect(Fixtures.situation(running, isEngineServed: false).notCreatedNotice == nil)
    }

    @Test func `the event of a stop says whether a user or the timeout caused it`() throws {
        let run = try Fixtures.pipelineRun(
            condition: Fixtures.condition("Unknown", "Running"), startTime: Fixtures.start)
        let running = try Fixtures.running(run)
        let asked = Fixtures.execution(spec: { $0.shutdown = .stop }, status: running)
        let stop = try #require(Fixtures.situation(asked, run: .present(run)).shutdownNotice(for: run))
        #expect(stop.type == .normal)
        #expect(stop.reason == "ShutdownRequested")
        #expect(stop.note.hasSuffix("because of spec.shutdown: Stop"))

        let limited = Fixtures.execution(spec: { $0.executionConfig.timeoutSeconds = 90 }, status: running)
        func notice(after seconds: Int64) -> Notice? {
            let now = Fixtures.start + .seconds(seconds)
            return Fixtures.situation(limited, run: .present(run), now: now).shutdownNotice(for: run)
        }
        #expect(notice(after: 149) == nil)
        let watchdog = try #require(notice(after: 150))
        #expect(watchdog.type == .warning)
        #expect(watchdog.reason == "WatchdogShutdown")
        #expect(watchdog.note.contains("timeout of 90 seconds"))
        #expect(watchdog.related?.uid == run.uid)
    }

    @Test func `an event refers to the execution and its run`() throws {
        let event = Notice.created(run).event(regarding: Fixtures.execution(), masking: .none)
        #expect(event.regarding.apiVersion == "towline.dev/v1alpha1")
        #expect(event.regarding.kind == "WorkflowExecution")
        #expect(event.regarding.key == ObjectKey(namespace: "payments", name: "restart"))
        #expect(event.regarding.uid == Fixtures.uid)
        #expect(event.regarding.resourceVersion == ResourceVersion("7"))
        #expect(event.related?.key == ObjectKey(namespace: "payments", name: run.name))
        #expect(event.related?.uid == "run-uid")
        #expect(event.note == "Created PipelineRun restart-3f9c2a71d0.")
        #expect(event.action == "CreateRun")
    }

    @Test func `masks parameter values in events`() {
        let parameters = [
            Parameter(name: "TOKEN", value: "hunter22"), Parameter(name: "LONGER", value: "hunter22-and-more"),
            Parameter(name: "COUNT", value: "3"), Parameter(name: "NAMESPACE", value: "payments"),
            Parameter(name: "EMPTY", value: ""),
        ]
        let message = "3 tasks: login with hunter22-and-more failed, hunter22 too, in payments"
        let notice = notices(from: status(.executing, run: run), to: status(.stepFailed, message: message, run: run))[0]
        let execution = Fixtures.execution(spec: { $0.parameters = parameters })
        let event = notice.event(regarding: execution, masking: ParameterMasks().mask(of: execution))
        // The namespace is no secret, even where a parameter repeats it.
        #expect(event.note == "Failed with outcome Failed: 3 tasks: login with *** failed, *** too, in payments")
    }

    @Test func `names of the execution and its run stay readable where a value is part of them`() {
        let execution = Fixtures.execution(spec: { $0.parameters = [Parameter(name: "A", value: "rest")] })
        let message = "pod \(execution.runName)-main of restart: rest is no restart2"
        let notice = notices(from: status(.executing, run: run), to: status(.stepFailed, message: message, run: run))[0]
        let event = notice.event(regarding: execution, masking: ParameterMasks().mask(of: execution))
        #expect(event.note.hasSuffix("pod \(execution.runName)-main of restart: *** is no ***art2"))
    }

    @Test func `a mask is made once for an execution, and few are kept`() {
        let masks = ParameterMasks()
        func execution(_ uid: String, _ value: String = "secret") -> WorkflowExecution {
            let execution = Fixtures.execution(spec: { $0.parameters = [Parameter(name: "A", value: value)] })
            return WorkflowExecution(key: execution.key, uid: uid, spec: execution.spec)
        }
        let first = masks.mask(of: execution("1"))
        #expect(masks.mask(of: execution("1")) === first)
        #expect(masks.mask(of: execution("1", "other")) !== first)
        let second = masks.mask(of: execution("2"))
        for other in 3..<100 { _ = masks.mask(of: execution("\(other)")) }
        #expect(masks.mask(of: execution("2")) !== second)
        #expect(masks.mask(of: Fixtures.execution()) === Mask.none)
    }
}

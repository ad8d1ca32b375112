import Engines
import KubeClient
import KubeRuntime
import Status
import TowlineAPI

/// One execution, what is known about its run, and the time: everything that a decision depends on.
///
/// ``next()`` is the whole behavior of the controller as a pure function. The caller executes the step, adds the result
/// to ``facts``, and asks again until the step is idle or a pause.
struct Situation: Sendable {
    let execution: WorkflowExecution
    let engine: any Engine
    var facts: Facts
    /// The API server's time.
    let now: ServerTime
    /// The same moment on this process's monotonic clock, which limits use.
    let instant: ContinuousClock.Instant
    let timing: ExecutionTiming
    var links = LinkTemplates()

    /// What to do next.
    func next() -> Step {
        let isLeaving = execution.deletionTimestamp != nil
        guard !execution.isFinished, let spec = execution.spec else {
            return isLeaving ? .idle(recheckAfter: nil) : endedStep()
        }
        if isLeaving { return deletingStep(spec) }

        let wasSeen = execution.status.runRef != nil
        switch facts.run {
        case .present(let run): return step(with: run, spec)
        case .deleted(let last): return step(afterDeletionOf: last, spec)
        // A run that was seen, even if only by the watch, is never created again.
        case .absent(let last):
            return wasSeen || last.map(isOurs) == true ? report(runDisappeared(last)) : startStep(spec)
        case .engineMissing: return wasSeen ? engineMissingStep() : startStep(spec)
        case .engineNotFollowed: return restoredStep(spec) ?? engineNotServedStep()
        case .unknown: return wasSeen ? .readRun : startStep(spec)
        case .unreadable: return .failed(retryAfter: facts.retryAfter)
        }
    }

    /// The execution is being deleted and held by a finalizer, which may wait for its end.
    ///
    /// Its run is still mirrored and can be stopped. No run is created, and none is reported as deleted: the garbage
    /// collector deletes the run with the execution.
    private func deletingStep(_ spec: ExecutionSpec) -> Step {
        guard execution.status.runRef != nil, case .present(let run) = facts.run, isOurs(run), !run.isBeingDeleted
        else {
            return .idle(recheckAfter: nil)
        }
        return step(with: run, spec)
    }

    /// An object with the name of this execution's run exists.
    private func step(with run: EngineRun, _ spec: ExecutionSpec) -> Step {
        guard isOurs(run) else {
            // If it is deleted, a create that is still in flight can make the run after all.
            if execution.status.runRef == nil, let settling { return .idle(recheckAfter: settling) }
            return report(foreignRun(run))
        }
        if run.state.isFinished { return finishStep(run, spec) }
        if let shutdown = dueShutdown(of: run, spec), facts.stopRefusal == nil,
            let patch = engine.shutdownPatch(shutdown, for: run)
        {
            return .stopRun(run, patch: patch)
        }
        return runningStep(run, spec)
    }

    /// Reports the last state of a run that ended before it was deleted. In any other case a live read is needed.
    private func step(afterDeletionOf last: EngineRun, _ spec: ExecutionSpec) -> Step {
        isOurs(last) && last.state.isFinished ? finishStep(last, spec) : .readRun
    }

    /// True if the run is the one that was seen before or, if none was, is owned by this execution.
    ///
    /// Once a run was seen, only its UID counts: a tool that removes owner references does not change what runs.
    func isOurs(_ run: EngineRun) -> Bool {
        execution.isRun(run)
    }

    /// True if the run is this execution's and its owner reference still says so. Nothing else is ever deleted.
    func isOwned(_ run: EngineRun) -> Bool { isOurs(run) && run.isOwned(byExecutionWithUID: execution.uid) }

    /// The step that writes the status after `events`, or `idle` if they change nothing.
    func report(_ events: [ExecutionEvent], otherwise idle: Step = .idle(recheckAfter: nil)) -> Step {
        guard let status = execution.status.after(events, generation: execution.generation, now: now) else {
            return idle
        }
        return .write(status)
    }

    /// Explains what the execution waits for.
    func held(_ reason: Reason, _ message: String) -> ExecutionEvent {
        .held(reason, message: message, engine: engine.name)
    }

    /// Ends the execution without a verdict from its run.
    func ended(_ reason: Reason, _ message: String) -> ExecutionEvent {
        .ended(reason, message: message, engine: engine.name)
    }
}

extension WorkflowExecution {
    /// True if `run` is the run of this execution: the one that was seen first or, if none was, one that it owns.
    func isRun(_ run: EngineRun) -> Bool {
        if let known = status.runRef { return known.uid == run.uid }
        return run.isOwned(byExecutionWithUID: uid)
    }
}

extension Situation {
    /// No run was ever seen for this execution: create one, or report why not.
    func startStep(_ spec: ExecutionSpec) -> Step {
        if let hold = restoredStep(spec) { return hold }
        if let ending = endingWithoutRun(spec) { return step(toEndWithoutRun: ending) }
        if let failure = facts.createFailure { return step(after: failure, spec) }
        guard facts.isEngineServed else { return hold(.engineUnavailable, notServedMessage, spec) }
        // The server's Retry-After counts, no matter what queued the execution.
        if let pause = facts.createDelay { return .deferred(atMost: beforeStartDeadline(pause, spec)) }
        switch facts.createAdmission {
        case .pause(let pause): return .deferred(atMost: beforeStartDeadline(pause, spec))
        case .wait(let waited, let isSlow): return waitForTurn(waited, isSlow)
        case .send, nil: break
        }
        guard let manifest = engine.makeRun(for: execution, named: execution.runName) else {
            return .idle(recheckAfter: nil)
        }
        return .createRun(manifest: manifest)
    }

    /// Other creates go first. Short waits are not reported, and neither are waits in a burst that makes progress. An
    /// obstacle in the status stays there, because it is still the last one that was met.
    private func waitForTurn(_ waited: Duration, _ isSlow: Bool) -> Step {
        guard waited >= (isSlow ? Self.shortWait : Self.longWait) else {
            return .deferred(atMost: max(Self.shortWait - waited, waited))
        }
        let pause = Step.deferred(atMost: Backoff.workQueue.cap)
        switch execution.status.reason {
        case nil, .engineUnavailable, .restoredFromBackup, .waitingToCreate:
            let message = """
                The run waits for its turn, because the operator limits concurrent creates, and lowers the limit \
                where they are slow. No action is needed.
                """
            return report([held(.waitingToCreate, message)], otherwise: pause)
        default: return pause
        }
    }

    /// A wait behind slow creates is reported from this duration on.
    private static let shortWait = Duration.seconds(1)
    /// Any other wait is reported from this duration on.
    private static let longWait = Duration.seconds(10)

    /// Ends the execution once it is confirmed that no run exists and no create is in flight.
    ///
    /// An earlier create may have reached the server although its answer was lost, or may still reach it. A server that
    /// does not serve the engine's runs has none.
    private func step(toEndWithoutRun ending: ExecutionEvent) -> Step {
        if let settling { return .idle(recheckAfter: settling) }
        guard isConfirmedAbsent else { return .readRun }
        guard case .engineMissing = facts.run, case .ended(let reason, let message, let engine, _) = ending else {
            return report([ending])
        }
        // A process may have created the run and crashed before it could record that, and the API may come back.
        return report([.ended(reason, message: message, engine: engine, provesNoRun: false)])
    }

    /// How long a create that was sent before may still take effect; nil if none can.
    var settling: Duration? {
        guard let settled = facts.pendingCreateDeadline, instant < settled else { return nil }
        return instant.duration(to: settled)
    }

    private var isConfirmedAbsent: Bool {
        switch facts.run {
        case .absent, .engineMissing: true
        case .unknown, .present, .deleted, .unreadable, .engineNotFollowed: false
        }
    }

    /// How the execution ends once it is certain that it has no run; nil if a run may be created.
    private func endingWithoutRun(_ spec: ExecutionSpec) -> ExecutionEvent? {
        if let shutdown = spec.shutdown {
            return ended(
                .cancelled,
                "Shutdown (\(shutdown.rawValue)) was requested before the run was created. No run is created.")
        }
        if let problem = spec.validate().first { return ended(.invalidSpec, problem.description) }
        if let remaining = timeToStartDeadline(spec), remaining <= .zero {
            let seconds = spec.executionConfig.startDeadlineSeconds ?? 0
            return ended(
                .startDeadlineExceeded, "No run could be created within \(seconds) seconds.\(lastObstacle)")
        }
        return nil
    }

    private func step(after failure: CreateFailure, _ spec: ExecutionSpec) -> Step {
        switch failure {
        case .transient(let reason, let message, let retryAfter), .uncertain(let reason, let message, let retryAfter):
            return hold(reason, message, spec, notBefore: retryAfter ?? .zero)
        case .permanent(let reason, let message):
            // An earlier attempt whose answer was lost may have created the run. One that is still in flight will be
            // rejected like this one.
            return isConfirmedAbsent ? report([ended(reason, message)]) : .readRun
        case .nameTaken:
            // The object may be this execution's run from an earlier attempt, or a foreign one: only a read tells. If
            // it is gone again, the next attempt creates the run.
            return isConfirmedAbsent ? .failed(retryAfter: .zero) : .readRun
        }
    }

    /// Reports why no run exists yet, and retries later.
    private func hold(_ reason: Reason, _ message: String, _ spec: ExecutionSpec, notBefore: Duration = .zero) -> Step {
        report([held(reason, message)], otherwise: .waiting(retryAfter: beforeStartDeadline(notBefore, spec)))
    }

    private func beforeStartDeadline(_ pause: Duration, _ spec: ExecutionSpec) -> Duration {
        timeToStartDeadline(spec).map { min(pause, max(.zero, $0)) } ?? pause
    }

    /// How long until the execution fails if it still has no run; nil if it has no start deadline.
    private func timeToStartDeadline(_ spec: ExecutionSpec) -> Duration? {
        guard !isReleasedAfterRestore else { return nil }
        // Time that the operator itself kept the execution waiting does not count.
        return spec.executionConfig.startDeadlineSeconds.map {
            .seconds($0) + facts.timeInOwnQueues - facts.timeline.executionAge(at: instant)
        }
    }

    /// The last obstacle that the status reports, as the last sentence of a message; empty if it reports none.
    private var lastObstacle: String {
        switch execution.status.reason {
        case nil, .waitingToCreate, .restoredFromBackup: ""
        default: execution.status.message.map { " Last obstacle: \($0)" } ?? ""
        }
    }

    private var notServedMessage: String {
        """
        The API server does not serve \(engine.runType.plural).\(engine.runType.group) in version \
        \(engine.runType.version): install \(engine.title).
        """
    }
}

/// An engine whose API is missing or not followed: nothing is known about its runs, and none is created.
extension Situation {
    /// The engine's API disappeared while the run was running: only a condition reports that.
    func engineMissingStep() -> Step {
        let message = """
            The API server no longer serves \(engine.runType.plural).\(engine.runType.group), so the state of the \
            run is unknown. Restore \(engine.title).
            """
        return report([unavailability(message)], otherwise: .waiting(retryAfter: timing.engineProbe))
    }

    /// This operator does not serve the engine, and may not be permitted to read its runs.
    ///
    /// So it acts neither on a start deadline nor on a shutdown: it cannot know whether a run exists.
    func engineNotServedStep() -> Step {
        guard execution.status.runRef == nil else {
            return report([
                unavailability(
                    """
                    This operator does not serve \(engine.title) (--engine), so the state of the run is unknown. Add \
                    --engine \(engine.name.rawValue), or run another operator that serves it.
                    """)
            ])
        }
        return report([
            held(
                .engineUnavailable,
                """
                This operator does not serve \(engine.title) (--engine). Add --engine \(engine.name.rawValue), or run \
                another operator that serves it.
                """)
        ])
    }

    private func unavailability(_ message: String) -> ExecutionEvent {
        .conditionSet(.engineUnavailable, .true, reason: .general(.engineUnavailable), message: message)
    }
}

/// Executions that a backup tool restored, by default without the status that says whether they ran.
extension Situation {
    /// The step that holds a restored execution; nil for one that may start.
    ///
    /// A shutdown ends it like any other execution without a run. A start deadline or an invalid spec does not: an
    /// execution that succeeded before the backup must not be reported as failed. If an earlier create is still in
    /// flight, its run is followed once the watch shows it.
    func restoredStep(_ spec: ExecutionSpec) -> Step? {
        guard execution.restoration == .held, execution.status.runRef == nil, spec.shutdown == nil else { return nil }
        let name = "-n \(execution.key.namespace) annotate wfe \(execution.key.name)"
        let message = """
            The execution was restored from a backup (\(WellKnown.restoreNameLabel)), and nothing says whether it ran \
            before. To run it: kubectl \(name) \(WellKnown.runRestoredAnnotation)=true. Otherwise delete it.
            """
        return report([held(.restoredFromBackup, message)])
    }

    /// True if a user released a restored execution.
    ///
    /// Its start deadline no longer applies, because the restore chose the creation time that it counts from.
    var isReleasedAfterRestore: Bool { execution.restoration == .released }
}

extension Situation {
    /// The event after a failed attempt to create the run; nil if there was no attempt.
    var notCreatedNotice: Notice? {
        guard facts.createFailure != nil || !facts.isEngineServed else { return nil }
        let status = execution.status
        guard status.phase == .pending, let reason = status.reason, reason != .waitingToCreate
        else {
            return nil
        }
        return Notice(
            type: .warning, reason: reason.rawValue, action: .create, note: "The run is not created yet",
            detail: status.message ?? "")
    }
}

/// The delays and limits of the decision that no flag changes.
public struct ExecutionTiming: Sendable {
    /// How long the engine may leave a new run untouched before `EngineNotResponding` is reported.
    public var engineResponse: Duration = .seconds(60)
    /// How long a run may exceed its timeout before Towline stops it.
    public var watchdogGrace: Duration = .seconds(60)
    /// How long a run that Towline stopped may take to end before the execution ends without it.
    public var watchdogVerdict: Duration = .seconds(30)
    /// How long requests to stop a run that exceeded its timeout may be rejected before the execution ends without it.
    public var stopPatience: Duration = .seconds(300)
    /// How long requests to stop a run may fail for a transient reason before the status reports it.
    public var stopRefusalPatience: Duration = .seconds(30)
    /// How long to retry reading the cause of a failure while the API server has problems.
    public var causePatience: Duration = .seconds(60)
    /// The minimum time between two status writes that report only progress.
    public var progressInterval: Duration = .seconds(2)
    /// How long a request whose answer was lost can still take effect.
    public var requestSettling: Duration = .seconds(10)
    /// How often to look for an engine that is not installed.
    public var engineProbe: Duration = .seconds(30)

    public init() {}
}

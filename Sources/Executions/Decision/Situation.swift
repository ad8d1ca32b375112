import Engines
import KubeClient
import KubeRuntime
import Status
import TowlineAPI

/// The complete input of a decision: the execution, the facts about its run, and the time.
///
/// ``next()`` is a pure function with the controller's entire decision logic. The caller executes the step, adds the
/// result to ``facts``, and calls it again until the step is a pause.
struct Situation: Sendable {
    let execution: WorkflowExecution
    let engine: any Engine
    var facts: Facts
    /// The API server's time.
    let now: ServerTime
    /// The same moment on this process's monotonic clock, for timeouts and deadlines.
    let instant: ContinuousClock.Instant
    let timing: ExecutionTiming
    var links = LinkTemplates()
    var runLabels = RunLabels()
    var allowedSources = AllowedSources()

    /// Decides the next step.
    func next() -> Step {
        let isLeaving = execution.deletionTimestamp != nil
        guard !execution.isFinished, let spec = execution.spec else {
            return isLeaving ? .idle(recheckAfter: nil) : endedStep()
        }
        if isLeaving { return deletingStep(spec) }
        if execution.awaitsDefinition { return resolvingStep(spec) }

        let wasSeen = execution.status.runRef != nil
        switch facts.run {
        case .present(let run): return step(with: run, spec)
        case .deleted(let last): return step(afterDeletionOf: last, spec)
        // Never create a run again that was seen, even if only by the watch.
        case .absent(let last?) where isOurs(last) && last.state.isFinished: return finishStep(last, spec)
        case .absent(let last):
            return wasSeen || last.map(isOurs) == true ? report(runDisappeared(last)) : startStep(spec)
        case .engineMissing: return wasSeen ? engineMissingStep() : startStep(spec)
        case .engineNotFollowed: return restoredStep(spec) ?? engineNotServedStep()
        case .unknown: return wasSeen ? .readRun : startStep(spec)
        case .unreadable: return .failed(retryAfter: facts.retryAfter)
        }
    }

    /// Decides the next step for an execution that is being deleted while a finalizer holds it.
    ///
    /// The run's state is still copied to the status, because the finalizer's owner may wait for the end, and the run
    /// can be stopped. No run is created, and no run is reported as deleted, because the garbage collector deletes the
    /// run with the execution.
    private func deletingStep(_ spec: ExecutionSpec) -> Step {
        guard execution.status.runRef != nil, case .present(let run) = facts.run, isOurs(run), !run.isBeingDeleted
        else {
            return .idle(recheckAfter: nil)
        }
        return step(with: run, spec)
    }

    /// Decides the next step if an object with the run's name exists.
    private func step(with run: EngineRun, _ spec: ExecutionSpec) -> Step {
        guard isOurs(run) else {
            // If this object is deleted, a create that is still in flight can still create the run.
            if execution.status.runRef == nil, let settling { return .idle(recheckAfter: settling) }
            return report(foreignRun(run))
        }
        // The cache has only some of its outputs.
        if run.state.isFinished { return run.state.isAbridged ? .readRun : finishStep(run, spec) }
        if let shutdown = dueShutdown(of: run, spec), facts.stopRefusal == nil,
            let patch = engine.shutdownPatch(shutdown, for: run)
        {
            return .stopRun(run, patch: patch)
        }
        return runningStep(run, spec)
    }

    /// Reports the last state of a run that ended before it was deleted; otherwise requests a live read.
    private func step(afterDeletionOf last: EngineRun, _ spec: ExecutionSpec) -> Step {
        isOurs(last) && last.state.isFinished ? finishStep(last, spec) : .readRun
    }

    /// Whether the run is the one in the status or, if the status has none, is owned by this execution.
    ///
    /// Once the status records a run, only its UID counts: the run stays the same even if a tool removes its owner
    /// reference.
    func isOurs(_ run: EngineRun) -> Bool {
        execution.isRun(run)
    }

    /// Whether the run is this execution's and still has its owner reference. Only such runs are ever deleted.
    func isOwned(_ run: EngineRun) -> Bool { isOurs(run) && run.isOwned(byExecutionWithUID: execution.uid) }

    /// The step that writes the status after `events`, or `idle` if they change nothing.
    func report(_ events: [ExecutionEvent], otherwise idle: Step = .idle(recheckAfter: nil)) -> Step {
        guard let status = execution.status.after(events, generation: execution.generation, now: now) else {
            return idle
        }
        return .write(status)
    }

    /// The event that reports why the execution is waiting.
    func held(_ reason: Reason, _ message: String) -> ExecutionEvent {
        .held(reason, message: message, engine: knownEngine)
    }

    /// The event that ends the execution without a result from its run.
    func ended(_ reason: Reason, _ message: String) -> ExecutionEvent {
        .ended(reason, message: message, engine: knownEngine)
    }

    /// The engine of the execution; nil until its definition was read.
    private var knownEngine: EngineName? { execution.awaitsDefinition ? nil : engine.name }
}

extension WorkflowExecution {
    /// Whether `run` is this execution's run: the one in the status or, if the status has none, one that it owns.
    func isRun(_ run: EngineRun) -> Bool {
        if let known = status.runRef { return known.uid == run.uid }
        return run.isOwned(byExecutionWithUID: uid)
    }
}

extension Situation {
    /// Decides the next step if no run was ever seen for this execution: creates one, or reports why not.
    func startStep(_ spec: ExecutionSpec) -> Step {
        if let hold = restoredStep(spec) { return hold }
        if let ending = endingWithoutRun(spec) { return step(toEndWithoutRun: ending) }
        if let failure = facts.createFailure { return step(after: failure, spec) }
        guard facts.isEngineServed else { return hold(.engineUnavailable, notServedMessage, spec) }
        // Honor the server's Retry-After no matter what queued the execution.
        if let pause = facts.createDelay { return .deferred(atMost: beforeStartDeadline(pause, spec)) }
        switch facts.createAdmission {
        case .pause(let pause): return .deferred(atMost: beforeStartDeadline(pause, spec))
        case .wait(let waited, let isSlow): return waitForTurn(waited, isSlow)
        case .send, nil: break
        }
        guard let whole = spec.isPartial ? facts.whole : execution else { return .readSpec }
        if spec.isPartial, let problem = problem(of: whole) { return step(toEndWithoutRun: problem) }
        if let step = definitionChangeStep() { return step }
        guard
            let manifest = engine.makeRun(
                for: whole, named: execution.runName, labels: runLabels.labels(for: whole))
        else {
            return .idle(recheckAfter: nil)
        }
        return .createRun(manifest: manifest)
    }

    /// Waits while other creates are sent first. Short waits, and waits in a burst that makes progress, are not
    /// reported. An obstacle that the status already reports stays there, because it is still the most recent one.
    private func waitForTurn(_ waited: Duration, _ isSlow: Bool) -> Step {
        guard waited >= (isSlow ? Self.shortWait : Self.longWait) else {
            return .deferred(atMost: max(Self.shortWait - waited, waited))
        }
        let pause = Step.deferred(atMost: Backoff.workQueue.cap)
        switch execution.status.reason {
        case nil, .engineUnavailable, .definitionNotFound, .restoredFromBackup, .waitingToCreate:
            let message = """
                The run is queued: the operator limits concurrent creates, and lowers the limit while creates are \
                slow. No action is needed.
                """
            return report([held(.waitingToCreate, message)], otherwise: pause)
        default: return pause
        }
    }

    /// The minimum wait behind slow creates that is reported.
    private static let shortWait = Duration.seconds(1)
    /// The minimum of any other wait that is reported.
    private static let longWait = Duration.seconds(10)

    /// Ends the execution once it is confirmed that no run exists and no create is in flight.
    ///
    /// An earlier create may have reached the server although its response was lost, or may still reach it. If the
    /// server does not serve the engine's runs, no run exists.
    private func step(toEndWithoutRun ending: ExecutionEvent) -> Step {
        if let settling { return .idle(recheckAfter: settling) }
        guard isConfirmedAbsent else { return .readRun }
        guard case .engineMissing = facts.run, case .ended(let reason, let message, let engine, _) = ending else {
            return report([ending])
        }
        // An earlier process may have created the run and crashed before recording it, and the API may be served again.
        return report([.ended(reason, message: message, engine: engine, provesNoRun: false)])
    }

    /// The remaining time in which an earlier create may still take effect; nil if none can.
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

    /// The event that ends the execution once it is certain that no run exists; nil if a run may be created.
    func endingWithoutRun(_ spec: ExecutionSpec) -> ExecutionEvent? {
        if let shutdown = spec.shutdown {
            return ended(
                .cancelled,
                "Shutdown (\(shutdown.rawValue)) was requested before the run was created. No run is created.")
        }
        if let problem = problem(of: execution) { return problem }
        if let remaining = timeToStartDeadline(spec), remaining <= .zero {
            let seconds = spec.executionConfig.startDeadlineSeconds ?? 0
            return ended(
                .startDeadlineExceeded, "No run could be created within \(seconds) seconds.\(lastObstacle)")
        }
        return nil
    }

    /// The event that ends an execution whose spec is invalid; nil if it is valid.
    private func problem(of execution: WorkflowExecution) -> ExecutionEvent? {
        execution.spec.flatMap { problems(of: $0).first }.map { ended(.invalidSpec, $0.description) }
    }

    func problems(of spec: ExecutionSpec) -> [ValidationProblem] {
        spec.validate() + runLabels.problems(of: spec) + allowedSources.problems(of: spec)
    }

    private func step(after failure: CreateFailure, _ spec: ExecutionSpec) -> Step {
        switch failure {
        case .transient(let reason, let message, let retryAfter), .uncertain(let reason, let message, let retryAfter):
            return hold(reason, message, spec, notBefore: retryAfter ?? .zero)
        case .permanent(let reason, let message):
            // An earlier attempt whose response was lost may have created the run. An attempt that is still in flight
            // will be rejected like this one.
            return isConfirmedAbsent ? report([ended(reason, message)]) : .readRun
        case .nameTaken:
            // Only a read shows whether the object is this execution's run from an earlier attempt or a foreign one. If
            // it was deleted meanwhile, the next attempt creates the run.
            return isConfirmedAbsent ? .failed(retryAfter: .zero) : .readRun
        }
    }

    /// Reports why no run exists yet, and retries later.
    func hold(_ reason: Reason, _ message: String, _ spec: ExecutionSpec, notBefore: Duration = .zero) -> Step {
        report([held(reason, message)], otherwise: .waiting(retryAfter: beforeStartDeadline(notBefore, spec)))
    }

    private func beforeStartDeadline(_ pause: Duration, _ spec: ExecutionSpec) -> Duration {
        timeToStartDeadline(spec).map { min(pause, max(.zero, $0)) } ?? pause
    }

    /// The time until the execution fails without a run; nil without a start deadline.
    private func timeToStartDeadline(_ spec: ExecutionSpec) -> Duration? {
        guard !isReleasedAfterRestore else { return nil }
        // Time that the execution waited in the operator's own queues does not count.
        return spec.executionConfig.startDeadlineSeconds.map {
            .seconds($0) + facts.timeInOwnQueues - facts.timeline.executionAge(at: instant)
        }
    }

    /// The most recent obstacle in the status, as the last sentence of a message; empty if none.
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

/// Handles engines whose API is missing or that this operator does not serve. No run is created, because the state of
/// existing runs is unknown.
extension Situation {
    /// Reports in a condition that the engine's API disappeared while the run was running.
    func engineMissingStep() -> Step {
        let message = """
            The API server no longer serves \(engine.runType.plural).\(engine.runType.group), so the state of the \
            run is unknown. Restore \(engine.title).
            """
        return report([unavailability(message)], otherwise: .waiting(retryAfter: timing.engineProbe))
    }

    /// This operator does not serve the engine, and may not be permitted to read its runs.
    ///
    /// Ignores the start deadline and shutdown requests, because the operator cannot know whether a run exists.
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

/// Handles executions restored by a backup tool, by default without the status that shows whether they ran.
extension Situation {
    /// The step that holds a restored execution; nil for one that may start.
    ///
    /// A shutdown ends a restored execution like any other execution without a run. A start deadline or an invalid spec
    /// does not: an execution that succeeded before the backup must not be reported as failed. If an earlier create is
    /// still in flight, its run is followed once the watch shows it.
    func restoredStep(_ spec: ExecutionSpec) -> Step? {
        guard execution.restoration == .held, execution.status.runRef == nil, spec.shutdown == nil else { return nil }
        let name = "-n \(execution.key.namespace) annotate wfe \(execution.key.name)"
        let message = """
            The execution was restored from a backup (\(WellKnown.restoreNameLabel)), and it is unknown whether it ran \
            before. To run it: kubectl \(name) \(WellKnown.runRestoredAnnotation)=true. Otherwise delete it.
            """
        return report([held(.restoredFromBackup, message)])
    }

    /// Whether a user released a restored execution.
    ///
    /// The start deadline no longer applies, because the restore reset the creation time that it counts from.
    var isReleasedAfterRestore: Bool { execution.restoration == .released }
}

extension Situation {
    /// The event after a failed attempt to create the run; nil if no attempt was made.
    var notCreatedNotice: Notice? {
        guard facts.createFailure != nil || !facts.isEngineServed || execution.awaitsDefinition else { return nil }
        let status = execution.status
        guard status.phase == .pending, let reason = status.reason, reason != .waitingToCreate
        else {
            return nil
        }
        return Notice(
            type: .warning, reason: reason.rawValue, action: .create, note: "The run could not be created",
            detail: status.message ?? "")
    }
}

/// Delays and limits of the decision that are not configurable by flags.
public struct ExecutionTiming: Sendable {
    /// How long the engine may leave a new run untouched before `EngineNotResponding` is reported.
    public var engineResponse: Duration = .seconds(60)
    /// How long a run may exceed its timeout before Towline stops it.
    public var watchdogGrace: Duration = .seconds(60)
    /// How long a stopped run may take to end before the execution ends without its result.
    public var watchdogVerdict: Duration = .seconds(30)
    /// How long stop requests may be rejected after a timeout before the execution ends without the run's result.
    public var stopPatience: Duration = .seconds(300)
    /// How long requests to stop a run may fail for a transient reason before the status reports it.
    public var stopRefusalPatience: Duration = .seconds(30)
    /// How long to retry reading the cause of a failure while the API server has problems.
    public var causePatience: Duration = .seconds(60)
    /// The minimum time between two status writes that report only progress.
    public var progressInterval: Duration = .seconds(2)
    /// How long a request whose response was lost can still take effect.
    public var requestSettling: Duration = .seconds(10)
    /// How often to check whether a missing engine has been installed.
    public var engineProbe: Duration = .seconds(30)

    public init() {}
}

import Engines
import KubeClient
import KubeRuntime
import Status
import TowlineAPI

/// One execution, what is known about its run, and the time: all that a decision rests on.
///
/// ``next()`` is the whole behaviour of the operator as a pure function. The caller executes the step, adds what came
/// of it to ``facts`` and asks again, until the step is to rest.
struct Situation: Sendable {
    let execution: WorkflowExecution
    let engine: any Engine
    var facts: Facts
    /// The API server's time.
    let now: ServerTime
    /// The same moment by this process's monotonic clock, on which limits rest.
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
        // A run that was seen, be it only by the watch, is never created again.
        case .absent(let last):
            return wasSeen || last.map(isOurs) == true ? report(runDisappeared(last)) : startStep(spec)
        case .engineMissing: return wasSeen ? engineMissingStep() : startStep(spec)
        case .engineNotFollowed: return restoredStep(spec) ?? engineNotServedStep()
        case .unknown: return wasSeen ? .readRun : startStep(spec)
        case .unreadable: return .failed(retryAfter: facts.retryAfter)
        }
    }

    /// Somebody deleted the execution, and a finalizer of somebody else holds it, maybe until it has ended.
    ///
    /// Its run is mirrored and can be ended as before. Nothing is started or missed any more: the garbage collector takes
    /// the run along, before the execution or after it.
    private func deletingStep(_ spec: ExecutionSpec) -> Step {
        guard execution.status.runRef != nil, case .present(let run) = facts.run, isOurs(run), !run.isBeingDeleted
        else {
            return .idle(recheckAfter: nil)
        }
        return step(with: run, spec)
    }

    /// Some run exists under the name that belongs to this execution.
    private func step(with run: EngineRun, _ spec: ExecutionSpec) -> Step {
        guard isOurs(run) else {
            // It may go before a create that is still on its way arrives, which would then make the run after all.
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

    /// A run that was deleted after its end is read from its last words; of any other only a live read proves more.
    private func step(afterDeletionOf last: EngineRun, _ spec: ExecutionSpec) -> Step {
        isOurs(last) && last.state.isFinished ? finishStep(last, spec) : .readRun
    }

    /// True when the run is the one that was seen before or, where none was, is owned by this very execution.
    ///
    /// Once seen, its UID alone decides: a tool that removes owner references does not change what runs.
    func isOurs(_ run: EngineRun) -> Bool {
        execution.isRun(run)
    }

    /// True when the run is the execution's own and still says so; nothing else is ever deleted.
    func isOwned(_ run: EngineRun) -> Bool { isOurs(run) && run.isOwned(byExecutionWithUID: execution.uid) }

    /// The step that stores what `events` make of the status, or rests when they change nothing.
    func report(_ events: [ExecutionEvent], otherwise rest: Step = .idle(recheckAfter: nil)) -> Step {
        guard let status = execution.status.after(events, generation: execution.generation, now: now) else {
            return rest
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
    /// True when `run` is the run of this execution: the one that was seen first or, where none was, one it owns.
    func isRun(_ run: EngineRun) -> Bool {
        if let known = status.runRef { return known.uid == run.uid }
        return run.isOwned(byExecutionWithUID: uid)
    }
}

extension Situation {
    /// No run was ever seen for this execution: create one, or say why not.
    func startStep(_ spec: ExecutionSpec) -> Step {
        if let hold = restoredStep(spec) { return hold }
        if let ending = endingWithoutRun(spec) { return step(toEndWithoutRun: ending) }
        if let failure = facts.createFailure { return step(after: failure, spec) }
        guard facts.isEngineServed else { return hold(.engineUnavailable, notServedMessage, spec) }
        // Whatever it was that woke the execution.
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

    /// Other creates go first. A short wait is not worth a write, nor is one in a burst that moves on; and an obstacle
    /// that the status names is still the last one that was met.
    private func waitForTurn(_ waited: Duration, _ isSlow: Bool) -> Step {
        guard waited >= (isSlow ? Self.shortWait : Self.longWait) else {
            return .deferred(atMost: max(Self.shortWait - waited, waited))
        }
        let rest = Step.deferred(atMost: Backoff.workQueue.cap)
        switch execution.status.reason {
        case nil, .accepted, .engineUnavailable, .restoredFromBackup, .waitingToCreate:
            let message = """
                The run waits for its turn: few runs are created at a time, and fewer where creates are slow. \
                It is created as soon as it is its turn; nothing has to be done.
                """
            return report([held(.waitingToCreate, message)], otherwise: rest)
        default: return rest
        }
    }

    /// A wait for a turn behind creates that are held up is reported from here on.
    private static let shortWait = Duration.seconds(1)
    /// Any other wait is.
    private static let longWait = Duration.seconds(10)

    /// Ends the execution once it is proven that there is no run, and that none is on its way.
    ///
    /// An earlier create may have reached the server although its answer was lost, or may still reach it. A server that
    /// does not know the engine's runs has none.
    private func step(toEndWithoutRun ending: ExecutionEvent) -> Step {
        if let settling { return .idle(recheckAfter: settling) }
        guard isConfirmedAbsent else { return .readRun }
        guard case .engineMissing = facts.run, case .ended(let reason, let message, let engine, _) = ending else {
            return report([ending])
        }
        // A process may have created the run and ended before it could store that; the server may serve it again.
        return report([.ended(reason, message: message, engine: engine, provesNoRun: false)])
    }

    /// For how long a create that was sent before may still be carried out; nil when none can.
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

    /// How the execution ends when it is certain that it has no run; nil when one may be created.
    private func endingWithoutRun(_ spec: ExecutionSpec) -> ExecutionEvent? {
        if let shutdown = spec.shutdown {
            return ended(
                .cancelled,
                "Shutdown (\(shutdown.rawValue)) was requested before the execution had a run. None is created.")
        }
        if let problem = spec.validate().first { return ended(.invalidSpec, problem.description) }
        if let remaining = timeToStartDeadline(spec), remaining <= .zero {
            let seconds = spec.executionConfig.startDeadlineSeconds ?? 0
            let last = execution.status.message.map { " Last obstacle: \($0)" } ?? ""
            return ended(
                .startDeadlineExceeded, "No run could be created within \(seconds) seconds.\(last)")
        }
        return nil
    }

    private func step(after failure: CreateFailure, _ spec: ExecutionSpec) -> Step {
        switch failure {
        case .transient(let reason, let message, let retryAfter), .uncertain(let reason, let message, let retryAfter):
            return hold(reason, message, spec, notBefore: retryAfter ?? .zero)
        case .permanent(let reason, let message):
            // An earlier attempt whose answer was lost may have made the run; one that is still on its way will be
            // refused as this one was.
            return isConfirmedAbsent ? report([ended(reason, message)]) : .readRun
        case .nameTaken:
            // Ours from an earlier attempt, or somebody else's: only the object itself can tell. If it is gone again,
            // the next attempt creates it.
            return isConfirmedAbsent ? .failed(retryAfter: .zero) : .readRun
        }
    }

    /// Says why no run exists yet, then tries again later.
    private func hold(_ reason: Reason, _ message: String, _ spec: ExecutionSpec, notBefore: Duration = .zero) -> Step {
        report([held(reason, message)], otherwise: .waiting(retryAfter: beforeStartDeadline(notBefore, spec)))
    }

    private func beforeStartDeadline(_ pause: Duration, _ spec: ExecutionSpec) -> Duration {
        timeToStartDeadline(spec).map { min(pause, max(.zero, $0)) } ?? pause
    }

    /// How long until the execution gives up if it still has no run; nil when it keeps trying.
    private func timeToStartDeadline(_ spec: ExecutionSpec) -> Duration? {
        guard !isReleasedAfterRestore else { return nil }
        // What the operator itself kept waiting is not the obstacle's fault.
        return spec.executionConfig.startDeadlineSeconds.map {
            .seconds($0) + facts.timeInOwnQueues - facts.timeline.executionAge(at: instant)
        }
    }

    private var notServedMessage: String {
        """
        The API server does not serve \(engine.runType.plural).\(engine.runType.group) in version \
        \(engine.runType.version): install \(engine.title). The run is created as soon as it is there.
        """
    }
}

/// An engine that cannot be asked: of what runs nothing is known, and nothing new is started.
extension Situation {
    /// The engine's API vanished under a running run: nothing is known, so nothing is changed but a condition.
    func engineMissingStep() -> Step {
        let message = """
            The API server no longer serves \(engine.runType.plural).\(engine.runType.group): \
            what the run does cannot be told until \(engine.title) is back.
            """
        return report([unavailability(message)], otherwise: .waiting(retryAfter: timing.engineProbe))
    }

    /// The engine is none of this operator's: another configuration, and a start with it, changes that.
    ///
    /// Neither a deadline nor a request to end is acted upon: whether there is a run may not be asked.
    func engineNotServedStep() -> Step {
        guard execution.status.runRef == nil else {
            return report([
                unavailability(
                    """
                    This operator is told not to serve \(engine.title) (--engine): what the run does cannot be told \
                    until one does.
                    """)
            ])
        }
        return report([
            held(
                .engineUnavailable,
                """
                This operator is told not to serve \(engine.title) (--engine). The run is created as soon as one does.
                """)
        ])
    }

    private func unavailability(_ message: String) -> ExecutionEvent {
        .conditionSet(.engineUnavailable, .true, reason: .general(.engineUnavailable), message: message)
    }
}

/// Executions that a backup tool restored: by default they come back without the status that says whether they ran.
extension Situation {
    /// The step that holds a restored execution back; nil for one that may start.
    ///
    /// A shutdown ends it as any other that has no run. Neither a start deadline nor an invalid spec does: what ran
    /// before the backup must not be reported as failed. A create that was sent earlier and is still under way needs no
    /// help from here: its run is followed as soon as the watch shows it.
    func restoredStep(_ spec: ExecutionSpec) -> Step? {
        guard execution.restoration == .held, execution.status.runRef == nil, spec.shutdown == nil else { return nil }
        let name = "-n \(execution.key.namespace) annotate wfe \(execution.key.name)"
        let message = """
            The execution was restored from a backup (\(WellKnown.restoreNameLabel)), and nothing says whether it ran \
            before. To run it: kubectl \(name) \(WellKnown.runRestoredAnnotation)=true. Otherwise delete it.
            """
        return report([held(.restoredFromBackup, message)])
    }

    /// True when a person said that a restored execution may run.
    ///
    /// Its start deadline no longer applies: it counts from a creation whose time the restore chose.
    var isReleasedAfterRestore: Bool { execution.restoration == .released }
}

extension Situation {
    /// What to tell when an attempt to bring about the run has failed; nil where there was none, or no need for one.
    var notCreatedNotice: Notice? {
        guard facts.createFailure != nil || !facts.isEngineServed else { return nil }
        let status = execution.status
        guard status.phase == .pending, let reason = status.reason, reason != .accepted, reason != .waitingToCreate
        else {
            return nil
        }
        return Notice(
            type: .warning, reason: reason.rawValue, action: .create, note: "The run is not created yet",
            detail: status.message ?? "")
    }
}

/// How long things may take before something else happens; tests and simulations shorten them.
public struct ExecutionTiming: Sendable {
    /// A run that its engine has not touched for this long is reported as not responded to.
    public var engineResponse: Duration = .seconds(60)
    /// What a run may take beyond its own timeout before it is ended from outside.
    public var watchdogGrace: Duration = .seconds(60)
    /// What a run that was ended from outside may take before the verdict is given without it.
    public var watchdogVerdict: Duration = .seconds(30)
    /// For how long the requests to stop a run that is over its timeout may be refused before the verdict is given.
    public var stopPatience: Duration = .seconds(300)
    /// For how long requests to stop a run may fail for a passing reason before the status reports it.
    public var stopRefusalPatience: Duration = .seconds(30)
    /// For how long the cause of a failure is asked for again while the API server is in trouble.
    public var causePatience: Duration = .seconds(60)
    /// The least time between two status writes that report nothing but progress.
    public var progressInterval: Duration = .seconds(2)
    /// After this time a request that was sent is carried out, or never will be.
    public var requestSettling: Duration = .seconds(10)
    /// How often a missing engine is asked for again.
    public var engineProbe: Duration = .seconds(30)

    public init() {}
}

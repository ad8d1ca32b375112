import Engines
import KubeClient
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
    let timing: OperatorConfiguration.Timing
    var links = LinkTemplates()

    /// What to do next.
    func next() -> Step {
        let isLeaving = execution.deletionTimestamp != nil
        guard !execution.isFinished, let spec = execution.spec else {
            return isLeaving ? .rest(after: nil) : endedStep()
        }
        if isLeaving { return leavingStep(spec) }

        let wasSeen = execution.status.runRef != nil
        switch facts.run {
        case .present(let run): return step(with: run, spec)
        case .deleted(let last): return step(afterDeletionOf: last, spec)
        // A run that was seen, be it only by the watch, is never created again.
        case .absent(let last):
            return wasSeen || last.map(isOurs) == true ? report(disappearance(last)) : startStep(spec)
        case .engineMissing: return wasSeen ? frozenStep() : startStep(spec)
        case .engineNotFollowed: return restoredHold(spec) ?? leftAloneStep()
        case .unknown: return wasSeen ? .readRun : startStep(spec)
        case .unreadable: return .retry(notBefore: facts.askedPause)
        }
    }

    /// Somebody deleted the execution, and a finalizer of somebody else holds it, maybe until it has ended.
    ///
    /// Its run is mirrored and can be ended as before. Nothing is started or missed any more: the garbage collector takes
    /// the run along, before the execution or after it.
    private func leavingStep(_ spec: ExecutionSpec) -> Step {
        guard execution.status.runRef != nil, case .present(let run) = facts.run, isOurs(run), !run.isBeingDeleted
        else {
            return .rest(after: nil)
        }
        return step(with: run, spec)
    }

    /// Some run exists under the name that belongs to this execution.
    private func step(with run: EngineRun, _ spec: ExecutionSpec) -> Step {
        guard isOurs(run) else {
            // It may go before a create that is still on its way arrives, which would then make the run after all.
            if execution.status.runRef == nil, let settling { return .rest(after: settling) }
            return report(impostor(run))
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
    func report(_ events: [ExecutionEvent], otherwise rest: Step = .rest(after: nil)) -> Step {
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

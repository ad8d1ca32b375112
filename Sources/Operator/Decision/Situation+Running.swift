import Engines
import ExecutionStatus
import KubeClient
import WorkflowAPI

extension Situation {
    /// The run lives: mirror it, and look again when something is due.
    func runningStep(_ run: EngineRun, _ spec: Spec) -> Step {
        if let verdict = watchdogVerdict(on: run, spec) { return report([verdict]) }
        var state = run.state
        // Of an engine whose runs are not seen nothing can be said.
        if state.reason == .awaitingEngine, now >= responseDeadline, facts.isCacheCurrent {
            state.reason = .engineNotResponding
        }
        var observation = observation(of: run, state)
        if state.reason == .engineNotResponding {
            observation.message = "\(engine.title) has not touched the run. \(engine.notRespondingHint)"
        }
        let pause = nextDeadline(of: run, spec).map { max(.milliseconds(1), $0 - now) }
        let rest = facts.didShutdownFail ? Step.retry(notBefore: facts.askedPause) : .rest(after: pause)
        let step = report(withdrawingUnavailability([.observed(observation)]), otherwise: rest)
        guard case .write(let status) = step, let pause = pauseBeforeProgress(status) else { return step }
        return facts.didShutdownFail ? .retry(notBefore: pause) : .rest(after: pause)
    }

    /// How long a status that tells nothing but progress has to wait; nil when it may be written now.
    ///
    /// Transitions are never held back. Everything else is written at most once an interval, so that a chatty engine
    /// costs the API server no more than a quiet one.
    private func pauseBeforeProgress(_ status: Status) -> Duration? {
        let old = execution.status
        let isTransition =
            status.phase != old.phase || status.runRef != old.runRef
            || status.observedGeneration != old.observedGeneration
            || status.conditions.map(\.type) != old.conditions.map(\.type)
        guard !isTransition, let last = old.updatedAt else { return nil }
        let due = last + timing.progressInterval
        // A clock that was set back must not silence the execution for longer than the interval.
        guard now < due, now >= last else { return nil }
        return due - now
    }

    func withdrawingUnavailability(_ events: [ExecutionEvent]) -> [ExecutionEvent] {
        execution.status.condition(.engineUnavailable) == nil
            ? events : events + [.conditionWithdrawn(.engineUnavailable)]
    }

    /// What a look at the run tells, in the status's own terms.
    func observation(of run: EngineRun, _ state: RunState) -> Observation {
        Observation(
            reason: state.reason, message: state.message, engine: engine.name,
            engineReason: state.engineReason.isEmpty ? nil : state.engineReason, runRef: engine.reference(to: run),
            progress: state.progress?.description, executed: state.executed, failure: state.failure,
            outputs: state.outputs,
            links: links.links(
                to: LinkedRun(
                    engine: engine.name, namespace: run.key.namespace, name: run.key.name, uid: run.uid)))
    }

    /// When the next thing is due although nothing changes; nil when nothing is.
    private func nextDeadline(of run: EngineRun, _ spec: Spec) -> Timestamp? {
        let response = run.state.reason == .awaitingEngine && now < responseDeadline ? responseDeadline : nil
        let watchdog = watchdogExpiry(of: run, spec).map { now < $0 ? $0 : $0 + timing.watchdogVerdict }
        return [response, watchdog].compactMap { $0 }.min()
    }

    /// Until when the engine may leave the run untouched without a remark.
    private var responseDeadline: Timestamp { (execution.status.startedAt ?? now) + timing.engineResponse }
}

import Engines
import KubeClient
import Status
import TowlineAPI

extension Situation {
    /// The run has not ended: mirror it, and look again when something is due.
    func runningStep(_ run: EngineRun, _ spec: ExecutionSpec) -> Step {
        if let verdict = watchdogVerdict(on: run, spec) {
            return report(withdrawingRunningConditions(stopCondition(of: run) + [verdict]))
        }
        if let step = lookStep(run) { return step }
        let step = report(conditions(of: run) + [.observed(observed(run))], otherwise: restingStep(run, spec))
        guard case .write(let status) = step, let pause = pauseBeforeProgress(status) else { return step }
        return facts.stopRefusal == nil ? .rest(after: pause) : .retry(notBefore: pause)
    }

    /// What to do until something changes.
    private func restingStep(_ run: EngineRun, _ spec: ExecutionSpec) -> Step {
        if let refusal = facts.stopRefusal { return .retry(notBefore: refusal.pause) }
        return .rest(after: timeToNextDeadline(of: run, spec).map { max(.milliseconds(1), $0) })
    }

    /// What the status says of a run that has not ended.
    private func observed(_ run: EngineRun) -> Observation {
        var state = facts.timeline.insight(into: run) ?? run.state
        // Of an engine whose runs are not seen nothing can be said.
        if state.reason == .awaitingEngine, facts.isCacheCurrent, isResponseOverdue {
            state.reason = .engineNotResponding
        }
        var observation = observation(of: run, state)
        if state.reason == .engineNotResponding {
            observation.message = "\(engine.title) has not touched the run. \(engine.notRespondingHint)"
        }
        if run.isBeingDeleted { observation.message = deletionMessage(run) }
        if let refusal = reportedStopRefusal {
            observation.reason = .shutdownRefused
            // The refusal has a condition of its own; of a deletion only the message tells.
            let refused = stopRefusedMessage(run, refusal)
            observation.message = run.isBeingDeleted ? "\(deletionMessage(run)) \(refused)" : refused
        }
        return observation
    }

    /// The look at what the run consists of that is due now; nil when none is, or it was made just before.
    ///
    /// Some engines do not say in the run what it waits for, and whether a step has started.
    private func lookStep(_ run: EngineRun) -> Step? {
        guard case .unread = facts.detail, let due = facts.timeline.nextLook(at: run), due <= instant else {
            return nil
        }
        let listings = engine.childListings(for: run)
        return listings.isEmpty ? nil : .readDetail(run, listings)
    }

    private func deletionMessage(_ run: EngineRun) -> String {
        let object = "\(engine.runType.kind) \(run.key.name)"
        let names = run.finalizers.joined(separator: ", ")
        let holder =
            switch run.finalizers.count {
            case 0: "a finalizer holds it"
            case 1: "the finalizer \(names) holds it"
            default: "the finalizers \(names) hold it"
            }
        return """
            \(object) is being deleted, and \(holder): it continues until it ends or is gone. If it goes before its \
            end, the execution fails as RunDeleted.
            """
    }

    /// How long a status that tells nothing but progress has to wait; nil when it may be written now.
    ///
    /// Transitions are never held back. Everything else is written at most once an interval, so that a chatty engine
    /// costs the API server no more than a quiet one.
    private func pauseBeforeProgress(_ status: ExecutionStatus) -> Duration? {
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

    /// The conditions that only a run which has not ended can need, as this look at it found them.
    private func conditions(of run: EngineRun) -> [ExecutionEvent] {
        stopCondition(of: run) + ownershipCondition(of: run) + withdrawing([.engineUnavailable])
    }

    /// Somebody removed the owner reference, which garbage collection needs: the run is followed all the same.
    private func ownershipCondition(of run: EngineRun) -> [ExecutionEvent] {
        guard !run.isOwned(byExecutionWithUID: execution.uid) else { return withdrawing([.runOwned]) }
        let object = "\(engine.runType.kind) \(run.key.name)"
        return [
            .conditionSet(
                .runOwned, .false, reason: .retention(.runNotOwned),
                message: """
                    The owner reference of \(object) to this execution was removed. The run is still followed to its \
                    end, but it stays when the execution is deleted: restore metadata.ownerReferences, or delete it \
                    yourself.
                    """)
        ]
    }

    /// `events`, and the withdrawal of the conditions that say nothing about an execution that has ended.
    func withdrawingRunningConditions(_ events: [ExecutionEvent]) -> [ExecutionEvent] {
        events + withdrawing([.engineUnavailable, .runOwned])
    }

    func withdrawing(_ types: [ConditionType]) -> [ExecutionEvent] {
        types.filter { execution.status.condition($0) != nil }.map { .conditionRemoved($0) }
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

    /// How long until something is due although nothing changes; nil when nothing is.
    private func timeToNextDeadline(of run: EngineRun, _ spec: ExecutionSpec) -> Duration? {
        let response =
            run.state.reason == .awaitingEngine && !isResponseOverdue
            ? timing.engineResponse - facts.timeline.runAge(at: instant) : nil
        let look =
            engine.childListings(for: run).isEmpty
            ? nil : facts.timeline.nextLook(at: run).map { instant.duration(to: $0) }
        return [response, look, timeToWatchdog(of: run, spec)].compactMap { $0 }.min()
    }

    /// True once the engine has left the run untouched for longer than it may without a remark.
    private var isResponseOverdue: Bool { facts.timeline.runAge(at: instant) >= timing.engineResponse }
}

import Engines
import KubeClient
import KubeRuntime
import Status
import TowlineAPI

extension Situation {
    /// The run has not ended: mirror it, and look again when something is due.
    func runningStep(_ run: EngineRun, _ spec: ExecutionSpec) -> Step {
        if let verdict = watchdogVerdict(on: run, spec) {
            return report(removingRunningConditions(stopCondition(of: run) + [verdict]))
        }
        if let step = childrenStep(run) { return step }
        let step = report(conditions(of: run) + [.observed(observed(run))], otherwise: idleStep(run, spec))
        guard case .write(let status) = step, let pause = pauseBeforeProgress(status) else { return step }
        return facts.stopRefusal == nil ? .idle(recheckAfter: pause) : .failed(retryAfter: pause)
    }

    /// What to do until something changes.
    private func idleStep(_ run: EngineRun, _ spec: ExecutionSpec) -> Step {
        if let refusal = facts.stopRefusal { return .failed(retryAfter: refusal.pause) }
        return .idle(recheckAfter: timeToNextDeadline(of: run, spec).map { max(.milliseconds(1), $0) })
    }

    /// What the status says of a run that has not ended.
    private func observed(_ run: EngineRun) -> Observation {
        var state = facts.timeline.detailedState(of: run) ?? run.state
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
    private func childrenStep(_ run: EngineRun) -> Step? {
        guard case .unread = facts.children, let due = facts.timeline.nextChildrenRead(of: run), due <= instant else {
            return nil
        }
        let listings = engine.childListings(for: run)
        return listings.isEmpty ? nil : .readChildren(run, listings)
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
    func removingRunningConditions(_ events: [ExecutionEvent]) -> [ExecutionEvent] {
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
            ? nil : facts.timeline.nextChildrenRead(of: run).map { instant.duration(to: $0) }
        return [response, look, timeToWatchdog(of: run, spec)].compactMap { $0 }.min()
    }

    /// True once the engine has left the run untouched for longer than it may without a remark.
    private var isResponseOverdue: Bool { facts.timeline.runAge(at: instant) >= timing.engineResponse }
}

/// Stopping a run: on the user's request, or because it ran for longer than its timeout.
///
/// A timeout that is over leads to a request first. The verdict follows ``ExecutionTiming/watchdogVerdict``
/// after the API server accepted that request, or when it has refused every request for
/// ``ExecutionTiming/stopPatience``; it says which of the two happened.
extension Situation {
    /// What the run has to be asked for now; nil when nothing has to.
    func dueShutdown(of run: EngineRun, _ spec: ExecutionSpec) -> Shutdown? {
        isOverTimeout(run, spec) ? .terminate : spec.shutdown
    }

    /// The verdict on a run that did not end at its timeout; nil while the request to stop it may still have its effect.
    func watchdogVerdict(on run: EngineRun, _ spec: ExecutionSpec) -> ExecutionEvent? {
        guard let limit = watchdogLimit(of: run, spec), let age = limitedAge(of: run), age >= limit else { return nil }
        let seconds = spec.executionConfig.timeoutSeconds ?? 0
        let stops = facts.timeline.stops
        if let accepted = stops.accepted, accepted.shutdown == .terminate {
            // A run that had been told to terminate before its limit gets the same time after the limit.
            let waited = min(accepted.since.duration(to: instant), age - limit)
            guard waited >= timing.watchdogVerdict else { return nil }
            return ended(
                .watchdogExpired,
                """
                The run exceeded its timeout of \(seconds) seconds. It was told to terminate, and \(engine.title) has \
                not ended it. It may still be running.
                """)
        }
        guard let failing = stops.failing, failing.since.duration(to: instant) >= timing.stopPatience,
            age - limit >= timing.stopPatience
        else { return nil }
        return ended(
            .watchdogExpired,
            """
            The run exceeded its timeout of \(seconds) seconds. It could not be stopped and may still be running: \
            \(failing.refusal.message)
            """)
    }

    /// True when the run was stopped by the watchdog rather than by a user.
    ///
    /// Both times are the engine's, so that clocks that differ do not matter; each is cut to whole seconds.
    func wasEndedByWatchdog(_ run: EngineRun, _ spec: ExecutionSpec) -> Bool {
        guard run.state.reason == .cancelled, spec.shutdown == nil, run.requestedShutdown == .terminate,
            let limit = watchdogLimit(of: run, spec)
        else { return false }
        if let start = run.state.startedAt, let end = run.state.finishedAt { return end - start >= limit - .seconds(1) }
        return limitedAge(of: run).map { $0 >= limit } ?? false
    }

    /// True once a run has been running for longer than its timeout and the grace of the watchdog.
    func isOverTimeout(_ run: EngineRun, _ spec: ExecutionSpec) -> Bool {
        guard let limit = watchdogLimit(of: run, spec), let age = limitedAge(of: run) else { return false }
        return age >= limit
    }

    /// How long until something is due about the timeout although nothing changes; nil without a timeout.
    func timeToWatchdog(of run: EngineRun, _ spec: ExecutionSpec) -> Duration? {
        guard let limit = watchdogLimit(of: run, spec), let age = limitedAge(of: run) else { return nil }
        if age < limit { return limit - age }
        let stops = facts.timeline.stops
        if let accepted = stops.accepted, accepted.shutdown == .terminate {
            return timing.watchdogVerdict - min(accepted.since.duration(to: instant), age - limit)
        }
        return stops.failing.map { timing.stopPatience - min($0.since.duration(to: instant), age - limit) }
    }

    /// How long the run may run before it is stopped from outside; nil when it has no timeout.
    private func watchdogLimit(of run: EngineRun, _ spec: ExecutionSpec) -> Duration? {
        spec.executionConfig.timeoutSeconds.map { .seconds($0) + timing.watchdogGrace }
    }

    /// For how long the run has been running, at least; nil for one that the engine holds back.
    ///
    /// A run that its engine never looked at counts from its creation, so that a dead engine cannot keep an execution
    /// open for ever.
    private func limitedAge(of run: EngineRun) -> Duration? {
        if let age = facts.timeline.timeSinceStart(at: instant) { return age }
        return run.state.reason == .awaitingEngine ? facts.timeline.runAge(at: instant) : nil
    }
}

/// What a status says about a stop request that the API server refuses.
extension Situation {
    /// The refusal to report; nil while none lasts.
    ///
    /// One that may pass by itself, such as throttling, is reported when it has lasted for a while.
    var reportedStopRefusal: Refusal? {
        guard let failing = facts.timeline.stops.failing else { return nil }
        let isWorthTelling =
            failing.refusal.isLasting || failing.since.duration(to: instant) >= timing.stopRefusalPatience
        return isWorthTelling ? failing.refusal : nil
    }

    /// The condition that a refused stop request sets, or that an accepted one withdraws.
    func stopCondition(of run: EngineRun) -> [ExecutionEvent] {
        guard let refusal = reportedStopRefusal else {
            let isSet = execution.status.condition(.shutdownRefused) != nil && facts.timeline.stops.failing == nil
            return isSet ? [.conditionRemoved(.shutdownRefused)] : []
        }
        return [
            .conditionSet(
                .shutdownRefused, .true, reason: .general(refusal.reason), message: stopRefusedMessage(run, refusal))
        ]
    }

    /// What happened, where, and how to fix it.
    func stopRefusedMessage(_ run: EngineRun, _ refusal: Refusal) -> String {
        let object = "\(engine.runType.kind) \(run.key.name)"
        let remedy =
            switch refusal.reason {
            case .forbidden:
                "Grant the operator the verb patch on \(engine.runType.plural).\(engine.runType.group) in this namespace"
            case .webhookUnavailable, .policyDenied: "Fix or relax the admission webhook or policy"
            default: "See the API server's answer"
            }
        return """
            \(object) could not be stopped and continues: \(refusal.message). \(remedy); the operator keeps trying.
            """
    }
}

extension Situation {
    /// The run ended: mirror it once, with the cause where it failed.
    func finishStep(_ run: EngineRun, _ spec: ExecutionSpec) -> Step {
        var state = run.state
        let listings = engine.childListings(for: run)
        if !listings.isEmpty {
            switch facts.children {
            case .unread: return .readChildren(run, listings)
            case .read(let detailed): state = detailed
            case .postponed: return .failed(retryAfter: facts.retryAfter)
            case .unreadable: break
            }
        }
        var observation = observation(of: run, state)
        if wasEndedByWatchdog(run, spec) {
            observation.reason = .watchdogExpired
            observation.message = """
                The run exceeded its timeout of \(spec.executionConfig.timeoutSeconds ?? 0) seconds and was terminated.
                """
        } else if let mismatch = digestMismatch(state, spec) {
            observation.reason = .digestMismatch
            observation.message = mismatch
        }
        return report(removingAllConditions([.observed(observation)]))
    }

    /// What to say when the engine ran another bundle than the one that was pinned; nil when it did not.
    private func digestMismatch(_ state: RunState, _ spec: ExecutionSpec) -> String? {
        guard let pinned = spec.workflowRef.containerDigest, let resolved = state.resolvedDigest, pinned != resolved
        else { return nil }
        return "The execution pins the bundle to \(pinned), but \(engine.title) resolved \(resolved). \(state.message)"
    }

    /// The run that was seen is gone, proven by a live read.
    func runDisappeared(_ last: EngineRun?) -> [ExecutionEvent] {
        var events: [ExecutionEvent] = []
        // What it said last is better than nothing: progress, and whether a step had started.
        if let last, isOurs(last), !last.state.isFinished {
            events.append(.observed(observation(of: last, last.state)))
        }
        let name = execution.status.runRef?.name ?? execution.runName
        let message = """
            \(engine.runType.kind) \(name) was deleted before its end was seen. Whether its steps had effects is \
            not known; it is not created again.
            """
        return removingAllConditions(events + [ended(.runDeleted, message)] + gone(.general(.runDeleted), message))
    }

    /// `events`, and the withdrawal of what was said about a run that is no more.
    private func removingAllConditions(_ events: [ExecutionEvent]) -> [ExecutionEvent] {
        removingRunningConditions(events) + withdrawing([.shutdownRefused])
    }

    /// The verdict when the object of the run's name is not the execution's run.
    func foreignRun(_ run: EngineRun) -> [ExecutionEvent] {
        let object = "\(engine.runType.kind) \(run.key.name)"
        if let known = execution.status.runRef {
            let message = """
                \(object) is not the run that was started: its UID is \(run.uid), that of the run was \(known.uid).
                """
            return removingAllConditions([ended(.runReplaced, message)] + gone(.general(.runReplaced), message))
        }
        let message = """
            \(object) exists and does not belong to this execution; it was left as it is. Create the execution again \
            under another name.
            """
        return [ended(.nameCollision, message)]
    }
}

extension Situation {
    /// What to tell once the run was asked to end.
    func shutdownNotice(for run: EngineRun) -> Notice? {
        let reference = engine.reference(to: run)
        let name = "\(reference.kind) \(reference.name)"
        if execution.isFinished || execution.spec.map({ isOverTimeout(run, $0) }) == true {
            let seconds = execution.spec?.executionConfig.timeoutSeconds.map { " of \($0) seconds" } ?? ""
            return Notice(
                type: .warning, reason: "WatchdogShutdown", action: .shutDown,
                note: "\(name) exceeded its timeout\(seconds) and was told to terminate", related: reference)
        }
        guard let shutdown = execution.spec?.shutdown else { return nil }
        return Notice(
            type: .normal, reason: "ShutdownRequested", action: .shutDown,
            note: "Told \(name) to end, as spec.shutdown asks: \(shutdown.rawValue)", related: reference)
    }
}

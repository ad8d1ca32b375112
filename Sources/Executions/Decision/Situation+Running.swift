import Engines
import KubeClient
import KubeRuntime
import Status
import TowlineAPI

extension Situation {
    /// Decides the next step while the run has not ended: copies its state to the status, and schedules the next
    /// deadline.
    func runningStep(_ run: EngineRun, _ spec: ExecutionSpec) -> Step {
        if let verdict = watchdogVerdict(on: run, spec) {
            // If all earlier status writes were rejected, this is also the first status with the run.
            return report(
                removingRunningConditions(stopCondition(of: run) + [.observed(observed(run)), verdict]))
        }
        if let step = childrenStep(run) { return step }
        let step = report(conditions(of: run) + [.observed(observed(run))], otherwise: idleStep(run, spec))
        guard case .write(let status) = step, let pause = pauseBeforeProgress(status) else { return step }
        return facts.stopRefusal == nil ? .idle(recheckAfter: pause) : .failed(retryAfter: pause)
    }

    /// Idle until a watch event arrives or the next deadline passes.
    private func idleStep(_ run: EngineRun, _ spec: ExecutionSpec) -> Step {
        if let refusal = facts.stopRefusal { return .failed(retryAfter: refusal.pause) }
        return .idle(recheckAfter: timeToNextDeadline(of: run, spec).map { max(.milliseconds(1), $0) })
    }

    /// The observation of an unfinished run for the status.
    private func observed(_ run: EngineRun) -> Observation {
        var state = facts.timeline.detailedState(of: run) ?? run.state
        // While runs cannot be watched, the engine may have responded without this process seeing it.
        if state.reason == .awaitingEngine, facts.isCacheCurrent, isResponseOverdue {
            state.reason = .engineNotResponding
        }
        var observation = observation(of: run, state)
        if state.reason == .engineNotResponding {
            observation.message = "\(engine.title) has not started to process the run. \(engine.notRespondingHint)"
        }
        if run.isBeingDeleted { observation.message = deletionMessage(run) }
        if let refusal = reportedStopRefusal {
            observation.reason = .shutdownRefused
            // A separate condition reports the rejected stop request; only this message reports the deletion.
            let refused = stopRefusedMessage(run, refusal)
            observation.message = run.isBeingDeleted ? "\(deletionMessage(run)) \(refused)" : refused
        }
        return observation
    }

    /// The step that reads the run's children; nil if no read is due or they were just read.
    ///
    /// Some engines report only in the children why the run is waiting and whether a step has started.
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
            case 0: "is blocked by a finalizer"
            case 1: "is blocked by the finalizer \(names)"
            default: "is blocked by the finalizers \(names)"
            }
        return """
            \(object) is being deleted and \(holder). It keeps running until it ends or is removed. If it is \
            removed before it ends, the execution fails with reason RunDeleted.
            """
    }

    /// How long to delay a status write that reports only progress; nil if it may be written now.
    ///
    /// Transitions are written immediately. Other changes are written at most once per interval, so that an engine that
    /// updates its runs often does not increase the load on the API server.
    private func pauseBeforeProgress(_ status: ExecutionStatus) -> Duration? {
        let old = execution.status
        let isTransition =
            status.phase != old.phase || status.runRef != old.runRef
            || status.observedGeneration != old.observedGeneration
            || status.conditions.map(\.type) != old.conditions.map(\.type)
        guard !isTransition, let last = old.updatedAt else { return nil }
        let due = last + timing.progressInterval
        // If the clock was set back, write now instead of waiting longer than the interval.
        guard now < due, now >= last else { return nil }
        return due - now
    }

    /// The conditions of a run that has not ended.
    private func conditions(of run: EngineRun) -> [ExecutionEvent] {
        stopCondition(of: run) + ownershipCondition(of: run) + withdrawing([.engineUnavailable])
    }

    /// Reports a run that lost its owner reference and is therefore not garbage collected. The run is still followed.
    private func ownershipCondition(of run: EngineRun) -> [ExecutionEvent] {
        guard !run.isOwned(byExecutionWithUID: execution.uid) else { return withdrawing([.runOwned]) }
        let object = "\(engine.runType.kind) \(run.key.name)"
        return [
            .conditionSet(
                .runOwned, .false, reason: .retention(.runNotOwned),
                message: """
                    The owner reference of \(object) to this execution was removed. The run is still followed, but it \
                    will not be deleted with the execution. Restore metadata.ownerReferences, or delete the run yourself.
                    """)
        ]
    }

    /// Appends the removal of conditions that only unfinished executions have.
    func removingRunningConditions(_ events: [ExecutionEvent]) -> [ExecutionEvent] {
        events + withdrawing([.engineUnavailable, .runOwned])
    }

    func withdrawing(_ types: [ConditionType]) -> [ExecutionEvent] {
        types.filter { execution.status.condition($0) != nil }.map { .conditionRemoved($0) }
    }

    /// Converts the run's state to an observation for the status.
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

    /// How long until the next deadline of the run; nil if it has none.
    private func timeToNextDeadline(of run: EngineRun, _ spec: ExecutionSpec) -> Duration? {
        let response =
            run.state.reason == .awaitingEngine && !isResponseOverdue
            ? timing.engineResponse - facts.timeline.runAge(at: instant) : nil
        let look =
            engine.childListings(for: run).isEmpty
            ? nil : facts.timeline.nextChildrenRead(of: run).map { instant.duration(to: $0) }
        return [response, look, timeToWatchdog(of: run, spec)].compactMap { $0 }.min()
    }

    /// True once the engine should have started to process the run.
    private var isResponseOverdue: Bool { facts.timeline.runAge(at: instant) >= timing.engineResponse }
}

/// Stops a run because a user requested it, or because the run exceeded its timeout.
///
/// When the timeout is exceeded, Towline first requests a stop. If the run does not stop, the execution ends
/// ``ExecutionTiming/watchdogVerdict`` after the API server accepted that request, or when the server has rejected
/// every request for ``ExecutionTiming/stopPatience``. The status message says which.
extension Situation {
    /// The shutdown to request now; nil if none is due.
    func dueShutdown(of run: EngineRun, _ spec: ExecutionSpec) -> Shutdown? {
        isOverTimeout(run, spec) ? .terminate : spec.shutdown
    }

    /// The event that ends an execution whose run exceeded its timeout and did not stop; nil while it may still stop.
    func watchdogVerdict(on run: EngineRun, _ spec: ExecutionSpec) -> ExecutionEvent? {
        guard let limit = watchdogLimit(of: run, spec), let age = limitedAge(of: run), age >= limit else { return nil }
        let seconds = spec.executionConfig.timeoutSeconds ?? 0
        let stops = facts.timeline.stops
        if let accepted = stops.accepted, accepted.shutdown == .terminate {
            // If termination was requested before `limit`, count only the time after `limit`.
            let waited = min(accepted.since.duration(to: instant), age - limit)
            guard waited >= timing.watchdogVerdict else { return nil }
            return ended(
                .watchdogExpired,
                """
                The run exceeded its timeout of \(seconds) seconds. Towline requested termination, but \
                \(engine.title) has not stopped it. It may still be running.
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

    /// Whether the watchdog, rather than a user, stopped the run.
    ///
    /// Both times are from the engine's clock, so clock skew does not matter. Each is truncated to whole seconds.
    func wasEndedByWatchdog(_ run: EngineRun, _ spec: ExecutionSpec) -> Bool {
        guard run.state.reason == .cancelled, spec.shutdown == nil, run.requestedShutdown == .terminate,
            let limit = watchdogLimit(of: run, spec)
        else { return false }
        if let start = run.state.startedAt, let end = run.state.finishedAt { return end - start >= limit - .seconds(1) }
        return limitedAge(of: run).map { $0 >= limit } ?? false
    }

    /// True once a run has exceeded its timeout and the grace period of the watchdog.
    func isOverTimeout(_ run: EngineRun, _ spec: ExecutionSpec) -> Bool {
        guard let limit = watchdogLimit(of: run, spec), let age = limitedAge(of: run) else { return false }
        return age >= limit
    }

    /// The time until the watchdog stops the run; nil without a timeout.
    func timeToWatchdog(of run: EngineRun, _ spec: ExecutionSpec) -> Duration? {
        guard let limit = watchdogLimit(of: run, spec), let age = limitedAge(of: run) else { return nil }
        if age < limit { return limit - age }
        let stops = facts.timeline.stops
        if let accepted = stops.accepted, accepted.shutdown == .terminate {
            return timing.watchdogVerdict - min(accepted.since.duration(to: instant), age - limit)
        }
        return stops.failing.map { timing.stopPatience - min($0.since.duration(to: instant), age - limit) }
    }

    /// How long the run may run before the watchdog stops it; nil if it has no timeout.
    private func watchdogLimit(of run: EngineRun, _ spec: ExecutionSpec) -> Duration? {
        spec.executionConfig.timeoutSeconds.map { .seconds($0) + timing.watchdogGrace }
    }

    /// The minimum time that the run has been running; nil if the engine has queued it.
    ///
    /// For a run that the engine never processed, this is the time since its creation, so that the execution ends even
    /// if the engine is down.
    private func limitedAge(of run: EngineRun) -> Duration? {
        if let age = facts.timeline.timeSinceStart(at: instant) { return age }
        return run.state.reason == .awaitingEngine ? facts.timeline.runAge(at: instant) : nil
    }
}

/// Reports stop requests that the API server rejects.
extension Situation {
    /// The rejected stop request to report; nil if none.
    ///
    /// A transient error, such as throttling, is reported only after ``ExecutionTiming/stopRefusalPatience``.
    var reportedStopRefusal: Refusal? {
        guard let failing = facts.timeline.stops.failing else { return nil }
        let isReported =
            failing.refusal.isLasting || failing.since.duration(to: instant) >= timing.stopRefusalPatience
        return isReported ? failing.refusal : nil
    }

    /// Sets the condition of a rejected stop request, or removes it once a request was accepted.
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

    func stopRefusedMessage(_ run: EngineRun, _ refusal: Refusal) -> String {
        let object = "\(engine.runType.kind) \(run.key.name)"
        let remedy =
            switch refusal.reason {
            case .forbidden:
                "Grant the operator the verb patch on \(engine.runType.plural).\(engine.runType.group) in this namespace"
            case .webhookUnavailable, .policyDenied: "Fix or relax the admission webhook or policy"
            default: "Fix what the API server reports"
            }
        return """
            \(object) could not be stopped and is still running: \(refusal.message). \(remedy); the operator retries.
            """
    }
}

extension Situation {
    /// Decides the next step after the run ended: reads the cause if it failed, then writes the final status.
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

    /// The message if the engine ran a different bundle than the pinned one; otherwise nil.
    private func digestMismatch(_ state: RunState, _ spec: ExecutionSpec) -> String? {
        guard let pinned = spec.workflowRef.containerDigest, let resolved = state.resolvedDigest, pinned != resolved
        else { return nil }
        return "The execution pins the bundle to \(pinned), but \(engine.title) resolved \(resolved). \(state.message)"
    }

    /// Ends an execution whose run no longer exists, as confirmed by a live read.
    func runDisappeared(_ last: EngineRun?) -> [ExecutionEvent] {
        var events: [ExecutionEvent] = []
        // Keep the progress from the last state, and whether a step had started.
        if let last, isOurs(last), !last.state.isFinished {
            events.append(.observed(observation(of: last, last.state)))
        }
        let name = execution.status.runRef?.name ?? execution.runName
        let message = """
            \(engine.runType.kind) \(name) was deleted before Towline saw it end. Its steps may have had effects, so it \
            is not created again.
            """
        return removingAllConditions(events + [ended(.runDeleted, message)] + gone(.general(.runDeleted), message))
    }

    /// Appends the removal of every condition about a run that no longer exists.
    private func removingAllConditions(_ events: [ExecutionEvent]) -> [ExecutionEvent] {
        removingRunningConditions(events) + withdrawing([.shutdownRefused])
    }

    /// Ends an execution if the object with the run's name is not its run.
    func foreignRun(_ run: EngineRun) -> [ExecutionEvent] {
        let object = "\(engine.runType.kind) \(run.key.name)"
        if let known = execution.status.runRef {
            let message = """
                \(object) is not the run that was started: its UID is \(run.uid), but the run had \(known.uid). The run \
                was deleted, and another client created an object with its name.
                """
            return removingAllConditions([ended(.runReplaced, message)] + gone(.general(.runReplaced), message))
        }
        let message = """
            \(object) exists and does not belong to this execution; it was not changed. Create the execution again \
            with another name.
            """
        return [ended(.nameCollision, message)]
    }
}

extension Situation {
    /// The event about a stop request that the API server accepted.
    func shutdownNotice(for run: EngineRun) -> Notice? {
        let reference = engine.reference(to: run)
        let name = "\(reference.kind) \(reference.name)"
        if execution.isFinished || execution.spec.map({ isOverTimeout(run, $0) }) == true {
            let seconds = execution.spec?.executionConfig.timeoutSeconds.map { " of \($0) seconds" } ?? ""
            return Notice(
                type: .warning, reason: "WatchdogShutdown", action: .shutDown,
                note: "\(name) exceeded its timeout\(seconds), and termination was requested", related: reference)
        }
        guard let shutdown = execution.spec?.shutdown else { return nil }
        return Notice(
            type: .normal, reason: "ShutdownRequested", action: .shutDown,
            note: "Asked \(name) to stop, because of spec.shutdown: \(shutdown.rawValue)", related: reference)
    }
}

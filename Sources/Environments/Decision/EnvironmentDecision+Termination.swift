import KubeClient
import Status
import TowlineAPI

/// Why an environment ends.
enum TerminationCause {
    case expired, deactivated, deleted, failure

    /// The reason of an environment that ended as it should.
    var reason: EnvironmentReason {
        switch self {
        case .expired: .expired
        case .deactivated: .deactivated
        case .deleted: .deleted
        case .failure: .failureTornDown
        }
    }
}

/// Ends an environment: nothing new begins, what runs is stopped, then the teardown phase runs. All of it is bounded.
extension EnvironmentDecision {
    /// Why the environment ends, or is ending; nil if it is not.
    var terminationCause: TerminationCause? {
        let hasStarted = status.terminationStartedAt != nil
        if hasStarted, status.condition(.expired)?.status == .true { return .expired }
        if environment.deletionTimestamp != nil, !hasStarted || environment.spec.isDesired { return .deleted }
        if !environment.spec.isDesired { return .deactivated }
        if hasStarted { return .failure }
        return status.expiresAt.map { now >= $0 } ?? false ? .expired : nil
    }

    /// When the environment ends, even if something still runs.
    var terminationBound: ServerTime {
        (status.terminationStartedAt ?? now) + environment.spec.timeslot.teardownBound
    }

    /// The next step towards the end.
    mutating func terminate(because cause: TerminationCause) -> EnvironmentStep {
        if status.terminationStartedAt == nil { beginTermination(because: cause) }
        guard let plan, !status.phases.isEmpty else { return end(cause.reason, cause) }
        closePhases(of: plan)
        if environment.requests.skipsTeardown, environment.deletionTimestamp != nil, plan.teardown != nil {
            return end(.teardownSkipped, cause)
        }
        for phase in plan.phases where !phase.isTeardown {
            guard let record = status.record(of: phase.name), record.state == .running else { continue }
            if let step = stop(phase, record, cause, plan) { return step }
        }
        guard let teardown = plan.teardown, let record = status.record(of: teardown.name) else {
            return end(cause.reason, cause)
        }
        guard hasCreatedAnything(plan) else { return end(cause.reason, cause, nothing: true) }
        if environment.requests.skipsTeardown { return end(.teardownSkipped, cause) }
        return tearDown(teardown, record, cause, plan)
    }

    private mutating func beginTermination(because cause: TerminationCause) {
        update.apply(.terminationBegan)
        let running = status.phases.first { $0.state == .running }
        enter(
            .terminating, .stopping, running.map(stopping) ?? "The environment is being terminated.",
            current: running?.name)
        update.apply(.conditionRemoved(.expiringSoon))
        if case .expired = cause {
            let expiry = status.expiresAt?.rfc3339 ?? ""
            update.apply(.conditionSet(.expired, .true, .expired, message: "Expired at \(expiry)."))
        }
    }

    private func stopping(_ record: PhaseRecord) -> String {
        let execution = record.executionName.map { " (execution \($0))" } ?? ""
        return "Phase \(record.name) is being stopped\(execution)."
    }

    /// Whether any phase may have created something. A namespace that is being deleted may have deleted an execution that
    /// was created.
    private func hasCreatedAnything(_ plan: PhasePlan) -> Bool {
        plan.phases.contains { phase in
            guard !phase.isTeardown, let record = status.record(of: phase.name) else { return false }
            return record.executionUID != nil || record.attempt > 1
                || ["ExecutionDeleted", "NamespaceTerminating"].contains(record.reason)
        }
    }

    /// Ends the phases that wait: they never begin, or are not repeated.
    private mutating func closePhases(of plan: PhasePlan) {
        for phase in plan.phases where !phase.isTeardown {
            guard var record = status.record(of: phase.name) else { continue }
            switch record.state {
            case .waiting, .waitingForSignal: record.state = record.attempt == 0 ? .skipped : .failed
            case .waitingForTime: record.state = phase.definition == nil ? .cancelled : .failed
            case .running where phase.definition == nil: record.state = .cancelled
            case .running, .succeeded, .failed, .skipped, .cancelled: continue
            }
            record.finishedAt = record.finishedAt ?? (record.state == .skipped ? nil : now.roundedDownToSeconds)
            update.apply(.advanced(record))
        }
    }

    // MARK: Stopping

    /// How long a stopped execution may run its `finally` tasks or exit handlers.
    private var stopGrace: Duration { min(.seconds(60), environment.spec.timeslot.teardownBound / 4) }

    /// Stops the execution of a phase; nil if the phase is over.
    private mutating func stop(
        _ phase: LifecyclePhase, _ record: PhaseRecord, _ cause: TerminationCause, _ plan: PhasePlan
    ) -> EnvironmentStep? {
        var record = record
        if now >= terminationBound, !mayHaveEnded(record) {
            record.finishedAt = now.roundedDownToSeconds
            let name = record.executionName ?? ""
            _ = fail(phase, &record, .error, "StopTimedOut", "the execution \(name) did not end in time")
            return end(plan.teardown == nil ? .stopTimedOut : .teardownTimedOut, cause)
        }
        guard let name = record.executionName else {
            return fail(phase, &record, .cancelled, "Cancelled", "it has no execution")
        }
        if record.executionUID == nil {
            // A create that was sent before may still take effect. An execution that never runs takes its name.
            if let step = establish(name, phase, &record, shutdown: .terminate) { return bounded(step) }
            if record.state.isOver { return nil }
        }
        switch lookup(record) {
        case nil: return act(.readExecution(name))
        case .failed(_, let message, let retryAfter):
            enter(.terminating, .stopping, message, current: phase.name)
            return bounded(act(.retry(after: retryAfter)))
        case .missing: return fail(phase, &record, .cancelled, "ExecutionDeleted", "the execution \(name) was deleted")
        case .found(let execution):
            return execution.isFinished ? finish(phase, &record, execution) : stop(execution, phase)
        }
    }

    /// Whether the execution of a phase has ended, or was not read yet.
    private func mayHaveEnded(_ record: PhaseRecord) -> Bool {
        guard record.executionName != nil, record.executionUID != nil else { return false }
        return switch lookup(record) {
        case nil, .missing: true
        case .failed: false
        case .found(let execution): execution.isFinished
        }
    }

    /// Asks an execution that runs to stop, and later to terminate.
    private mutating func stop(_ execution: WorkflowExecution, _ phase: LifecyclePhase) -> EnvironmentStep {
        let graceEnd = (status.terminationStartedAt ?? now) + stopGrace
        let wanted: Shutdown = now < graceEnd ? .stop : .terminate
        let stopping = status.record(of: phase.name).map(stopping) ?? ""
        let current = facts.stops[execution.key.name] ?? execution.spec?.shutdown
        guard current.map({ $0 < wanted }) ?? true else {
            enter(.terminating, .stopping, stopping, current: phase.name)
            let next = wanted == .stop ? min(graceEnd, terminationBound) : terminationBound
            return rest(until: min(next, now + Self.recheckInterval))
        }
        guard let failure = facts.stopFailure else {
            // While a stop fails, the status keeps saying why.
            if environment.status.reason != .stopping || environment.status.currentPhase != phase.name {
                enter(.terminating, .stopping, stopping, current: phase.name)
            }
            return act(.stop(execution, wanted))
        }
        enter(
            .terminating, .stopping,
            "The execution \(execution.key.name) could not be stopped: \(failure.message)", current: phase.name)
        return bounded(act(.retry(after: failure.retryAfter)))
    }

    /// A failing request is not repeated after the bound, so no pause may be longer than the time until then.
    func bounded(_ step: EnvironmentStep) -> EnvironmentStep {
        guard case .retry(let pause) = step else { return step }
        return .retry(after: min(pause, max(.zero, terminationBound - now)))
    }

    // MARK: Teardown

    private mutating func tearDown(
        _ phase: LifecyclePhase, _ record: PhaseRecord, _ cause: TerminationCause, _ plan: PhasePlan
    ) -> EnvironmentStep {
        update.apply(.conditionSet(.tornDown, .false, .tearingDown, message: "Phase \(phase.name) tears it down."))
        var record = record
        if let request = unhandledRetry {
            update.apply(.retryHandled(request))
            if record.state == .failed || record.state == .waitingForTime {
                record.state = .waiting
                update.apply(.advanced(record))
            }
        }
        if now >= terminationBound, record.state == .running, let step = stopTeardown(phase, &record) {
            return step
        }
        if now >= terminationBound, record.state != .succeeded {
            if record.state == .failed { return end(.teardownFailed, cause) }
            record.message = record.message ?? "it did not end within timeslot.teardownSeconds"
            record.reason = record.reason ?? "TeardownTimedOut"
            record.state = .failed
            record.finishedAt = now.roundedDownToSeconds
            update.apply(.advanced(record))
            return end(.teardownTimedOut, cause)
        }
        let step: EnvironmentStep? =
            switch record.state {
            case .waiting, .waitingForSignal: begin(phase, record)
            case .waitingForTime: awaitRetry(of: phase, record)
            case .running: follow(phase, record)
            case .succeeded, .failed, .skipped, .cancelled: nil
            }
        if let step { return atBound(step) }
        let result = status.record(of: phase.name)
        if result?.state == .succeeded { return end(cause.reason, cause) }
        if result?.reason == "NamespaceTerminating" { return end(.namespaceTerminating, cause) }
        return holdForRetry(phase, result ?? record, cause)
    }

    /// Holds an environment whose teardown failed, so that a user can retry it.
    ///
    /// A namespace that is being deleted refuses every create, and waits for the environment. Nothing else says so, so
    /// the next attempt is tried without being stored.
    private mutating func holdForRetry(
        _ phase: LifecyclePhase, _ record: PhaseRecord, _ cause: TerminationCause
    ) -> EnvironmentStep {
        let bound = terminationBound
        enter(
            .terminating, .teardownFailed,
            "\(phase.name) failed: \(record.message ?? "no message"). Retry it, or wait until \(bound.rfc3339).",
            current: phase.name)
        guard environment.deletionTimestamp != nil,
            let next = execution("\(environment.uid)-probe", phase, record, .terminate)
        else { return rest(until: bound) }
        guard let isTerminating = facts.isNamespaceTerminating else { return act(.probeNamespace(next)) }
        if isTerminating { return end(.namespaceTerminating, cause) }
        return rest(until: min(bound, now + Self.pollInterval))
    }

    /// Terminates a teardown that still runs at the bound, or takes its name if it may still be created; nil if that was
    /// done or tried. What it did until now counts.
    private mutating func stopTeardown(
        _ phase: LifecyclePhase, _ record: inout PhaseRecord
    ) -> EnvironmentStep? {
        guard let name = record.executionName else { return nil }
        if record.executionUID == nil {
            guard facts.createFailures[name] == nil else { return nil }
            if let step = establish(name, phase, &record, shutdown: .terminate) { return step }
        }
        switch lookup(record) {
        case nil: return act(.readExecution(name))
        case .missing, .failed: return nil
        case .found(let execution):
            if execution.isFinished { return finish(phase, &record, execution) }
            let isStopped = (facts.stops[name] ?? execution.spec?.shutdown) == .terminate
            return isStopped || facts.stopFailure != nil ? nil : act(.stop(execution, .terminate))
        }
    }

    /// No rest and no pause may last longer than the time for the teardown.
    private func atBound(_ step: EnvironmentStep) -> EnvironmentStep {
        guard case .rest(let time) = step else { return bounded(step) }
        return .rest(until: min(time ?? terminationBound, terminationBound))
    }

    // MARK: The end

    /// Ends the environment; its finalizer is removed after that was written.
    private mutating func end(
        _ reason: EnvironmentReason, _ cause: TerminationCause, nothing: Bool = false
    ) -> EnvironmentStep {
        var reason = reason
        let hasWaited = environment.status.phase == .pending || environment.status.phase == .approaching
        if case .expired = cause, status.startedAt == nil, hasWaited { reason = .timeslotMissed }
        // Nothing is followed after the end, even if it still runs.
        for var record in status.phases where !record.state.isOver {
            record.state = record.attempt == 0 ? .skipped : .cancelled
            if record.attempt > 0 { record.finishedAt = record.finishedAt ?? now.roundedDownToSeconds }
            update.apply(.advanced(record))
        }
        if plan?.teardown != nil {
            let hasNothing = nothing || status.phases.isEmpty
            let result = tornDown(reason, hasNothing: hasNothing)
            update.apply(.conditionSet(.tornDown, result.value, result.reason, message: message(of: reason)))
        }
        enter(.inactive, reason, message(of: reason))
        return act(.rest(until: nil))
    }

    private func tornDown(
        _ reason: EnvironmentReason, hasNothing: Bool
    ) -> (value: ConditionStatus, reason: EnvironmentConditionReason) {
        switch reason {
        case .teardownFailed: (.false, .teardownFailed)
        case .teardownTimedOut, .stopTimedOut: (.false, .teardownTimedOut)
        case .teardownSkipped: (.false, .teardownSkipped)
        case .namespaceTerminating: (.false, .namespaceTerminating)
        default: (.true, hasNothing ? .nothingToTearDown : .tornDown)
        }
    }

    private func message(of reason: EnvironmentReason) -> String {
        let failure = plan?.teardown.flatMap { status.record(of: $0.name) }.flatMap(\.message)
        let detail = failure.map { ": \($0)" } ?? ""
        return switch reason {
        case .expired: "The environment expired."
        case .deactivated: "The environment was deactivated (spec.desired)."
        case .deleted: "The environment was deleted."
        case .failureTornDown: "A phase failed, and onFailure is Teardown."
        case .timeslotMissed:
            "The environment expired before its first phase began. Create another one with a later end."
        case .teardownFailed: "The teardown failed and was not retried in time\(detail)"
        case .teardownTimedOut: "The teardown took too long\(detail)"
        case .teardownSkipped: "The teardown was skipped at a user's request."
        case .namespaceTerminating: "The namespace is being deleted, so the teardown could not run."
        case .stopTimedOut: "The execution of a phase did not end in time."
        default: ""
        }
    }
}

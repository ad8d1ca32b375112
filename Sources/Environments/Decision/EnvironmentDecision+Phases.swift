import KubeClient
import Status
import TowlineAPI

/// Runs the phases, strictly one after another.
extension EnvironmentDecision {
    /// Continues the phase that has started, or starts the next one.
    mutating func run(_ plan: PhasePlan) -> EnvironmentStep {
        if status.startedAt == nil {
            // maxEnd can be past although a TTL is not over, and an extension can be later than the timeslot.
            let expiries = [environment.spec.timeslot.expiry(startedAt: now), status.expiresAt]
            if let expiry = expiries.compactMap(\.self).max(), now >= expiry {
                update.apply(.expires(at: expiry))
                return terminate(because: .expired)
            }
            enter(.provisioning, .phaseRunning, "The phases begin.")
            // A TTL counts from the start that was just set.
            updateExpiry()
            setExpiryConditions()
        }
        retryOnRequest(plan)
        if plan.readiness == .start { update.apply(.becameReady) }
        for phase in plan.phases where !phase.isTeardown {
            guard let record = status.record(of: phase.name), record.hasStarted, !record.state.isOver else { continue }
            if let step = proceed(phase, record) { return step }
        }
        var blocking: LifecyclePhase?
        for phase in plan.serialPhases where blocking == nil {
            guard let record = status.record(of: phase.name) else { continue }
            switch record.state {
            case .succeeded, .skipped, .cancelled: continue
            case .failed: if phase.gatesNext { blocking = phase }
            case .running, .waitingForTime, .waiting, .waitingForSignal:
                if let step = wait(for: phase, record) ?? begin(phase, record) { return step }
                // It may have failed at once, for example because the API server rejected its execution.
                if status.record(of: phase.name)?.state == .failed, phase.gatesNext { blocking = phase }
            }
        }
        if let step = runFailurePhases(plan, blocking) { return step }
        if let blocking { return block(by: blocking, plan) }
        if let failed = failedPhase(plan) { return block(by: failed, plan) }
        enter(.active, .ready, "The environment is ready.")
        return rest()
    }

    /// Enters Provisioning or, once the environment is ready, Active. After a failure that matters, the environment is
    /// Failed or Degraded although other phases still run.
    mutating func enter(_ reason: EnvironmentReason, _ message: String, current: String) {
        if status.terminationStartedAt != nil { return enter(.terminating, reason, message, current: current) }
        let isReady = status.readyAt != nil
        if let failed = plan.flatMap(failedPhase), failed.name != current {
            let cause = status.record(of: failed.name)?.message ?? "its execution ended without success"
            return enter(
                isReady ? .degraded : .failed, .phaseFailed, "\(failed.name) failed: \(cause). \(message)",
                current: current)
        }
        enter(isReady ? .active : .provisioning, reason, message, current: current)
    }

    /// The first phase whose failure blocks the next ones, or keeps the environment from being ready.
    private func failedPhase(_ plan: PhasePlan) -> LifecyclePhase? {
        plan.serialPhases.first { phase in
            status.record(of: phase.name)?.state == .failed
                && (phase.gatesNext || status.readyAt == nil && plan.readiness == .phase(phase.name))
        }
    }

    /// Waits for the trigger of the next phase; nil if the phase may start.
    private mutating func wait(for phase: LifecyclePhase, _ record: PhaseRecord) -> EnvironmentStep? {
        let word: String
        switch phase.trigger {
        case nil, .failed: return nil
        case .ready:
            if status.readyAt != nil { return nil }
            word = "that the environment is ready"
        case .signal(let signal):
            if environment.spec.signals.contains(signal) { return nil }
            word = "the signal \(signal). Add it to spec.signals"
        }
        var record = record
        record.state = .waitingForSignal
        update.apply(.advanced(record))
        enter(.waitingForSignal, "Phase \(phase.name) waits for \(word).", current: phase.name)
        return rest()
    }

    /// Runs the phases that wait for a failure, or skips them; nil if none has to run.
    private mutating func runFailurePhases(_ plan: PhasePlan, _ blocking: LifecyclePhase?) -> EnvironmentStep? {
        let order = plan.phases.map(\.name)
        let failed = blocking.flatMap { order.firstIndex(of: $0.name) }
        for (index, phase) in plan.phases.enumerated() where phase.trigger == .failed {
            guard var record = status.record(of: phase.name), record.state == .waiting else { continue }
            if let failed {
                guard failed < index else { continue }
                if let step = begin(phase, record) { return step }
            } else {
                record.state = .skipped
                update.apply(.advanced(record))
            }
        }
        return nil
    }

    /// Reports the failed phase that blocks the others, or ends the environment because of it.
    private mutating func block(by phase: LifecyclePhase, _ plan: PhasePlan) -> EnvironmentStep {
        if plan.onFailure == .teardown, phase.gatesNext { return terminate(because: .failure) }
        let record = status.record(of: phase.name)
        let reason = record?.reason.flatMap(EnvironmentReason.init(rawValue:))
        // An execution can have ended for reasons of the same names.
        let lasting: [EnvironmentReason] =
            record?.executionUID == nil ? [.executionDeleted, .nameCollision, .invalidSpec] : [.executionDeleted]
        enter(
            status.readyAt == nil ? .failed : .degraded,
            reason.flatMap { lasting.contains($0) ? $0 : nil } ?? .phaseFailed,
            "\(phase.name) failed: \(record?.message ?? "its execution ended without success")", current: phase.name)
        return rest()
    }

    /// Lets the phase that failed begin again if a user asks for it.
    private mutating func retryOnRequest(_ plan: PhasePlan) {
        guard let request = unhandledRetry else { return }
        update.apply(.retryHandled(request))
        let failed = plan.serialPhases.first { phase in
            let state = status.record(of: phase.name)?.state
            return state == .waitingForTime && phase.definition != nil
                || state == .failed && (phase.gatesNext || plan.readiness == .phase(phase.name))
        }
        guard let failed, var record = status.record(of: failed.name) else { return }
        record.state = .waiting
        update.apply(.advanced(record))
        let running = status.phases.first { $0.state == .running }?.name
        enter(.phaseRetrying, "Phase \(failed.name) is retried.", current: running ?? failed.name)
    }
}

// MARK: - One phase

extension PhaseRecord {
    /// Whether an attempt or a native step has started.
    var hasStarted: Bool { state == .running || state == .waitingForTime }
}

extension EnvironmentDecision {
    /// Continues a phase that has started; nil if it is over.
    private mutating func proceed(_ phase: LifecyclePhase, _ record: PhaseRecord) -> EnvironmentStep? {
        if phase.definition == nil { return runSteps(of: phase, record) }
        if record.state == .waitingForTime { return awaitRetry(of: phase, record) }
        return follow(phase, record)
    }

    /// Begins a phase: its next attempt, or its first native step.
    mutating func begin(_ phase: LifecyclePhase, _ record: PhaseRecord) -> EnvironmentStep? {
        var record = record
        record.startedAt = record.startedAt ?? now.roundedDownToSeconds
        record.state = .running
        guard phase.definition != nil else {
            record.step = 1
            record.stepStartedAt = now.roundedUpToSeconds
            return runSteps(of: phase, record)
        }
        // The name is stored before the execution exists, so that a repeated create meets it.
        let (attempt, isTooLarge) = record.attempt.addingReportingOverflow(1)
        guard !isTooLarge else { return rest() }
        let key = environment.key
        func name(_ attempt: Int64) -> String {
            PhaseExecution.name(environment: key.name, uid: environment.uid, phase: phase.name, attempt: attempt)
        }
        if attempt > PhaseExecution.keptAttempts {
            let old = name(attempt - PhaseExecution.keptAttempts)
            guard facts.deletedOld.contains(old) else { return .deleteOld(old) }
        }
        record.attempt = attempt
        record.executionName = name(attempt)
        record.executionUID = nil
        record.outcome = nil
        record.reason = nil
        record.message = nil
        record.finishedAt = nil
        update.apply(.advanced(record))
        return follow(phase, record)
    }

    /// Does the native steps of a phase; nil if all are done.
    private mutating func runSteps(of phase: LifecyclePhase, _ record: PhaseRecord) -> EnvironmentStep? {
        var record = record
        while let step = phase.steps.dropFirst(Int(clamping: max(0, (record.step ?? 1) - 1))).first {
            switch step {
            case .markReady: update.apply(.becameReady)
            case .pause(let seconds):
                let end = (record.stepStartedAt ?? now) + .seconds(max(0, seconds))
                if now < end {
                    record.state = .waitingForTime
                    update.apply(.advanced(record))
                    enter(.paused, "Phase \(phase.name) pauses until \(end.rfc3339).", current: phase.name)
                    return rest(until: end)
                }
            }
            record.step = (record.step ?? 1) &+ 1
            record.stepStartedAt = now.roundedUpToSeconds
        }
        record.state = .succeeded
        record.step = nil
        record.stepStartedAt = nil
        record.finishedAt = now.roundedDownToSeconds
        update.apply(.advanced(record))
        becomeReady(after: phase)
        return nil
    }

    /// Waits until the pause after a failed attempt is over, and begins the next one.
    mutating func awaitRetry(of phase: LifecyclePhase, _ record: PhaseRecord) -> EnvironmentStep? {
        let end = (record.finishedAt ?? now) + phase.retry.backoff(after: record.attempt)
        guard now < end else { return begin(phase, record) }
        let message =
            "\(phase.name) failed: \(record.message ?? "no message"). The next attempt begins at \(end.rfc3339)."
        enter(phase.isTeardown ? .teardownRetrying : .phaseRetrying, message, current: phase.name)
        return rest(until: end)
    }
}

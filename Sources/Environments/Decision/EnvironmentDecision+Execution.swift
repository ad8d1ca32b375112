import Engines
import KubeClient
import Status
import TowlineAPI

/// Follows the execution of a phase's attempt.
extension EnvironmentDecision {
    /// The time after which a request that was sent can no longer take effect.
    static let requestLifetime = Duration.seconds(60)

    /// Creates the execution of the current attempt, or looks how it is doing; nil if the phase is over.
    mutating func follow(_ phase: LifecyclePhase, _ record: PhaseRecord) -> EnvironmentStep? {
        var record = record
        guard let name = record.executionName else {
            // The status was changed by someone else. The attempt cannot be found, so it must not be repeated.
            return fail(
                phase, &record, .error, "ExecutionDeleted", "the name of its execution was removed from the status")
        }
        if record.executionUID == nil {
            if let step = establish(name, phase, &record, shutdown: nil) { return step }
            if record.state.isOver { return nil }
        }
        switch lookup(record) {
        case nil: return act(.readExecution(name))
        case .failed(let reason, let message, let retryAfter):
            enter(reason, message, current: phase.name)
            return act(.retry(after: retryAfter))
        case .missing:
            return fail(phase, &record, .error, "ExecutionDeleted", "the execution \(name) was deleted while it ran")
        case .found(let execution):
            guard execution.isFinished else {
                enter(
                    phase.isTeardown ? .tearingDown : .phaseRunning,
                    "Phase \(phase.name) runs (execution \(name)).", current: phase.name)
                return rest(until: now + Self.recheckInterval)
            }
            return finish(phase, &record, execution)
        }
    }

    /// What is known of an attempt's execution; nil if it was not read. An execution of the same name with another UID
    /// means that the attempt's own was deleted.
    func lookup(_ record: PhaseRecord) -> EnvironmentFacts.Lookup<WorkflowExecution>? {
        switch record.executionName.flatMap({ facts.executions[$0] }) {
        case nil: nil
        case .missing: .missing
        case .failed(let reason, let message, let retryAfter): .failed(reason, message: message, retryAfter: retryAfter)
        case .found(let state): state.execution.uid == record.executionUID ? .found(state.execution) : .missing
        }
    }

    /// Creates or adopts the execution of an attempt; nil if its UID is known, or the phase is over.
    ///
    /// - Parameter shutdown: set if the execution must only take its name, and never run.
    mutating func establish(
        _ name: String, _ phase: LifecyclePhase, _ record: inout PhaseRecord, shutdown: Shutdown?
    ) -> EnvironmentStep? {
        if case .found(let state) = facts.executions[name] {
            let expected = execution(name, phase, record, shutdown)
            guard expected.map({ state.isSame(as: $0) }) ?? false else {
                return fail(
                    phase, &record, .error, "NameCollision",
                    "an execution named \(name) exists that does not belong to this environment. Request a retry, which uses another name"
                )
            }
            record.executionUID = state.execution.uid
            update.apply(.advanced(record))
            return nil
        }
        switch facts.createFailures[name] {
        case nil:
            guard let execution = execution(name, phase, record, shutdown) else {
                return fail(
                    phase, &record, .error, "InvalidSpec", "what its definition stands for is not in the status")
            }
            // While a create fails, the status keeps saying why.
            let stored = environment.status.record(of: phase.name)
            if stored?.attempt != record.attempt || environment.status.currentPhase != phase.name {
                enter(
                    phase.isTeardown ? .tearingDown : shutdown == nil ? .phaseRunning : .stopping,
                    "Phase \(phase.name) begins (execution \(name)).", current: phase.name)
            }
            return act(.create(execution))
        case .nameTaken, .permanent:
            // A refused create says nothing about an earlier one whose answer was lost.
            if case .failed(let reason, let message, let retryAfter) = facts.executions[name] {
                enter(reason, message, current: phase.name)
                return act(.retry(after: retryAfter))
            }
            guard facts.executions[name] != nil else { return .readExecution(name) }
            return failUncreated(name, phase, &record)
        case .transient(let reason, let message, let pause), .uncertain(let reason, let message, let pause):
            if shutdown != nil, let start = status.terminationStartedAt, now >= start + Self.requestLifetime {
                // No earlier create can take effect anymore. If the execution does not exist now, it never will.
                switch facts.executions[name] {
                case nil: return .readExecution(name)
                case .missing: return fail(phase, &record, .cancelled, "NotCreated", "its execution was never created")
                case .found, .failed: break
                }
            }
            enter(
                EnvironmentReason(rawValue: reason.rawValue) ?? .apiUnavailable,
                "The execution \(name) could not be created: \(message)", current: phase.name)
            return act(.retry(after: pause ?? .zero))
        }
    }

    /// Fails an attempt whose execution cannot be created and does not exist.
    private mutating func failUncreated(
        _ name: String, _ phase: LifecyclePhase, _ record: inout PhaseRecord
    ) -> EnvironmentStep? {
        switch facts.createFailures[name] {
        case .permanent(.namespaceTerminating, _):
            fail(phase, &record, .error, "NamespaceTerminating", "the namespace is being deleted")
        case .permanent(_, let message):
            fail(phase, &record, .error, "InvalidSpec", "the API server rejected its execution: \(message)")
        case .nameTaken, .transient, .uncertain, nil:
            // It existed a moment ago, so its workflow may have run.
            fail(phase, &record, .error, "ExecutionDeleted", "the execution \(name) was deleted")
        }
    }

    /// The execution of an attempt; nil if the definition was not recorded.
    func execution(
        _ name: String, _ phase: LifecyclePhase, _ record: PhaseRecord, _ shutdown: Shutdown?
    ) -> PhaseExecution? {
        guard let id = phase.definition, let workflow = record.workflow else { return nil }
        let config = environment.spec.executionConfig
        let given = PhaseParameters.values(
            for: phase.name, of: environment, declared: workflow.declared, expiresAt: status.expiresAt)
        let names = Set(given.map(\.key))
        var timeout = config.timeoutSeconds ?? workflow.resolved.timeoutSeconds
        var deadline = config.startDeadlineSeconds
        if phase.isTeardown {
            // A teardown that starts or ends after its bound could hit the next environment of the same name.
            // Rounded up, so that the limit of the run is not before the bound.
            let left = max(1, (terminationBound - now.roundedDownToSeconds).components.seconds)
            timeout = min(timeout ?? left, left)
            deadline = min(deadline ?? left, left)
        }
        return PhaseExecution(
            name: name, environment: environment.key, environmentUID: environment.uid, phase: phase.name,
            attempt: record.attempt, isOwned: !phase.isTeardown, definition: id, workflow: workflow.resolved,
            parameters: given + workflow.resolved.parameters.filter { !names.contains($0.key) },
            serviceAccountName: config.serviceAccountName ?? workflow.resolved.serviceAccountName,
            timeoutSeconds: timeout, startDeadlineSeconds: deadline,
            ttlSeconds: phase.isTeardown ? PhaseExecution.teardownTTLSeconds : nil, shutdown: shutdown)
    }

    /// Records how an execution ended.
    mutating func finish(
        _ phase: LifecyclePhase, _ record: inout PhaseRecord, _ execution: WorkflowExecution
    ) -> EnvironmentStep? {
        let outcome = execution.status.outcome ?? .error
        record.finishedAt = execution.status.finishedAt ?? now.roundedDownToSeconds
        guard outcome == .success else {
            let isUnexecuted = execution.status.executed == false && outcome != .cancelled
            let canRetry = phase.retry.outcomes.contains(outcome) || isUnexecuted
            return fail(
                phase, &record, outcome, execution.status.reason?.rawValue ?? outcome.rawValue,
                execution.failureText, canRetry: canRetry)
        }
        record.state = .succeeded
        record.outcome = .success
        record.reason = execution.status.reason?.rawValue
        record.message = nil
        update.apply(.advanced(record))
        becomeReady(after: phase)
        return nil
    }

    /// Records that the environment is ready, if it is so after this phase and does not end.
    mutating func becomeReady(after phase: LifecyclePhase) {
        guard status.terminationStartedAt == nil, plan?.readiness == .phase(phase.name) else { return }
        update.apply(.becameReady)
    }

    /// Records that an attempt failed: the phase is over, or its next attempt follows. Always returns nil or a step that
    /// waits for that attempt.
    mutating func fail(
        _ phase: LifecyclePhase, _ record: inout PhaseRecord, _ outcome: Outcome, _ reason: String, _ message: String,
        canRetry: Bool = false
    ) -> EnvironmentStep? {
        record.outcome = outcome
        record.reason = reason
        record.message = message
        record.finishedAt = record.finishedAt ?? now.roundedDownToSeconds
        let isStopped = status.terminationStartedAt != nil && !phase.isTeardown
        let isTooLate = status.terminationStartedAt != nil && now >= terminationBound
        guard canRetry, record.attempt <= phase.retry.limit, !isStopped, !isTooLate else {
            record.state = isStopped && (outcome == .cancelled || record.executionUID == nil) ? .cancelled : .failed
            update.apply(.advanced(record))
            return nil
        }
        record.state = .waitingForTime
        update.apply(.advanced(record))
        return awaitRetry(of: phase, record)
    }
}

extension WorkflowExecution {
    /// Why the execution failed, in one line: `StepFailed, task drain, step run, exit code 1 (execution NAME)`.
    var failureText: String {
        var parts = [status.reason?.rawValue ?? status.outcome?.rawValue ?? "Failed"]
        if let task = status.failure?.task { parts.append("task \(task)") }
        if let step = status.failure?.step { parts.append("step \(step)") }
        if let code = status.failure?.exitCode { parts.append("exit code \(code)") }
        let text = "\(parts.joined(separator: ", ")) (execution \(key.name))"
        guard parts.count == 1, let message = status.message, !message.isEmpty else { return text }
        return "\(text): \(message)"
    }
}

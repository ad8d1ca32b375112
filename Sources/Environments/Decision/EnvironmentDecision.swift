import KubeClient
import Status
import TowlineAPI

/// Decides the next step for one environment from what is known. Pure.
///
/// The status that follows from the facts is collected first. If it differs from the stored one, the next step is to
/// write it; only then follow requests that depend on it. So the number of an attempt is stored before its execution is
/// created, and a repeated create meets its own name.
struct EnvironmentDecision {
    let environment: Environment
    let facts: EnvironmentFacts
    let now: ServerTime
    /// How long before the expiry the condition `ExpiringSoon` is set; zero for never.
    let expiryWarning: Duration
    /// The status as far as it has been decided.
    var update: StatusUpdate<EnvironmentStatus>

    /// How often something that is missing in the catalog is looked for.
    static let pollInterval = Duration.seconds(10)
    /// How often the execution of a running phase is read although no change was seen.
    static let recheckInterval = Duration.seconds(60)

    init(of environment: Environment, facts: EnvironmentFacts, now: ServerTime, expiryWarning: Duration) {
        self.environment = environment
        self.facts = facts
        self.now = now
        self.expiryWarning = expiryWarning
        update = StatusUpdate(of: environment.status, generation: environment.generation, now: now)
    }

    var status: EnvironmentStatus { update.status }

    /// The phases, once they are known.
    var plan: PhasePlan? {
        if case .inline(let plan) = environment.spec.lifecycle { return plan }
        return status.lifecycle?.plan
    }

    /// The next step.
    mutating func next() -> EnvironmentStep {
        if environment.status.phase.isTerminal { return afterTheEnd() }
        // Nothing holds the deletion: the garbage collector stops what the environment owns.
        if environment.deletionTimestamp != nil, !environment.isHeld { return .rest(until: nil) }
        updateExpiry()
        setExpiryConditions()
        if let cause = terminationCause { return terminate(because: cause) }
        if let step = findPlan() { return step }
        guard let plan else { return .rest(until: nil) }
        if plan.teardown != nil {
            update.apply(
                .conditionSet(.tornDown, .false, .teardownPending, message: "The environment has not ended yet."))
        }
        if let step = findDefinitions(of: plan) { return step }
        if let start = environment.spec.timeslot.provisioningStart, now < start, status.startedAt == nil {
            enter(.approaching, .waitingForStart, "The first phase begins at \(start.rfc3339).")
            return rest(until: start)
        }
        if plan.teardown != nil, !environment.isHeld {
            guard let failure = facts.holdFailure else { return .hold }
            // An environment whose finalizer was removed keeps its phase.
            enter(
                status.startedAt == nil ? .pending : status.phase, .apiUnavailable,
                "The finalizer could not be added: \(failure.message)")
            return act(.retry(after: failure.retryAfter))
        }
        return run(plan)
    }

    /// Writes the status if it has changed, and does `step` otherwise.
    func act(_ step: EnvironmentStep) -> EnvironmentStep { update.result.map(EnvironmentStep.write) ?? step }

    /// Rests until the first of a time, the expiry, and the warning before it.
    func rest(until time: ServerTime? = nil) -> EnvironmentStep {
        var times = time.map { [$0] } ?? []
        if let expiry = status.expiresAt, status.terminationStartedAt == nil {
            times.append(expiry)
            if expiryWarning > .zero, now < expiry - expiryWarning { times.append(expiry - expiryWarning) }
        }
        return act(.rest(until: times.min()))
    }

    /// Enters a phase for a reason.
    mutating func enter(
        _ phase: EnvironmentPhase, _ reason: EnvironmentReason, _ message: String, current: String? = nil
    ) {
        update.apply(.entered(phase, reason, message: message, current: current))
    }

    /// Removes the finalizer; otherwise only follows changes of the spec and of the extension.
    private mutating func afterTheEnd() -> EnvironmentStep {
        updateExpiry()
        update.apply(.conditionRemoved(.expiringSoon))
        if environment.isHeld {
            if let failure = facts.holdFailure { return .retry(after: failure.retryAfter) }
            return act(.release)
        }
        if environment.deletionTimestamp != nil { return .rest(until: nil) }
        return act(.rest(until: nil))
    }
}

// MARK: - Expiry

extension EnvironmentDecision {
    /// Updates the expiry from the timeslot and from the extension that a user asks for.
    mutating func updateExpiry() {
        let slot = environment.spec.timeslot
        if let expiry = slot.expiry(startedAt: status.startedAt) { update.apply(.expires(at: expiry)) }
        guard let text = environment.requests.extendedUntil else {
            return update.apply(.conditionRemoved(.extensionRefused))
        }
        let known = status.expiresAt
        guard let time = ServerTime(rfc3339: text) else {
            return refuse(
                .invalidTime,
                "\(WellKnown.extendedUntilAnnotation) is not a time such as 2026-01-01T10:00:00Z. Change it.")
        }
        if let known, time <= known { return update.apply(.conditionRemoved(.extensionRefused)) }
        if status.terminationStartedAt != nil {
            return refuse(.alreadyExpired, "The termination has started, so the environment cannot be extended.")
        }
        if let end = slot.maxEnd, time > end {
            return refuse(
                .beyondMaxEnd, "\(text) is after timeslot.maxEnd, \(end.rfc3339). Ask for an earlier time.")
        }
        // The expiry of an environment with a TTL is known when it starts.
        guard known != nil else {
            guard slot.ttlSeconds == nil else { return }
            return refuse(.noExpiry, "The environment has no expiry that could be extended.")
        }
        update.apply(.conditionRemoved(.extensionRefused))
        update.apply(.expires(at: time))
    }

    private mutating func refuse(_ reason: EnvironmentConditionReason, _ message: String) {
        update.apply(.conditionSet(.extensionRefused, .true, reason, message: message))
    }

    /// Sets the conditions about the expiry of an environment that is not terminating.
    mutating func setExpiryConditions() {
        guard status.terminationStartedAt == nil else { return }
        if let expiry = status.expiresAt {
            update.apply(.conditionSet(.expired, .false, .notExpired, message: "Expires at \(expiry.rfc3339)."))
        } else if status.startedAt == nil, environment.spec.timeslot.ttlSeconds != nil {
            update.apply(
                .conditionSet(
                    .expired, .false, .notExpired, message: "Expires ttlSeconds after its first phase starts."))
        } else {
            update.apply(.conditionSet(.expired, .false, .noExpiry, message: "The environment has no expiry."))
        }
        guard expiryWarning > .zero, let expiry = status.expiresAt, now >= expiry - expiryWarning else {
            return update.apply(.conditionRemoved(.expiringSoon))
        }
        let advice = "Set the annotation \(WellKnown.extendedUntilAnnotation) to extend it."
        update.apply(
            .conditionSet(.expiringSoon, .true, .expiringSoon, message: "Expires at \(expiry.rfc3339). \(advice)"))
    }
}

// MARK: - The catalog

extension EnvironmentDecision {
    /// Reads and records the Lifecycle; nil if the phases are known.
    private mutating func findPlan() -> EnvironmentStep? {
        guard case .reference(let id) = environment.spec.lifecycle, status.lifecycle == nil else { return nil }
        switch facts.lifecycle {
        case nil: return .readLifecycle(id)
        case .failed(let reason, let message, let retryAfter):
            enter(.pending, reason, message)
            return act(.retry(after: retryAfter))
        case .found(let lifecycle) where lifecycle.id == id:
            update.apply(.copied(ResolvedLifecycle(lifecycle)))
            return nil
        case .missing, .found:
            enter(
                .pending, .lifecycleNotFound,
                "Lifecycle \(id.objectName) (\(id)) does not exist in this namespace. Create it; the environment starts then."
            )
            return act(.poll(after: Self.pollInterval))
        }
    }

    /// Reads the definitions of all phases, the teardown phase too, and records what they stand for; nil if that is done.
    ///
    /// Nothing starts before, so that no environment is created that cannot be torn down.
    private mutating func findDefinitions(of plan: PhasePlan) -> EnvironmentStep? {
        guard status.phases.isEmpty else { return nil }
        if environment.status.reason == .invalidParameters {
            guard let request = unhandledRetry else { return rest() }
            // The definitions may have been replaced.
            update.apply(.retryHandled(request))
        }
        let wanted = plan.phases.compactMap(\.definition)
        let unread = wanted.filter { facts.definitions[$0] == nil }
        if !unread.isEmpty { return .readDefinitions(unread) }
        var missing: [String] = []
        for id in wanted {
            switch facts.definitions[id] {
            case .failed(let reason, let message, let retryAfter):
                enter(.pending, reason, message)
                return act(.retry(after: retryAfter))
            case .found(let definition) where definition.spec.id == id: break
            case .missing, .found, nil: if !missing.contains("\(id)") { missing.append("\(id)") }
            }
        }
        guard missing.isEmpty else {
            let names = missing.joined(separator: ", ")
            enter(
                .pending, .definitionNotFound,
                "No WorkflowDefinition in this namespace for \(names). Create what is missing; the environment starts then."
            )
            return act(.poll(after: Self.pollInterval))
        }
        let check = ParameterCheck(
            environment: environment, plan: plan, expiresAt: status.expiresAt,
            definitions: facts.definitions.compactMapValues { lookup in
                if case .found(let definition) = lookup { definition } else { nil }
            })
        let (records, problems) = check.records()
        guard problems.isEmpty else {
            let message = problems.joined(separator: "; ")
            update.apply(.conditionSet(.parametersValid, .false, .invalidParameters, message: message))
            enter(.failed, .invalidParameters, message)
            return rest()
        }
        update.apply(
            .conditionSet(
                .parametersValid, .true, .parametersValid, message: "The definitions of all phases were found."))
        update.apply(.planned(records))
        return nil
    }

    /// A request to retry that was not handled yet.
    var unhandledRetry: String? {
        guard let request = environment.requests.retryRequestedAt, request != status.lastHandledRetryAt else {
            return nil
        }
        return request
    }
}

import KubeClient

/// Checks once a second that environments proceed in time while there are no faults.
extension Referee {
    /// What an operator needs for a reaction: the granularity of the server's clock, and some requests.
    static let reaction = Duration.milliseconds(2500)
    /// The time for a routine that needs several requests, or for the garbage collector.
    private static let patience = Duration.seconds(15)

    /// - Parameter healthy: since when the faults have ended and a process has been active.
    func checkEnvironmentProgress(_ healthy: ContinuousClock.Instant) {
        for record in environments.values where !record.isGone {
            guard let object = server.object(.environments, record.key),
                let problem = progressProblem(record, EnvironmentView(object: object), healthy)
            else { continue }
            fail("environment \(record.key): \(problem)")
        }
    }

    /// When an environment was last disturbed by something that is not the operator's; nil while it is.
    private func undisturbed(_ record: EnvironmentRecord, _ healthy: ContinuousClock.Instant) -> ContinuousClock
        .Instant?
    {
        var since = max(healthy, record.created)
        for target in [Obstacle.Target.statuses, .creates, .stops] {
            guard case .some(let free) = obstacles.free(target, nil, record.key.namespace) else { return nil }
            if let free { since = max(since, free + Self.patience) }
        }
        if let jumped { since = max(since, jumped + .seconds(60)) }
        return since
    }

    private func progressProblem(
        _ record: EnvironmentRecord, _ environment: EnvironmentView, _ healthy: ContinuousClock.Instant
    ) -> String? {
        guard isOn(.environments), let calm = undisturbed(record, healthy) else {
            return boundProblem(record, environment, healthy)
        }
        return boundProblem(record, environment, healthy) ?? terminationDelay(record, environment, calm)
            ?? namespaceDelay(record, environment, calm) ?? phaseDelay(record, environment, calm)
            ?? stopDelay(record, environment, calm) ?? extensionDelay(record, environment, calm)
            ?? warningDelay(record, environment, calm)
            ?? observationDelay(record, environment, calm)
    }

    private func age(_ since: ContinuousClock.Instant...) -> Duration {
        (since.max() ?? server.time.now).duration(to: server.time.now)
    }

    /// A termination ends within its bound, regardless of the teardown, and a deleted environment is gone then.
    private func boundProblem(
        _ record: EnvironmentRecord, _ environment: EnvironmentView, _ healthy: ContinuousClock.Instant
    ) -> String? {
        guard isOn(.environments),
            case .some(let free) = obstacles.free(.statuses, nil, record.key.namespace)
        else { return nil }
        let jump = jumped.map { $0 + .seconds(60) } ?? healthy
        let calm = max(healthy, max(free ?? healthy, jump))
        let bound = environment.timeslot.teardown + Self.patience
        if record.inactive == nil, let began = environment.time("terminationStartedAt") {
            let age = server.clock.now() - began
            if age > bound, self.age(calm) > Self.patience {
                return "it terminates for \(age), and the bound is \(bound)"
            }
        }
        guard environment.isMarked, let requested = record.deletionRequested else { return nil }
        // After the server's clock was set back, the bound of a termination is later.
        let isSetBack = hasClockJumped && record.terminated != nil && record.inactive == nil
        let age = isSetBack ? .zero : age(requested, calm)
        if age > bound { return "it was deleted \(age) ago, and the bound is \(bound)" }
        guard let inactive = record.inactive else { return nil }
        let rest = self.age(requested, inactive, calm)
        return rest > Self.patience ? "it was deleted and is Inactive, and still exists after \(rest)" : nil
    }

    /// The first moment at which something ends the environment; nil if nothing does.
    private func cause(_ record: EnvironmentRecord, _ environment: EnvironmentView) -> ContinuousClock.Instant? {
        let now = server.clock.now()
        let expired = environment.expiry(on: now).flatMap { $0 <= now ? server.time.now - (now - $0) : nil }
        // Without its finalizer, an operator has nothing to do.
        let isMarked = environment.isMarked && environment.hasFinalizer ? record.deletionRequested : nil
        return [expired, record.deactivated, isMarked].compactMap { $0 }.min()
    }

    private func terminationDelay(
        _ record: EnvironmentRecord, _ environment: EnvironmentView, _ calm: ContinuousClock.Instant
    ) -> String? {
        guard record.terminated == nil, record.inactive == nil, let cause = cause(record, environment) else {
            return nil
        }
        // Many that end at once take turns.
        let crowd = Duration.seconds(1) * (environments.values.count { !$0.isGone && $0.inactive == nil } / 50)
        let age = age(cause, calm)
        return age > Self.reaction + crowd ? "it did not end for \(age)" : nil
    }

    /// In a namespace that is being deleted, an environment is released when its executions are gone.
    private func namespaceDelay(
        _ record: EnvironmentRecord, _ environment: EnvironmentView, _ calm: ContinuousClock.Instant
    ) -> String? {
        guard server.terminating.contains(record.key.namespace), environment.hasFinalizer,
            let requested = record.deletionRequested, openExecutions(of: record.uid, except: "").isEmpty
        else { return nil }
        let deletions = (environmentExecutions[record.uid] ?? []).compactMap { phaseExecutions[$0]?.deleted?.at }
        let age = age(requested, deletions.max() ?? requested, calm)
        return age > Self.patience + .seconds(10) ? "it holds its namespace for \(age)" : nil
    }

    /// Running executions are asked to stop, and terminated after the grace period.
    private func stopDelay(
        _ record: EnvironmentRecord, _ environment: EnvironmentView, _ calm: ContinuousClock.Instant
    ) -> String? {
        guard let terminated = record.terminated, record.inactive == nil, let lifecycle = environment.lifecycle else {
            return nil
        }
        for execution in openExecutions(of: record.uid, except: "")
        where lifecycle[execution.phase]?.isTeardown == false {
            guard server.object(.executions, execution.key)?["metadata"]?["deletionTimestamp"] == nil else { continue }
            let age = age(terminated, execution.created, calm)
            if execution.stops.isEmpty, age > .seconds(8) { return "\(execution.key.name) was not stopped for \(age)" }
            if execution.stops["Terminate"] == nil, age > environment.timeslot.grace + .seconds(8) {
                return "\(execution.key.name) was not terminated for \(age)"
            }
        }
        return nil
    }

    /// An extension that was written in time is honored.
    private func extensionDelay(
        _ record: EnvironmentRecord, _ environment: EnvironmentView, _ calm: ContinuousClock.Instant
    ) -> String? {
        guard record.terminated == nil, record.inactive == nil, let last = record.extensions.last,
            environment.annotation("extended-until") == last.text, environment.status?["startedAt"] != nil
        else { return nil }
        let written = server.time.now - (server.clock.now() - last.at)
        guard age(written, calm) > .seconds(10) else { return nil }
        return ExtensionOutcome.of(last.text, environment.timeslot, environment.time("expiresAt")).problem(environment)
    }

    /// The condition `ExpiringSoon` appears in time, and disappears after an extension.
    private func warningDelay(
        _ record: EnvironmentRecord, _ environment: EnvironmentView, _ calm: ContinuousClock.Instant
    ) -> String? {
        guard record.terminated == nil, record.inactive == nil, environment.status?["startedAt"] != nil,
            let expiry = environment.expiry(on: server.clock.now())
        else { return nil }
        let left = expiry - server.clock.now()
        let isWarned = environment.condition("ExpiringSoon") != nil
        guard age(record.changed, calm) > .seconds(10) else { return nil }
        if left < Self.expiryWarning - .seconds(10), left > .zero, !isWarned {
            return "no warning \(left) before the expiry"
        }
        return left > Self.expiryWarning + .seconds(10) && isWarned ? "a warning \(left) before the expiry" : nil
    }

    /// A change of the document is observed.
    private func observationDelay(
        _ record: EnvironmentRecord, _ environment: EnvironmentView, _ calm: ContinuousClock.Instant
    ) -> String? {
        guard environment.status?["observedGeneration"] != environment.object["metadata"]?["generation"],
            age(record.changed, calm) > .seconds(8)
        else { return nil }
        return "its generation was not observed for \(age(record.changed, calm))"
    }
}

/// What the contract says about the annotation `extended-until`.
enum ExtensionOutcome {
    case honored
    /// For one of these reasons.
    case refused([String])
    case ineffective

    /// - Parameter expiry: `status.expiresAt`.
    static func of(_ text: String, _ timeslot: TimeslotDocument, _ expiry: Timestamp?) -> ExtensionOutcome {
        guard let wanted = Timestamp(rfc3339: text) else { return .refused(["InvalidTime"]) }
        guard timeslot.hasExpiry else { return .refused(["NoExpiry", "BeyondMaxEnd"]) }
        guard let expiry else { return .ineffective }
        if wanted <= expiry { return .ineffective }
        if let maxEnd = timeslot.maxEnd, wanted > maxEnd { return .refused(["BeyondMaxEnd"]) }
        return .honored
    }

    func problem(_ environment: EnvironmentView) -> String? {
        let summary = environment.summary("ExtensionRefused")
        switch self {
        case .honored: return summary == "True/AlreadyExpired" ? nil : "an extension is not honored (\(summary))"
        case .refused(let reasons):
            return reasons.contains { summary == "True/\($0)" } ? nil : "ExtensionRefused is \(summary), not \(reasons)"
        case .ineffective: return summary == "absent" ? nil : "ExtensionRefused is \(summary) without a refusal"
        }
    }
}

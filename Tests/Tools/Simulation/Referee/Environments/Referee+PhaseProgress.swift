import KubeClient

/// Checks once a second that phases proceed in time while there are no faults.
extension Referee {
    /// The time for a reaction that needs several requests.
    private static let promptness = Duration.seconds(8)
    /// How often a missing entry of the catalog is looked for, with the reaction.
    private static let catalogTime = Duration.seconds(10) + promptness

    /// - Parameter calm: since when nothing disturbs the environment.
    func phaseDelay(
        _ record: EnvironmentRecord, _ environment: EnvironmentView, _ calm: ContinuousClock.Instant
    ) -> String? {
        guard record.inactive == nil, !environment.isMarked || environment.hasFinalizer else { return nil }
        if let problem = executionDelay(record, environment, calm) { return problem }
        guard record.terminated == nil, !environment.isMarked, !environment.isInactiveDesired,
            !environment.isExpired(server.clock.now()), since(record.changed, calm) > Self.promptness
        else { return nil }
        if environment.status?["startedAt"] == nil { return startDelay(record, environment, calm) }
        return retryDelay(environment) ?? signalDelay(environment) ?? timeDelay(record, environment, calm)
    }

    private func since(_ instants: ContinuousClock.Instant...) -> Duration {
        (instants.max() ?? server.time.now).duration(to: server.time.now)
    }

    /// The end of an execution, or its disappearance, is noticed.
    private func executionDelay(
        _ record: EnvironmentRecord, _ environment: EnvironmentView, _ calm: ContinuousClock.Instant
    ) -> String? {
        for state in environment.states where state.state == "Running" {
            guard let execution = state.executionUID.flatMap({ phaseExecutions[$0] }) else { continue }
            guard let over = [execution.ended, execution.deleted?.at].compactMap({ $0 }).min() else { continue }
            let age = since(over, calm)
            if age > Self.promptness { return "phase \(state.name) is Running \(age) after the end of its execution" }
        }
        return nil
    }

    /// An environment starts when its catalog is complete and its time has come.
    private func startDelay(
        _ record: EnvironmentRecord, _ environment: EnvironmentView, _ calm: ContinuousClock.Instant
    ) -> String? {
        guard environment.phase != "Failed" else { return nil }
        let now = server.clock.now()
        let start = environment.timeslot.provisioning.map { server.time.now - (now - $0) } ?? calm
        guard start < server.time.now, !hasClockJumped, let complete = catalogComplete(record, environment) else {
            return nil
        }
        let age = since(start, complete, calm)
        return age > Self.catalogTime
            ? "it is \(environment.phase)/\(environment.reason) \(age) after it could start" : nil
    }

    /// When the last entry of the catalog that an environment needs was created; nil while one is missing.
    private func catalogComplete(
        _ record: EnvironmentRecord, _ environment: EnvironmentView
    ) -> ContinuousClock.Instant? {
        let namespace = record.key.namespace
        func created(_ kind: ResourceKind, _ name: String) -> ContinuousClock.Instant? {
            server.current(kind, ObjectKey(namespace: namespace, name: name)).flatMap { catalog[$0.uid]?.created }
        }
        var latest = record.created
        var lifecycle = environment.lifecycle
        if lifecycle == nil {
            guard let instant = created(.lifecycles, environment.referenceName) else { return nil }
            latest = max(latest, instant)
            let key = ObjectKey(namespace: namespace, name: environment.referenceName)
            lifecycle = LifecycleDocument(server.object(.lifecycles, key)?["spec"])
        }
        for name in (lifecycle?.phases ?? []).compactMap(\.definition) {
            guard let instant = created(.definitions, name) else { return nil }
            latest = max(latest, instant)
        }
        return latest
    }

    private func retryDelay(_ environment: EnvironmentView) -> String? {
        guard let wanted = environment.annotation("retry-requested-at"),
            environment.status?["lastHandledRetryAt"]?.stringValue != wanted
        else { return nil }
        return "a request to retry was not handled"
    }

    private func signalDelay(_ environment: EnvironmentView) -> String? {
        for state in environment.states where state.state == "WaitingForSignal" {
            guard let trigger = environment.lifecycle?[state.name]?.trigger else { continue }
            let holds =
                trigger == "ready" ? environment.status?["readyAt"] != nil : environment.signals.contains(trigger)
            if holds { return "phase \(state.name) waits for \(trigger), which holds" }
        }
        return nil
    }

    /// Pauses end, and attempts are repeated, in time.
    private func timeDelay(
        _ record: EnvironmentRecord, _ environment: EnvironmentView, _ calm: ContinuousClock.Instant
    ) -> String? {
        guard !hasClockJumped, since(calm) > Self.promptness else { return nil }
        let now = server.clock.now()
        for state in environment.states where state.state == "WaitingForTime" {
            guard let phase = environment.lifecycle?[state.name] else { continue }
            let due: Timestamp?
            if phase.definition == nil {
                // Each step begins with a whole second.
                due = state.time("startedAt").map { $0 + phase.pauses + .seconds(phase.steps.count) }
            } else {
                let pause = phase.retry?.pause(after: state.attempt)
                due = state.time("finishedAt").flatMap { end in pause.map { end + $0 } }
            }
            if let due, now - due > Self.promptness { return "phase \(state.name) waits \(now - due) too long" }
        }
        return nil
    }
}

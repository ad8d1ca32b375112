import KubeClient

/// Checks once a second that everything happens in time while there are no faults.
extension Referee {
    /// The time after the faults for requests to fail and for the takeover of a lease.
    private static let recoveryTime = Duration.seconds(45)
    /// The time for a new leader to fill its caches and to look for missing engines.
    private static let takeoverTime = Duration.seconds(30)
    static let pollInterval = Duration.seconds(10)

    /// - Parameter serving: the active process, if any.
    func checkProgress(serving: Int?) {
        guard let serving else {
            service = nil
            return
        }
        if service?.number != serving { service = (serving, server.time.now) }
        guard let faultsEndedInstant, let service else { return }
        let healthy = max(faultsEndedInstant + Self.recoveryTime, service.since + Self.takeoverTime)
        guard server.time.now > healthy else { return }
        for entry in executions.values where !entry.isGone {
            let isOpen = entry.outcome == nil
            guard isOpen || entry.hasWatchdogVerdict else { continue }
            let problem = isOpen ? problem(of: entry, healthy) : abandonedRunProblem(entry, healthy)
            if let problem { fail("\(entry.key): \(problem)") }
        }
        checkEnvironmentProgress(healthy)
    }

    /// After the final status, stops of a run that is still running are retried with a backoff of up to five minutes.
    private func abandonedRunProblem(_ entry: ExecutionRecord, _ healthy: ContinuousClock.Instant) -> String? {
        guard isOn(.limits), let run = entry.run, let record = records[run.uid], !record.isGone,
            record.ended == nil, record.stopped == nil,
            case .some(let free) = obstacles.free(.stops, record.kind, record.key.namespace)
        else { return nil }
        let age = age(healthy, entry.outcome ?? healthy, free ?? healthy)
        return age > .seconds(330) ? "its run is still running, and no stop was requested for \(age)" : nil
    }

    private func problem(of entry: ExecutionRecord, _ healthy: ContinuousClock.Instant) -> String? {
        guard let run = entry.run else { return problem(withoutRun: entry, healthy) }
        guard let record = records[run.uid], !record.isGone else { return nil }
        return verificationProblem(record, max(healthy, run.since)) ?? reportingProblem(entry, record, healthy)
            ?? stopProblem(entry, record, max(healthy, run.since))
            ?? visibilityProblem(entry, record, max(healthy, run.since))
    }

    private func age(_ since: ContinuousClock.Instant...) -> Duration {
        (since.max() ?? server.time.now).duration(to: server.time.now)
    }

    /// Every unfinished run is verified each poll interval, regardless of other runs.
    private func verificationProblem(_ record: RunRecord, _ since: ContinuousClock.Instant) -> String? {
        guard isOn(.verification), case .some(let free) = obstacles.free(.lists, record.kind, record.key.namespace)
        else { return nil }
        let age = age(since, record.verified ?? since, (free ?? since) + .seconds(30))
        return age > Self.pollInterval + .seconds(5) ? "its run was not verified for \(age)" : nil
    }

    /// The end of a run is reported within a poll interval after all obstacles are gone.
    private func reportingProblem(
        _ entry: ExecutionRecord, _ record: RunRecord, _ healthy: ContinuousClock.Instant
    ) -> String? {
        guard isOn(.recovery), let ended = record.ended,
            case .some(let free) = obstacles.free(.statuses, nil, entry.key.namespace),
            case .some(let reading) = obstacles.free(.lists, record.kind, entry.key.namespace)
        else { return nil }
        let age = age(healthy, ended, free ?? healthy, reading ?? healthy)
        return age > Self.pollInterval + .seconds(5) ? "its run ended, and that was not reported for \(age)" : nil
    }

    /// A run is created within seconds, or within a poll interval after a delay.
    private func problem(
        withoutRun entry: ExecutionRecord, _ healthy: ContinuousClock.Instant
    ) -> String? {
        guard isOn(.latency) || isOn(.recovery), !hasRun(entry.uid),
            case .some(let free) = obstacles.free(.creates, entry.kind, entry.key.namespace),
            case .some(let statusesFree) = obstacles.free(.statuses, nil, entry.key.namespace)
        else { return nil }
        guard case .some(let defined) = definitionAvailable(entry) else { return nil }
        let freed = [free, statusesFree, defined].compactMap(\.self).max()
        let wasHeld = (freed.map { $0 > entry.created } ?? false) || entry.created < healthy
        let age = age(healthy, entry.created, freed ?? healthy, entry.shutdown ?? healthy)
        if !wasHeld, entry.shutdown == nil, entry.startDeadline == nil {
            return isOn(.latency) && age > .seconds(8) ? "it has no run after \(age) without obstacles" : nil
        }
        // The operator waits ten seconds for a create in flight before it reports that no run exists.
        let patience = Self.pollInterval + .seconds(entry.shutdown == nil && entry.startDeadline == nil ? 5 : 20)
        return isOn(.recovery) && age > patience ? "it has no run \(age) after all obstacles were gone" : nil
    }

    /// An exceeded time limit leads to a stop, and an accepted stop leads to a final status.
    private func stopProblem(
        _ entry: ExecutionRecord, _ record: RunRecord, _ since: ContinuousClock.Instant
    ) -> String? {
        guard isOn(.limits), let timeout = entry.timeout, entry.shutdown == nil, record.ended == nil,
            case .some(let free) = obstacles.free(.stops, record.kind, record.key.namespace),
            case .some(let statusesFree) = obstacles.free(.statuses, nil, record.key.namespace)
        else { return nil }
        if let stopped = record.stopped {
            let age = age(since, stopped.at, statusesFree ?? since)
            guard stopped.byOperator, age > .seconds(30) + Self.pollInterval + .seconds(5) else { return nil }
            return "its run was stopped \(age) ago, and it has no final status"
        }
        let limit = Duration.seconds(timeout) + Self.grace
        let began = max(record.began ?? record.created, since)
        // A rejected stop is retried with a backoff of up to five minutes.
        let age = age(began, (free ?? since - .seconds(300)) + .seconds(300) - limit)
        let slack = Self.pollInterval + .seconds(10)
        return age > limit + slack ? "its run was not stopped for \(age), and its limit is \(timeout) seconds" : nil
    }

    /// The status reports what blocks the end of a run.
    private func visibilityProblem(
        _ entry: ExecutionRecord, _ record: RunRecord, _ since: ContinuousClock.Instant
    ) -> String? {
        guard isOn(.visibility), record.ended == nil,
            case .some(let statusesFree) = obstacles.free(.statuses, nil, entry.key.namespace),
            case .some = obstacles.free(.lists, record.kind, entry.key.namespace),
            let status = server.current(.executions, entry.key)?.object["status"]
        else { return nil }
        let conditions = (status["conditions"]?.arrayValue ?? []).compactMap { $0["message"]?.stringValue }
        let text = ([status["message"]?.stringValue ?? ""] + conditions).joined(separator: " ").lowercased()
        if let requested = record.deletionRequested, age(since, requested, statusesFree ?? since) > .seconds(20),
            !text.contains("delet")
        {
            return "its run is being deleted, and the status does not say so"
        }
        // A process does not know about rejections of another one, and overwrites what that one reported.
        if let refused = record.refused, refused.process == service?.number, !hasUnelectedReplicas,
            record.stopped == nil,
            obstacles.isActive(.stops, record), age(since, refused.since, statusesFree ?? since) > .seconds(20),
            !text.contains("stop")
        {
            return "stops of its run are rejected, and the status does not say so"
        }
        return nil
    }

    private func hasRun(_ uid: String) -> Bool { records.values.contains { $0.execution == uid } }
}

extension Obstacles {
    fileprivate func isActive(_ target: Obstacle.Target, _ run: RunRecord) -> Bool {
        if case .none = free(target, run.kind, run.key.namespace) { true } else { false }
    }
}

import KubeClient

/// What must happen in time while nothing is wrong, checked once a second.
extension Referee {
    /// How long requests from before the end of the faults may take to fail, and a takeover of the lease.
    private static let convalescence = Duration.seconds(45)
    /// A new leader fills its caches, and checks for missing engines.
    private static let handover = Duration.seconds(30)
    private static let pollInterval = Duration.seconds(10)

    /// - Parameter serving: the active process; nil without one.
    func look(serving: Int?) {
        guard let serving else {
            service = nil
            return
        }
        if service?.number != serving { service = (serving, server.time.now) }
        guard let calmInstant, let service else { return }
        let healthy = max(calmInstant + Self.convalescence, service.since + Self.handover)
        guard server.time.now > healthy else { return }
        for entry in cases.values where !entry.isGone {
            let isOpen = entry.outcome == nil
            guard isOpen || entry.isGivenUp else { continue }
            let problem = isOpen ? problem(of: entry, healthy) : forgotten(entry, healthy)
            if let problem { fail("\(entry.key): \(problem)") }
        }
    }

    /// The stop of a run is repeated after the verdict, with a backoff of at most five minutes.
    private func forgotten(_ entry: ExecutionCase, _ healthy: ContinuousClock.Instant) -> String? {
        guard isOn(.limits), let run = entry.run, let record = records[run.uid], !record.isGone,
            record.ended == nil, record.stopped == nil,
            case .some(let free) = obstacles.free(.stops, record.kind, record.key.namespace)
        else { return nil }
        let age = age(healthy, entry.outcome ?? healthy, free ?? healthy)
        return age > .seconds(330) ? "its run is still running, and no stop was sent for \(age)" : nil
    }

    private func problem(of entry: ExecutionCase, _ healthy: ContinuousClock.Instant) -> String? {
        guard let run = entry.run else { return problem(withoutRun: entry, healthy) }
        guard let record = records[run.uid], !record.isGone else { return nil }
        return unverified(record, max(healthy, run.since)) ?? unreported(entry, record, healthy)
            ?? unstopped(entry, record, max(healthy, run.since)) ?? unseen(entry, record, max(healthy, run.since))
    }

    private func age(_ since: ContinuousClock.Instant...) -> Duration {
        (since.max() ?? server.time.now).duration(to: server.time.now)
    }

    /// Every unfinished run is verified each poll interval, independently of others.
    private func unverified(_ record: RunRecord, _ since: ContinuousClock.Instant) -> String? {
        guard isOn(.verification), case .some(let free) = obstacles.free(.lists, record.kind, record.key.namespace)
        else { return nil }
        let age = age(since, record.verified ?? since, (free ?? since) + .seconds(30))
        return age > Self.pollInterval + .seconds(5) ? "its run was not verified for \(age)" : nil
    }

    /// An end is reported within one poll interval after the last obstacle.
    private func unreported(
        _ entry: ExecutionCase, _ record: RunRecord, _ healthy: ContinuousClock.Instant
    ) -> String? {
        guard isOn(.recovery), let ended = record.ended,
            case .some(let free) = obstacles.free(.statuses, nil, entry.key.namespace),
            case .some(let reading) = obstacles.free(.lists, record.kind, entry.key.namespace)
        else { return nil }
        let age = age(healthy, ended, free ?? healthy, reading ?? healthy)
        return age > Self.pollInterval + .seconds(5) ? "its run ended, and that was not reported for \(age)" : nil
    }

    /// A run is created within seconds, or within one poll interval after an obstacle.
    private func problem(
        withoutRun entry: ExecutionCase, _ healthy: ContinuousClock.Instant
    ) -> String? {
        guard isOn(.latency) || isOn(.recovery), !hasRun(entry.uid),
            case .some(let free) = obstacles.free(.creates, entry.kind, entry.key.namespace),
            case .some(let reportable) = obstacles.free(.statuses, nil, entry.key.namespace)
        else { return nil }
        let freed = [free, reportable].compactMap(\.self).max()
        let wasHeld = (freed.map { $0 > entry.created } ?? false) || entry.created < healthy
        let age = age(healthy, entry.created, freed ?? healthy, entry.shutdown ?? healthy)
        if !wasHeld, entry.shutdown == nil, entry.startDeadline == nil {
            return isOn(.latency) && age > .seconds(8) ? "there is no obstacle, and it has no run after \(age)" : nil
        }
        // A create that was sent gets ten seconds before the operator concludes that there is no run.
        let patience = Self.pollInterval + .seconds(entry.shutdown == nil && entry.startDeadline == nil ? 5 : 20)
        return isOn(.recovery) && age > patience ? "it has no run \(age) after the last obstacle" : nil
    }

    /// An exceeded time limit leads to a stop, and an accepted stop to a verdict.
    private func unstopped(
        _ entry: ExecutionCase, _ record: RunRecord, _ since: ContinuousClock.Instant
    ) -> String? {
        guard isOn(.limits), let timeout = entry.timeout, entry.shutdown == nil, record.ended == nil,
            case .some(let free) = obstacles.free(.stops, record.kind, record.key.namespace),
            case .some(let reportable) = obstacles.free(.statuses, nil, record.key.namespace)
        else { return nil }
        if let stopped = record.stopped {
            let age = age(since, stopped.at, reportable ?? since)
            guard stopped.byOperator, age > .seconds(30) + Self.pollInterval + .seconds(5) else { return nil }
            return "its run was stopped \(age) ago, and there is no verdict"
        }
        let limit = Duration.seconds(timeout) + Self.grace
        let began = max(record.began ?? record.created, since)
        // A rejected stop is repeated with a backoff of at most five minutes.
        let age = age(began, (free ?? since - .seconds(300)) + .seconds(300) - limit)
        let slack = Self.pollInterval + .seconds(10)
        return age > limit + slack ? "its run was not stopped for \(age), and its limit is \(timeout) seconds" : nil
    }

    /// The status says what prevents the end of a run.
    private func unseen(
        _ entry: ExecutionCase, _ record: RunRecord, _ since: ContinuousClock.Instant
    ) -> String? {
        guard isOn(.visibility), record.ended == nil,
            case .some(let reportable) = obstacles.free(.statuses, nil, entry.key.namespace),
            case .some = obstacles.free(.lists, record.kind, entry.key.namespace),
            let status = server.current(.executions, entry.key)?.object["status"]
        else { return nil }
        let conditions = (status["conditions"]?.arrayValue ?? []).compactMap { $0["message"]?.stringValue }
        let words = ([status["message"]?.stringValue ?? ""] + conditions).joined(separator: " ").lowercased()
        if let marked = record.marked, age(since, marked, reportable ?? since) > .seconds(20), !words.contains("delet")
        {
            return "its run is being deleted, and its status does not say so"
        }
        // The active process may still have to find out what an earlier one already knew.
        if let refused = record.refused, refused.process == service?.number, record.stopped == nil,
            obstacles.isActive(.stops, record), age(since, refused.since, reportable ?? since) > .seconds(20),
            !words.contains("stop")
        {
            return "stops of its run are rejected, and its status does not say so"
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

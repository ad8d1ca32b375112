import KubeClient

/// What has to happen in time while nothing is wrong, looked at once a second.
extension Referee {
    /// What was sent before the faults stopped may take so long to fail, and a lease so long to be taken over.
    private static let convalescence = Duration.seconds(45)
    /// A new leader fills its caches, and asks about engines that are missing.
    private static let handover = Duration.seconds(30)
    private static let pollInterval = Duration.seconds(10)

    /// - Parameter serving: the process that works now; nil where none does.
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

    /// A run that could not be stopped in time is asked again after the verdict, with a backoff of five minutes at most.
    private func forgotten(_ entry: ExecutionCase, _ healthy: ContinuousClock.Instant) -> String? {
        guard isOn(.limits), let run = entry.run, let record = records[run.uid], !record.isGone,
            record.ended == nil, record.stopped == nil,
            case .some(let free) = obstacles.free(.stops, record.kind, record.key.namespace)
        else { return nil }
        let age = age(healthy, entry.outcome ?? healthy, free ?? healthy)
        return age > .seconds(330) ? "its run is still running, and nobody asked it to stop for \(age)" : nil
    }

    private func problem(of entry: ExecutionCase, _ healthy: ContinuousClock.Instant) -> String? {
        guard let run = entry.run else { return problem(withoutRun: entry, healthy) }
        guard let record = records[run.uid], !record.isGone else { return nil }
        return unverified(record, max(healthy, run.since)) ?? untold(entry, record, healthy)
            ?? unstopped(entry, record, max(healthy, run.since)) ?? unseen(entry, record, max(healthy, run.since))
    }

    private func age(_ since: ContinuousClock.Instant...) -> Duration {
        (since.max() ?? server.time.now).duration(to: server.time.now)
    }

    /// Every unfinished run is verified each poll interval, whatever becomes of others.
    private func unverified(_ record: RunRecord, _ since: ContinuousClock.Instant) -> String? {
        guard isOn(.verification), case .some(let free) = obstacles.free(.lists, record.kind, record.key.namespace)
        else { return nil }
        let age = age(since, record.verified ?? since, (free ?? since) + .seconds(30))
        return age > Self.pollInterval + .seconds(5) ? "its run was not verified for \(age)" : nil
    }

    /// What has ended is told within a poll interval after nothing was in the way any more.
    private func untold(
        _ entry: ExecutionCase, _ record: RunRecord, _ healthy: ContinuousClock.Instant
    ) -> String? {
        guard isOn(.recovery), let ended = record.ended,
            case .some(let free) = obstacles.free(.statuses, nil, entry.key.namespace),
            case .some(let reading) = obstacles.free(.lists, record.kind, entry.key.namespace)
        else { return nil }
        let age = age(healthy, ended, free ?? healthy, reading ?? healthy)
        return age > Self.pollInterval + .seconds(5) ? "its run ended, and that was not told for \(age)" : nil
    }

    /// A run is created within seconds, and after something held it up within a poll interval.
    private func problem(
        withoutRun entry: ExecutionCase, _ healthy: ContinuousClock.Instant
    ) -> String? {
        guard isOn(.latency) || isOn(.recovery), !hasRun(entry.uid),
            case .some(let free) = obstacles.free(.creates, entry.kind, entry.key.namespace),
            case .some(let told) = obstacles.free(.statuses, nil, entry.key.namespace)
        else { return nil }
        let freed = [free, told].compactMap(\.self).max()
        let wasHeld = (freed.map { $0 > entry.created } ?? false) || entry.created < healthy
        let age = age(healthy, entry.created, freed ?? healthy, entry.shutdown ?? healthy)
        if !wasHeld, entry.shutdown == nil, entry.startDeadline == nil {
            return isOn(.latency) && age > .seconds(8) ? "nothing is in its way, and it has no run after \(age)" : nil
        }
        // Before it is said that there is none, a create that was sent is given ten seconds.
        let patience = Self.pollInterval + .seconds(entry.shutdown == nil && entry.startDeadline == nil ? 5 : 20)
        return isOn(.recovery) && age > patience ? "it has no run \(age) after nothing was in its way" : nil
    }

    /// A time limit that is over leads to a stop, and a stop that was accepted to a verdict.
    private func unstopped(
        _ entry: ExecutionCase, _ record: RunRecord, _ since: ContinuousClock.Instant
    ) -> String? {
        guard isOn(.limits), let timeout = entry.timeout, entry.shutdown == nil, record.ended == nil,
            case .some(let free) = obstacles.free(.stops, record.kind, record.key.namespace),
            case .some(let told) = obstacles.free(.statuses, nil, record.key.namespace)
        else { return nil }
        if let stopped = record.stopped {
            let age = age(since, stopped.at, told ?? since)
            guard stopped.byOperator, age > .seconds(30) + Self.pollInterval + .seconds(5) else { return nil }
            return "its run was stopped \(age) ago, and there is no verdict"
        }
        let limit = Duration.seconds(timeout) + Self.grace
        let begun = max(record.begun ?? record.created, since)
        // A stop that was refused is tried again with a backoff, of five minutes at most.
        let age = age(begun, (free ?? since - .seconds(300)) + .seconds(300) - limit)
        let slack = Self.pollInterval + .seconds(10)
        return age > limit + slack ? "its run was not stopped for \(age), and its limit is \(timeout) seconds" : nil
    }

    /// What hinders a run's end is said.
    private func unseen(
        _ entry: ExecutionCase, _ record: RunRecord, _ since: ContinuousClock.Instant
    ) -> String? {
        guard isOn(.visibility), record.ended == nil,
            case .some(let told) = obstacles.free(.statuses, nil, entry.key.namespace),
            case .some = obstacles.free(.lists, record.kind, entry.key.namespace),
            let status = server.current(.executions, entry.key)?.object["status"]
        else { return nil }
        let conditions = (status["conditions"]?.arrayValue ?? []).compactMap { $0["message"]?.stringValue }
        let words = ([status["message"]?.stringValue ?? ""] + conditions).joined(separator: " ").lowercased()
        if let marked = record.marked, age(since, marked, told ?? since) > .seconds(20), !words.contains("delet") {
            return "its run is being deleted, and nothing says so"
        }
        // What another process met before, the one that works now may still have to find out.
        if let refused = record.refused, refused.process == service?.number, record.stopped == nil,
            obstacles.isActive(.stops, record), age(since, refused.since, told ?? since) > .seconds(20),
            !words.contains("stop")
        {
            return "stops of its run are refused, and nothing says so"
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

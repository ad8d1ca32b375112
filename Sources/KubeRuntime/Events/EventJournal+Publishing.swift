import KubeClient

extension EventJournal {
    /// The entry that is being sent.
    struct Sending: Sendable {
        let number: UInt64
        let due: Due
        let count: Int
    }

    /// How sending one event ended.
    enum Answer: Hashable, Sendable {
        case published
        /// The object of the series is gone: the API server keeps events for an hour or so.
        case vanished
        /// Nothing but time helps.
        case failed(retryAfter: Duration?)
        /// No repetition would do better.
        case refused
    }

    /// What an answer means.
    enum Verdict: Hashable, Sendable {
        case published
        case triedAgain
        /// The event is given up; the number of those lost since the last report, when it is time for one.
        case lost(report: Int?)
    }

    /// What to do now; after a create or an update, its answer has to be told before this is asked again.
    mutating func next(now: ContinuousClock.Instant) -> Step {
        forgetFinished(now: now)
        let forgetting = settled.first?.priority.advanced(by: limits.window)
        guard let (number, due) = waiting.first, let entry = entries[number] else {
            return isClosed ? .end : .rest(until: forgetting)
        }
        let start = max(due.time, pause ?? due.time)
        if start > now, !isClosed { return .rest(until: min(start, forgetting ?? start)) }
        waiting.remove(number)
        sending = Sending(number: number, due: due, count: entry.series.count)
        return entry.toldCount == 0 ? .create(entry.series) : .update(entry.series)
    }

    /// Takes in how sending the last step's series ended; `random` is uniform in `0..<1`.
    mutating func finish(_ answer: Answer, now: ContinuousClock.Instant, random: Double) -> Verdict {
        guard let sent = sending else { return .published }
        sending = nil
        if case .failed(let retryAfter) = answer, !isClosed, failures + 1 < limits.attempts {
            failures += 1
            let asked = min(retryAfter ?? .zero, limits.longestPause)
            pause = now.advanced(by: max(asked, limits.backoff.delay(attempt: failures, random: random)))
            // It keeps its place, so that the next attempt is its own.
            waiting.set(sent.number, priority: sent.due)
            return .triedAgain
        }
        failures = 0
        pause = nil
        switch answer {
        case .published:
            told(sent, now: now)
            return .published
        case .vanished:
            let stamp = nextStamp(at: entries[sent.number]?.series.lastObservedTime ?? .earliest)
            entries[sent.number]?.series.restart(stamp: stamp)
            entries[sent.number]?.toldCount = 0
            wait(sent.number, now: now)
            return .triedAgain
        case .failed, .refused:
            // An object that exists keeps its series, which the next update may bring up to date.
            if let entry = entries[sent.number], entry.toldCount > 0 {
                told(sent, now: now)
            } else {
                forget(sent.number)
            }
            return .lost(report: losses.add(now: now, interval: limits.reportInterval))
        }
    }

    /// Notes what the API server knows, and lets the entry wait for its repetitions.
    private mutating func told(_ sent: Sending, now: ContinuousClock.Instant) {
        entries[sent.number]?.toldCount = sent.count
        entries[sent.number]?.toldAt = now
        guard let entry = entries[sent.number] else { return }
        guard entry.series.count == sent.count else { return wait(sent.number, now: now) }
        settled.set(sent.number, priority: entry.lastSeen)
        while settled.count > limits.remembered, let oldest = settled.popFirst() { forget(oldest) }
    }
}

/// How many events were lost since that was last reported: a cluster that refuses events must not flood the log.
struct LossReport: Hashable, Sendable {
    private var count = 0
    private var lastReport: ContinuousClock.Instant?

    init() {}

    /// Counts one more; returns the count when it is time to report it.
    mutating func add(now: ContinuousClock.Instant, interval: Duration) -> Int? {
        count += 1
        if let lastReport, now < lastReport.advanced(by: interval) { return nil }
        lastReport = now
        defer { count = 0 }
        return count
    }
}

extension EventJournal.Answer {
    /// Reads the answer to a create or an update; nil stands for success.
    init(_ error: KubeError?, toUpdate isUpdate: Bool) {
        guard let error else {
            self = .published
            return
        }
        switch error {
        // The server did it, whatever it then said; under this name there is nothing but this event.
        case .undecodable: self = .published
        case _ where error.isAlreadyExists && !isUpdate: self = .published
        case _ where error.isNotFoundObject && isUpdate: self = .vanished
        // A quota for events is no reason to hold up those of other namespaces.
        case _ where error.isTransient && error.code != 403: self = .failed(retryAfter: error.retryAfter)
        default: self = .refused
        }
    }
}

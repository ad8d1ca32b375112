import KubeClient

/// Decides which events are sent to the API server, and when, for a publisher that sends one at a time. Pure.
///
/// The first occurrence of an event creates an object. Occurrences within six minutes of one another update its series:
/// the second one immediately, the others at most once a minute. An event that has not occurred for six minutes is
/// forgotten, so an idle journal is empty. The number of waiting events, of remembered ones and of those per object is
/// bounded; events beyond that are dropped, newest first. The new events of a namespace take at most as many places as
/// they leave free, so that one namespace gets half of them, and there is always room for another one.
struct EventJournal: Sendable {
    /// What the publisher does next.
    enum Step: Hashable, Sendable {
        /// Create the object of this series, then call ``finish(_:now:random:)``.
        case create(EventSeries)
        /// Patch this series into its object, then call ``finish(_:now:random:)``.
        case update(EventSeries)
        /// Wait until an event is recorded or this time has come.
        case rest(until: ContinuousClock.Instant?)
        /// The journal is closed, and all events are sent.
        case end
    }

    /// Whether an event was recorded.
    enum Acceptance: String, Hashable, Sendable {
        case accepted
        /// Too many events are waiting.
        case queueFull = "queue_full"
        /// Too many different events of this object happened recently.
        case objectLimit = "object_limit"
    }

    /// The order of the waiting events: by due time, then by the order in which they were recorded.
    struct Due: Comparable, Sendable {
        let time: ContinuousClock.Instant
        let number: UInt64

        static func < (left: Due, right: Due) -> Bool {
            (left.time, left.number) < (right.time, right.number)
        }
    }

    struct Entry: Sendable {
        var series: EventSeries
        var lastSeen: ContinuousClock.Instant
        /// The count that the API server knows; 0 before the object exists.
        var sentCount = 0
        var sentAt: ContinuousClock.Instant?
    }

    let limits: EventLimits
    /// Each entry is in `waiting` or `settled`, or is being sent.
    var entries: [UInt64: Entry] = [:]
    var waiting = KeyedHeap<UInt64, Due>()
    /// The entries with nothing to send, ordered by the time they were last seen.
    var settled = KeyedHeap<UInt64, ContinuousClock.Instant>()
    var sending: Sending?
    /// How often in a row sending the first of `waiting` has failed, and until when to pause.
    var failures = 0
    var pause: ContinuousClock.Instant?
    var losses = LossReport()
    private(set) var isClosed = false
    private var numbers: [EventSeries.Identity: UInt64] = [:]
    private var entriesOfObject: [String: Int] = [:]
    /// The number of entries of each namespace whose object does not exist yet.
    private var newEntries: [String: Int] = [:]
    private var lastNumber: UInt64 = 0
    private var lastStamp: UInt64 = 0

    init(limits: EventLimits = EventLimits()) {
        self.limits = limits
    }

    /// Records that `event` happened at `time`.
    mutating func record(_ event: ObjectEvent, at time: Timestamp, now: ContinuousClock.Instant) -> Acceptance {
        forgetFinished(now: now)
        if let number = numbers[EventSeries.Identity(event)] {
            entries[number]?.series.repeats(at: time)
            entries[number]?.lastSeen = now
            // A waiting entry keeps its place; one that is being sent is checked when its response arrives.
            if settled.remove(number) { wait(number, now: now) }
            return .accepted
        }
        let namespace = event.regarding.key.namespace
        guard newEntries[namespace, default: 0] < limits.waiting - waiting.count else { return .queueFull }
        guard entriesOfObject[event.regarding.uid, default: 0] < limits.perObject else { return .objectLimit }
        lastNumber += 1
        numbers[EventSeries.Identity(event)] = lastNumber
        entriesOfObject[event.regarding.uid, default: 0] += 1
        newEntries[namespace, default: 0] += 1
        entries[lastNumber] = Entry(
            series: EventSeries(of: event, at: time, stamp: nextStamp(at: time)), lastSeen: now)
        wait(lastNumber, now: now)
        return .accepted
    }

    /// Stops waiting: the remaining events are sent now, with one attempt each.
    mutating func close() {
        isClosed = true
    }

    /// Schedules an entry: new events immediately, a series that was sent recently later.
    mutating func wait(_ number: UInt64, now: ContinuousClock.Instant) {
        guard let entry = entries[number] else { return }
        let isRefresh = entry.sentCount > 1
        let time = isRefresh ? entry.sentAt?.advanced(by: limits.refresh) ?? now : now
        waiting.set(number, priority: Due(time: time, number: number))
    }

    mutating func forget(_ number: UInt64) {
        guard let entry = entries.removeValue(forKey: number) else { return }
        numbers[EventSeries.Identity(entry.series.event)] = nil
        let object = entry.series.event.regarding.uid
        let others = entriesOfObject[object, default: 1] - 1
        entriesOfObject[object] = others > 0 ? others : nil
        if entry.sentCount == 0 { countNew(-1, in: entry.series.event.regarding.key.namespace) }
    }

    /// Records how many occurrences the API server knows.
    mutating func setSentCount(_ count: Int, of number: UInt64) {
        guard let entry = entries[number] else { return }
        let namespace = entry.series.event.regarding.key.namespace
        if entry.sentCount == 0, count > 0 { countNew(-1, in: namespace) }
        if entry.sentCount > 0, count == 0 { countNew(1, in: namespace) }
        entries[number]?.sentCount = count
    }

    private mutating func countNew(_ change: Int, in namespace: String) {
        let count = newEntries[namespace, default: 0] + change
        newEntries[namespace] = count > 0 ? count : nil
    }

    /// Forgets the series that have ended.
    mutating func forgetFinished(now: ContinuousClock.Instant) {
        while let number = settled.popFirst(notAbove: now.advanced(by: .zero - limits.window)) { forget(number) }
    }

    /// The nanoseconds of the time, or the last stamp plus one if the clock stood still or went back.
    mutating func nextStamp(at time: Timestamp) -> UInt64 {
        let nanoseconds = UInt64(bitPattern: time.seconds) &* 1_000_000_000 &+ UInt64(max(time.nanoseconds, 0))
        lastStamp = nanoseconds > lastStamp ? nanoseconds : lastStamp &+ 1
        return lastStamp
    }
}

extension EventJournal {
    /// The entry that is being sent.
    struct Sending: Sendable {
        let number: UInt64
        let due: Due
        let count: Int
    }

    /// The result of sending one event.
    enum Answer: Hashable, Sendable {
        case published
        /// The object of the series is gone: the API server keeps events for about an hour.
        case vanished
        /// A retry may succeed.
        case failed(retryAfter: Duration?)
        /// A retry would fail too.
        case refused
    }

    /// What a result means.
    enum Verdict: Hashable, Sendable {
        case published
        case retried
        /// The event is dropped. `report` is the number of those lost since the last report, if one is due.
        case lost(report: Int?)
    }

    /// Returns what to do now; after a create or update, call ``finish(_:now:random:)`` first.
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
        return entry.sentCount == 0 ? .create(entry.series) : .update(entry.series)
    }

    /// Records the result of sending the last step's series; `random` is uniform in `0..<1`.
    mutating func finish(_ answer: Answer, now: ContinuousClock.Instant, random: Double) -> Verdict {
        guard let sent = sending else { return .published }
        sending = nil
        if case .failed(let retryAfter) = answer, !isClosed, failures + 1 < limits.attempts {
            failures += 1
            let asked = min(retryAfter ?? .zero, limits.longestPause)
            pause = now.advanced(by: max(asked, limits.backoff.delay(attempt: failures, random: random)))
            // The entry keeps its place, so that it is the next one to be sent.
            waiting.set(sent.number, priority: sent.due)
            return .retried
        }
        failures = 0
        pause = nil
        switch answer {
        case .published:
            recordSent(sent, now: now)
            return .published
        case .vanished:
            let stamp = nextStamp(at: entries[sent.number]?.series.lastObservedTime ?? .earliest)
            entries[sent.number]?.series.restart(stamp: stamp)
            setSentCount(0, of: sent.number)
            wait(sent.number, now: now)
            return .retried
        case .failed, .refused:
            // A series whose object exists is kept: the next update can bring it up to date.
            if let entry = entries[sent.number], entry.sentCount > 0 {
                recordSent(sent, now: now)
            } else {
                forget(sent.number)
            }
            return .lost(report: losses.add(now: now, interval: limits.reportInterval))
        }
    }

    /// Records what the API server knows, and lets the entry wait for repetitions.
    private mutating func recordSent(_ sent: Sending, now: ContinuousClock.Instant) {
        setSentCount(sent.count, of: sent.number)
        entries[sent.number]?.sentAt = now
        guard let entry = entries[sent.number] else { return }
        guard entry.series.count == sent.count else { return wait(sent.number, now: now) }
        settled.set(sent.number, priority: entry.lastSeen)
        while settled.count > limits.remembered, let oldest = settled.popFirst() { forget(oldest) }
    }
}

/// The number of lost events since the last report, so that a cluster that rejects events does not flood the log.
struct LossReport: Hashable, Sendable {
    private var count = 0
    private var lastReport: ContinuousClock.Instant?

    init() {}

    /// Counts one lost event; returns the count if a report is due.
    mutating func add(now: ContinuousClock.Instant, interval: Duration) -> Int? {
        count += 1
        if let lastReport, now < lastReport.advanced(by: interval) { return nil }
        lastReport = now
        defer { count = 0 }
        return count
    }
}

extension EventJournal.Answer {
    /// Classifies the response to a create or update; nil is a success.
    init(_ error: KubeError?, toUpdate isUpdate: Bool) {
        guard let error else {
            self = .published
            return
        }
        switch error {
        // The server has processed it. Only this event can have this name.
        case .undecodable: self = .published
        case _ where error.isAlreadyExists && !isUpdate: self = .published
        case _ where error.isNotFoundObject && isUpdate: self = .vanished
        // A quota for events in one namespace must not delay the events of the others.
        case _ where error.isTransient && error.code != 403: self = .failed(retryAfter: error.retryAfter)
        default: self = .refused
        }
    }
}

/// The bounds of a process's events.
struct EventLimits: Hashable, Sendable {
    /// The maximum number of events that wait to be published; those of one namespace get at most half of it.
    var waiting = 1_000
    /// The maximum number of published events that are remembered for repetitions.
    var remembered = 1_000
    /// The maximum number of different events of one object at a time.
    var perObject = 25
    /// How long after its last occurrence an event ends; the next occurrence is a new event.
    var window: Duration = .seconds(360)
    /// The minimum time between two updates of a series.
    var refresh: Duration = .seconds(60)
    /// The maximum number of attempts to send an event.
    var attempts = 10
    /// The pause before the next attempt.
    var backoff = Backoff(base: .milliseconds(500), cap: .seconds(10), jitter: .half)
    /// The longest pause that a server can ask for.
    var longestPause: Duration = .seconds(60)
    /// The minimum time between two reports of lost events.
    var reportInterval: Duration = .seconds(600)
}

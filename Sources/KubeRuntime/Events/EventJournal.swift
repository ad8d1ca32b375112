import KubeClient

/// Which events go to the API server, and when; pure bookkeeping for one publisher that sends one at a time.
///
/// The first occurrence of an event becomes an object. Those that follow within six minutes of one another become its
/// series: the second is told at once, the rest once a minute at most. What did not happen again for six minutes is
/// forgotten, so that a journal at rest is empty. Bounded in what waits, in what is remembered and per object; what
/// does not fit is dropped, the newest first.
struct EventJournal: Sendable {
    /// What the publisher has to do.
    enum Step: Hashable, Sendable {
        /// Create the object of this series, then call ``finish(_:now:random:)``.
        case create(EventSeries)
        /// Patch the series into its object, then call ``finish(_:now:random:)``.
        case update(EventSeries)
        /// Nothing until something is recorded or the time has come.
        case rest(until: ContinuousClock.Instant?)
        /// The journal was closed, and everything is told.
        case end
    }

    /// What became of an event that was recorded.
    enum Acceptance: String, Hashable, Sendable {
        case accepted
        /// Too many events wait to be published.
        case queueFull = "queue_full"
        /// Too many different events happened to this object lately.
        case objectLimit = "object_limit"
    }

    /// Which of the waiting events is next: due time first, then the one that was recorded first.
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
        var toldCount = 0
        var toldAt: ContinuousClock.Instant?
    }

    let limits: EventLimits
    /// Every entry is in `waiting`, in `settled`, or the one that is being sent.
    var entries: [UInt64: Entry] = [:]
    var waiting = KeyedHeap<UInt64, Due>()
    /// The entries with nothing to tell, those that were not seen for the longest time first.
    var settled = KeyedHeap<UInt64, ContinuousClock.Instant>()
    var sending: Sending?
    /// How often in a row sending the first of `waiting` has failed, and until when it has to rest.
    var failures = 0
    var pause: ContinuousClock.Instant?
    var losses = LossReport()
    private(set) var isClosed = false
    private var numbers: [EventSeries.Identity: UInt64] = [:]
    private var entriesOfObject: [String: Int] = [:]
    private var lastNumber: UInt64 = 0
    private var lastStamp: UInt64 = 0

    init(limits: EventLimits = EventLimits()) {
        self.limits = limits
    }

    /// Takes in that `event` happened at `time`.
    mutating func record(_ event: ObjectEvent, at time: Timestamp, now: ContinuousClock.Instant) -> Acceptance {
        forgetFinished(now: now)
        if let number = numbers[EventSeries.Identity(event)] {
            entries[number]?.series.repeats(at: time)
            entries[number]?.lastSeen = now
            // What waits keeps its place; what is being sent is looked at when the answer is there.
            if settled.remove(number) { wait(number, now: now) }
            return .accepted
        }
        guard waiting.count < limits.waiting else { return .queueFull }
        guard entriesOfObject[event.regarding.uid, default: 0] < limits.perObject else { return .objectLimit }
        lastNumber += 1
        numbers[EventSeries.Identity(event)] = lastNumber
        entriesOfObject[event.regarding.uid, default: 0] += 1
        entries[lastNumber] = Entry(
            series: EventSeries(of: event, at: time, stamp: nextStamp(at: time)), lastSeen: now)
        wait(lastNumber, now: now)
        return .accepted
    }

    /// Nothing waits for its time any more: what there is to tell is told now, and only tried once.
    mutating func close() {
        isClosed = true
    }

    /// Lets an entry wait for its turn: what is new goes at once, a series that was told lately later.
    mutating func wait(_ number: UInt64, now: ContinuousClock.Instant) {
        guard let entry = entries[number] else { return }
        let isRefresh = entry.toldCount > 1
        let time = isRefresh ? entry.toldAt?.advanced(by: limits.refresh) ?? now : now
        waiting.set(number, priority: Due(time: time, number: number))
    }

    mutating func forget(_ number: UInt64) {
        guard let entry = entries.removeValue(forKey: number) else { return }
        numbers[EventSeries.Identity(entry.series.event)] = nil
        let object = entry.series.event.regarding.uid
        let others = entriesOfObject[object, default: 1] - 1
        entriesOfObject[object] = others > 0 ? others : nil
    }

    /// Forgets the series that are over.
    mutating func forgetFinished(now: ContinuousClock.Instant) {
        while let number = settled.popFirst(notAbove: now.advanced(by: .zero - limits.window)) { forget(number) }
    }

    /// The nanoseconds of the time, or one more than the last stamp where the clock stood still or went back.
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

/// What bounds the events of a process, so that they never cost more than they are worth.
struct EventLimits: Hashable, Sendable {
    /// How many new events may wait to be published.
    var waiting = 1_000
    /// How many published events are kept in mind for their repetitions.
    var remembered = 1_000
    /// How many different events of one object there may be at a time.
    var perObject = 25
    /// How long after its last occurrence an event is over, and the next one a new event.
    var window: Duration = .seconds(360)
    /// The least time between two updates of one series.
    var refresh: Duration = .seconds(60)
    /// How often one event is sent at most where nothing but time helps.
    var attempts = 10
    /// The pause before such a repetition.
    var backoff = Backoff(base: .milliseconds(500), cap: .seconds(10), jitter: .half)
    /// The longest pause that a server may ask for.
    var longestPause: Duration = .seconds(60)
    /// The least time between two reports of events that were lost.
    var reportInterval: Duration = .seconds(600)
}

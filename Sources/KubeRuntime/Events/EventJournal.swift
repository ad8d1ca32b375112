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

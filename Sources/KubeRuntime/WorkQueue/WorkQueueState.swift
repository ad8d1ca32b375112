/// The rules of the work queue: which keys are waiting, ready or running, and which key is next. Pure.
///
/// One worker at a time has a key; after its last `add` a key is handed out at least once; duplicate adds before that
/// count once. Groups of keys, for example namespaces, take turns, and none gets more workers than its share. An idle
/// key uses no memory.
struct WorkQueueState<Key: Hashable & Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// The phase of a key. A key without an entry is idle.
    private enum Phase {
        /// In `waiting` under its time; becomes ready at that time, or when the key is added.
        case waiting
        /// In the queue of its priority since this time; becomes running when a worker takes it.
        case ready(since: Instant)
        /// With a worker since this time, and not added meanwhile; becomes idle or waiting when the worker is done.
        case running(since: Instant)
        /// With a worker since this time, and added meanwhile; becomes ready or waiting when the worker is done.
        case runningDirty(since: Instant, again: Again)
    }

    private enum Again {
        case now
        case at(Instant)
    }

    private struct Entry {
        let group: String
        var phase: Phase
        /// The priority of the next run; only rises while the key waits for it.
        var priority: WorkPriority
        /// True if the key was added while it ran, with the effect that it does not wait for the backoff of a failure.
        var endsBackoff = false
        /// The number of failures since the last success.
        var failures: Int
    }

    /// All keys that are not idle.
    private var entries: [Key: Entry] = [:]
    /// Exactly the keys in phase `waiting`, by the time at which they become ready.
    private var waiting = KeyedHeap<Key, Instant>()
    /// Exactly the `ready` keys of priority `normal`.
    private var normal = FairQueue<Key>()
    /// Exactly the `ready` keys of priority `low`.
    private var low = FairQueue<Key>()
    /// The number of keys of each group that are not idle; groups without such keys are removed.
    private var groups: [String: Int] = [:]
    /// The groups in `groups` that are slow.
    private var slowGroups: Set<String> = []
    private let group: @Sendable (Key) -> String
    private let shares: WorkShares
    /// Exactly the keys with a worker, and since when.
    private(set) var running: [Key: Instant] = [:]
    /// The number of keys of each group with a worker; no zeros.
    private var workers: [String: Int] = [:]
    private var nextTicket: UInt64 = 0
    /// How often a key became ready.
    private(set) var adds: UInt64 = 0
    /// Keys of normal priority handed out in a row while keys of low priority were ready.
    private var normalRun = 0

    /// One of this many pops serves low priority, even if keys of normal priority keep coming.
    static var lowTurn: Int { 4 }

    /// - Parameter group: the group of a key; always the same one for the same key.
    init(shares: WorkShares = .unlimited, group: @escaping @Sendable (Key) -> String = { _ in "" }) {
        self.shares = shares
        self.group = group
    }

    var readyCount: Int { normal.count + low.count }
    var normalCount: Int { normal.count }
    var lowCount: Int { low.count }
    var waitingCount: Int { waiting.count }
    /// The number of keys that are not idle.
    var count: Int { entries.count }
    /// When the next waiting key becomes ready.
    var nextDeadline: Instant? { waiting.first?.priority }

    /// Adds the key, to run as soon as a worker is free; ends its waiting time.
    ///
    /// - Parameter endsBackoff: false if nothing is known to have changed, so that a failed key still waits for its
    ///   backoff.
    mutating func add(_ key: Key, priority: WorkPriority, endsBackoff: Bool = true, now: Instant) {
        guard var entry = entries[key] else {
            makeReady(key, newEntry(key, priority), now)
            return
        }
        switch entry.phase {
        case .waiting:
            if !endsBackoff, entry.failures > 0 { return }
            waiting.remove(key)
            entry.priority.raise(to: priority)
            makeReady(key, entry, now)
        case .ready(let since):
            guard priority == .normal, entry.priority == .low else { return }
            low.remove(key, of: entry.group)
            entry.priority = .normal
            enqueue(key, entry, since)
        case .running(let since):
            entry.phase = .runningDirty(since: since, again: .now)
            entry.priority = priority
            entry.endsBackoff = endsBackoff
            entries[key] = entry
        case .runningDirty(let since, _):
            entry.phase = .runningDirty(since: since, again: .now)
            entry.endsBackoff = entry.endsBackoff || endsBackoff
            entry.priority.raise(to: priority)
            entries[key] = entry
        }
    }

    /// Adds the key for a later time. A key has one such time, the earliest; a key that is ready stays ready.
    mutating func add(_ key: Key, at deadline: Instant, priority: WorkPriority, now: Instant) {
        guard deadline > now else { return add(key, priority: priority, now: now) }
        guard var entry = entries[key] else {
            wait(key, newEntry(key, priority), until: deadline)
            return
        }
        switch entry.phase {
        case .waiting:
            entry.priority.raise(to: priority)
            wait(key, entry, until: min(deadline, waiting.priority(of: key) ?? deadline))
        case .ready:
            return
        case .running(let since):
            entry.phase = .runningDirty(since: since, again: .at(deadline))
            entry.priority = priority
            entries[key] = entry
        case .runningDirty(let since, .at(let earlier)):
            entry.phase = .runningDirty(since: since, again: .at(min(deadline, earlier)))
            entry.priority.raise(to: priority)
            entries[key] = entry
        case .runningDirty(_, .now):
            return
        }
    }

    /// Forgets a key whose object is gone, so that it does not wait for its time, which can be months away.
    ///
    /// A key that is ready, or with a worker, runs once more and finds no object.
    mutating func drop(_ key: Key, now: Instant) {
        guard let entry = entries[key] else { return }
        switch entry.phase {
        case .waiting:
            waiting.remove(key)
            entries[key] = nil
            leave(entry.group)
        case .ready: return
        case .running, .runningDirty: add(key, priority: .low, now: now)
        }
    }

    /// Makes the waiting keys ready that are due.
    mutating func promote(now: Instant) {
        while let key = waiting.popFirst(notAbove: now) {
            guard let entry = entries[key] else { continue }
            makeReady(key, entry, now)
        }
    }

    /// Hands out the next ready key whose group may use a worker.
    mutating func pop(now: Instant) -> WorkItem<Key>? {
        noteSlowGroups(now)
        let prefersLow = normal.isEmpty || (normalRun >= Self.lowTurn - 1 && !low.isEmpty)
        guard let (key, isLow) = next(prefersLow: prefersLow), var entry = entries[key],
            case .ready(let since) = entry.phase
        else { return nil }
        normalRun = isLow || low.isEmpty ? 0 : normalRun + 1
        entry.phase = .running(since: now)
        entry.endsBackoff = false
        entries[key] = entry
        running[key] = now
        workers[entry.group, default: 0] += 1
        return WorkItem(key: key, attempt: entry.failures + 1, waited: since.duration(to: now))
    }

    private mutating func next(prefersLow: Bool) -> (key: Key, isLow: Bool)? {
        // The loop is short: there are at most as many groups with a worker as workers.
        let slowWorkers = workers.reduce(0) { $0 + (slowGroups.contains($1.key) ? $1.value : 0) }
        let servesSlow = slowWorkers < shares.allSlow
        let hasRoom = { [slowGroups, shares, workers] (group: String) in
            (workers[group] ?? 0) < (slowGroups.contains(group) ? shares.perSlowGroup : shares.perGroup)
        }
        nextTicket += 1
        let ticket = nextTicket
        func popLow() -> (key: Key, isLow: Bool)? {
            low.pop(ticket: ticket, servesSlow: servesSlow, hasRoom: hasRoom).map { ($0, true) }
        }
        func popNormal() -> (key: Key, isLow: Bool)? {
            normal.pop(ticket: ticket, servesSlow: servesSlow, hasRoom: hasRoom).map { ($0, false) }
        }
        return prefersLow ? popLow() ?? popNormal() : popNormal() ?? popLow()
    }

    /// Marks the groups as slow that have a key with a worker for too long.
    private mutating func noteSlowGroups(_ now: Instant) {
        for (key, since) in running where since.duration(to: now) >= WorkShares.slowness {
            if let group = entries[key]?.group { note(group, isSlow: true) }
        }
    }

    private mutating func note(_ group: String, isSlow: Bool) {
        guard slowGroups.contains(group) != isSlow else { return }
        if isSlow { slowGroups.insert(group) } else { slowGroups.remove(group) }
        normal.move(group, toSlow: isSlow)
        low.move(group, toSlow: isSlow)
    }

    /// The failures of a running key since its last success, plus one for the result now being reported.
    func attempt(of key: Key) -> Int? {
        guard running[key] != nil, let entry = entries[key] else { return nil }
        return entry.failures + 1
    }

    /// Takes a key back from its worker; returns how long it ran, or nil if no worker had it.
    ///
    /// `again` is the time that the worker asks for. An earlier time that was added in the meantime takes precedence;
    /// after a failure or without an attempt, it does so only if something has changed.
    mutating func finish(_ key: Key, _ result: WorkResult, again: Instant?, now: Instant) -> Duration? {
        guard var entry = entries[key], let since = running.removeValue(forKey: key) else { return nil }
        if let count = workers[entry.group] { workers[entry.group] = count > 1 ? count - 1 : nil }
        switch result {
        case .worked: entry.failures = 0
        case .failed: entry.failures += 1
        case .untried: break
        }
        let worked = since.duration(to: now)
        note(entry.group, isSlow: worked >= WorkShares.slowness)
        let added: Again? = if case .runningDirty(_, let again) = entry.phase { again } else { nil }
        switch (added, again) {
        case (.now, let time?) where result != .worked && !entry.endsBackoff:
            wait(key, entry, until: time)
        case (.now, _):
            makeReady(key, entry, now)
        case (.at(let left), let right?):
            wait(key, entry, until: min(left, right))
        case (.at(let time), nil), (nil, let time?):
            wait(key, entry, until: time)
        case (nil, nil):
            entries[key] = nil
            leave(entry.group)
        }
        return worked
    }

    /// Forgets all keys that no worker has.
    mutating func removeUnstarted() {
        for (key, entry) in entries where running[key] == nil {
            entries[key] = nil
            leave(entry.group)
        }
        waiting.removeAll()
        normal.removeAll()
        low.removeAll()
    }

    private mutating func newEntry(_ key: Key, _ priority: WorkPriority) -> Entry {
        let group = group(key)
        groups[group, default: 0] += 1
        return Entry(group: group, phase: .waiting, priority: priority, failures: 0)
    }

    /// Records that a key of the group became idle.
    private mutating func leave(_ group: String) {
        guard let count = groups[group], count > 1 else {
            groups[group] = nil
            slowGroups.remove(group)
            return
        }
        groups[group] = count - 1
    }

    private mutating func makeReady(_ key: Key, _ entry: Entry, _ now: Instant) {
        adds += 1
        enqueue(key, entry, now)
    }

    /// Appends a key to the queue of its priority.
    private mutating func enqueue(_ key: Key, _ entry: Entry, _ since: Instant) {
        var entry = entry
        entry.phase = .ready(since: since)
        entries[key] = entry
        nextTicket += 1
        let isSlow = slowGroups.contains(entry.group)
        switch entry.priority {
        case .normal: normal.append(key, of: entry.group, isSlow: isSlow, ticket: nextTicket)
        case .low: low.append(key, of: entry.group, isSlow: isSlow, ticket: nextTicket)
        }
    }

    private mutating func wait(_ key: Key, _ entry: Entry, until deadline: Instant) {
        var entry = entry
        entry.phase = .waiting
        entries[key] = entry
        waiting.set(key, priority: deadline)
    }
}

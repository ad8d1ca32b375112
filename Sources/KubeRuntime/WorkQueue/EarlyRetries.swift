/// Decides which failed keys are retried before their backoff ends, so that they notice a recovery soon.
///
/// Each failed key is a member of a group of keys that probably fail, and recover, together. A group is a queue ordered
/// by the time of the last failure. Three events retry its first member:
///
/// - time: each member once per interval, up to ``Limits/probes`` of a group. A member that fails again goes to the end
///   of the queue, so it does not block the others;
/// - the success of a member: retries two more, so that their number doubles with each round trip until a retried
///   member fails;
/// - the success of another request of the same kind, or an API server that responds again: retries one.
///
/// Pure. A key leaves its group with ``settled(_:)``, and empty groups are removed, so that memory is bounded by the
/// number of keys in backoff.
package struct EarlyRetries<Key: Hashable & Sendable, Group: Hashable & Sendable>: Sendable {
    package typealias Instant = ContinuousClock.Instant

    /// How many retries to make, and how soon.
    package struct Limits: Sendable {
        /// The time after which a failed member is retried.
        package var interval: Duration
        /// The maximum number of retries of one group per interval.
        package var probes = 4
        /// The maximum number of retries of all groups per second.
        package var probesPerSecond = 50
        /// The maximum number of retries per second because of a recovery.
        package var wakesPerSecond = 200
        /// The minimum time between a member's failure and its retry.
        package var rest = Duration.seconds(1)

        package init(interval: Duration) { self.interval = interval }
    }

    /// A position in a queue: earlier failures first.
    private struct Position: Comparable {
        let failedAt: Instant
        let ticket: UInt64

        static func < (left: Position, right: Position) -> Bool {
            (left.failedAt, left.ticket) < (right.failedAt, right.ticket)
        }
    }

    private struct Member {
        let group: Group
        /// True from its retry until the result is known; the member is not in the queue then.
        var isRetried = false
    }

    private struct Queue {
        var waiting = KeyedHeap<Key, Position>()
        /// The number of retried members whose result is not known.
        var retried = 0
        /// How many more members to retry because something worked.
        var pendingRetries = 0
        /// The time of the last retry, or when the group was created.
        var lastProbe: Instant
        /// Until then the success of other requests is ignored: it has caused a retry already.
        var ignoresSuccessUntil: Instant?
    }

    private let limits: Limits
    private var members: [Key: Member] = [:]
    /// All groups that have members.
    private var queues: [Group: Queue] = [:]
    /// When the next member of each group may be retried; exactly the groups with a queued member.
    private var due = KeyedHeap<Group, Due>()
    private var nextTicket: UInt64 = 0
    private var probes: Pace
    private var wakes: Pace

    /// When a group is due; equal times are in the order in which they were planned.
    private struct Due: Comparable {
        let at: Instant
        let ticket: UInt64

        static func < (left: Due, right: Due) -> Bool { (left.at, left.ticket) < (right.at, right.ticket) }
    }

    package init(limits: Limits) {
        self.limits = limits
        probes = Pace(perSecond: limits.probesPerSecond)
        wakes = Pace(perSecond: limits.wakesPerSecond)
    }

    /// The number of keys that failed and were not settled since.
    package var count: Int { members.count }
    package var groupCount: Int { queues.count }

    /// Records that a key failed and is in backoff.
    package mutating func failed(_ key: Key, in group: Group, now: Instant) {
        if members[key].map({ $0.group != group }) ?? false { settled(key) }
        var queue = queues[group] ?? Queue(lastProbe: now)
        if members[key]?.isRetried == true {
            queue.retried -= 1
            queue.pendingRetries = 0
        }
        members[key] = Member(group: group)
        nextTicket += 1
        queue.waiting.set(key, priority: Position(failedAt: now, ticket: nextTicket))
        queues[group] = queue
        plan(group)
    }

    /// Records that a request of the group's kind worked.
    package mutating func worked(_ key: Key, in group: Group, now: Instant) {
        guard var queue = queues[group] else { return }
        let isMember = members[key]?.group == group
        if isMember {
            queue.pendingRetries = min(queue.pendingRetries + 2, queue.waiting.count + queue.retried)
        } else if queue.ignoresSuccessUntil.map({ now >= $0 }) ?? true {
            queue.ignoresSuccessUntil = now.advanced(by: limits.interval)
            queue.pendingRetries = max(queue.pendingRetries, 1)
        }
        queues[group] = queue
        if isMember { settled(key) }
        plan(group)
    }

    /// Records that a key no longer waits for its group.
    package mutating func settled(_ key: Key) {
        guard let member = members.removeValue(forKey: key), var queue = queues[member.group] else { return }
        if member.isRetried { queue.retried -= 1 } else { queue.waiting.remove(key) }
        let isEmpty = queue.waiting.isEmpty && queue.retried == 0
        queues[member.group] = isEmpty ? nil : queue
        plan(member.group)
    }

    /// Records that the server responds again: retries one member of each group.
    package mutating func serverReturned() {
        // Use the order of the failures, because the order of the hash table varies.
        let order = queues.compactMap { group, queue in queue.waiting.first.map { (group, $0.priority) } }
        for (group, _) in order.sorted(by: { $0.1 < $1.1 }) {
            guard var queue = queues[group] else { continue }
            queue.pendingRetries = max(queue.pendingRetries, 1)
            queues[group] = queue
            plan(group)
        }
    }

    /// Forgets everything.
    package mutating func removeAll() {
        let limits = limits
        self = EarlyRetries(limits: limits)
    }

    /// Returns the keys to retry now.
    package mutating func wake(_ now: Instant) -> [Key] {
        var keys: [Key] = []
        while let (group, time) = due.first, time.at <= now, var queue = queues[group] {
            let isRecovery = queue.pendingRetries > 0
            guard isRecovery ? wakes.take(now) : probes.take(now), let key = queue.waiting.popFirst() else { break }
            if isRecovery { queue.pendingRetries -= 1 }
            queue.lastProbe = now
            queue.retried += 1
            queues[group] = queue
            members[key]?.isRetried = true
            keys.append(key)
            plan(group)
        }
        return keys
    }

    /// When to call ``wake(_:)`` next; nil if no member is queued.
    package var nextWake: Instant? {
        guard let (group, time) = due.first else { return nil }
        let pace = (queues[group]?.pendingRetries ?? 0) > 0 ? wakes : probes
        return pace.next.map { max($0, time.at) } ?? time.at
    }

    /// Updates when the next member of a group is due.
    private mutating func plan(_ group: Group) {
        guard let queue = queues[group], let first = queue.waiting.first?.priority.failedAt else {
            due.remove(group)
            return
        }
        let spacing = limits.interval / max(1, limits.probes)
        var time = max(queue.lastProbe.advanced(by: spacing), first.advanced(by: limits.interval))
        if queue.pendingRetries > 0 { time = min(time, first.advanced(by: limits.rest)) }
        if let planned = due.priority(of: group), planned.at == time { return }
        nextTicket += 1
        due.set(group, priority: Due(at: time, ticket: nextTicket))
    }
}

/// Allows a number of actions per second: a quarter of them at once, the others evenly spaced.
private struct Pace {
    private let spacing: Duration
    private let tolerance: Duration
    /// The time of the next action if all were evenly spaced.
    private var even: ContinuousClock.Instant?

    init(perSecond: Int) {
        spacing = .seconds(1) / max(1, perSecond)
        tolerance = spacing * (max(1, perSecond) / 4)
    }

    /// Returns false if it is too soon.
    mutating func take(_ now: ContinuousClock.Instant) -> Bool {
        if let next, next > now { return false }
        even = max(even ?? now, now).advanced(by: spacing)
        return true
    }

    /// The earliest time of the next action; nil means now.
    var next: ContinuousClock.Instant? { even.map { $0.advanced(by: .zero - tolerance) } }
}

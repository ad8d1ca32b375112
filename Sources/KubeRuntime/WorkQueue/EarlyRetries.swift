/// Decides when keys whose requests fail are tried before their backoff ends, so that none sleeps through the recovery.
///
/// A key that failed is a member of a group: those that most likely fail, and recover, together. The members line up by
/// the time of their last failure. Three things wake the first in line:
///
/// - time: each member once an interval, up to ``Limits/probes`` of a group; a group is never without a probe for
///   longer, and one that always fails hides nothing, since it goes to the end of the line;
/// - a member that works: it wakes two more, so that the number doubles with every round trip. A member that was woken
///   and fails ends that;
/// - somebody else whose request works, or the server that answers again: one, as another reason to probe.
///
/// Pure. A group without members is forgotten; a key leaves with ``settled(_:)``, so that there are never more members
/// than keys that wait for their backoff.
package struct EarlyRetries<Key: Hashable & Sendable, Group: Hashable & Sendable>: Sendable {
    package typealias Instant = ContinuousClock.Instant

    /// How much is tried how soon.
    package struct Limits: Sendable {
        /// After this time a member that failed is probed.
        package var interval: Duration
        /// The most probes of one group in an interval.
        package var probes = 4
        /// The most probes of all groups together in a second.
        package var probesPerSecond = 50
        /// The most members that recovery wakes in a second.
        package var wakesPerSecond = 200
        /// A member that failed so recently is not woken.
        package var rest = Duration.seconds(1)

        package init(interval: Duration) { self.interval = interval }
    }

    /// A place in a line: the earlier failure first.
    private struct Place: Comparable {
        let failedAt: Instant
        let ticket: UInt64

        static func < (left: Place, right: Place) -> Bool {
            (left.failedAt, left.ticket) < (right.failedAt, right.ticket)
        }
    }

    private struct Member {
        let group: Group
        /// True from when it was woken until it is known what came of that; it is not in line then.
        var isWoken = false
    }

    private struct Line {
        var waiting = KeyedHeap<Key, Place>()
        /// How many members were woken, and have not been heard of since.
        var woken = 0
        /// How many more are to be woken, as something worked.
        var owed = 0
        /// The last probe, or when the group came up.
        var lastProbe: Instant
        /// Until when the success of others proves nothing: it was acted upon.
        var deafUntil: Instant?
    }

    private let limits: Limits
    private var members: [Key: Member] = [:]
    /// Every group that has members.
    private var lines: [Group: Line] = [:]
    /// When the next member of a group may be woken; exactly the groups in which one waits.
    private var due = KeyedHeap<Group, Due>()
    private var nextTicket: UInt64 = 0
    private var probes: Pace
    private var wakes: Pace

    /// When a group is due; equal times in the order in which the groups were planned.
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

    /// Keys that failed and were not settled since.
    package var count: Int { members.count }
    package var groupCount: Int { lines.count }

    /// Takes in that a key failed and waits for its backoff.
    package mutating func failed(_ key: Key, in group: Group, now: Instant) {
        if members[key].map({ $0.group != group }) ?? false { settled(key) }
        var line = lines[group] ?? Line(lastProbe: now)
        if members[key]?.isWoken == true {
            line.woken -= 1
            line.owed = 0
        }
        members[key] = Member(group: group)
        nextTicket += 1
        line.waiting.set(key, priority: Place(failedAt: now, ticket: nextTicket))
        lines[group] = line
        plan(group)
    }

    /// Takes in that a request of a group's kind worked.
    package mutating func worked(_ key: Key, in group: Group, now: Instant) {
        guard var line = lines[group] else { return }
        let isMember = members[key]?.group == group
        if isMember {
            line.owed = min(line.owed + 2, line.waiting.count + line.woken)
        } else if line.deafUntil.map({ now >= $0 }) ?? true {
            line.deafUntil = now.advanced(by: limits.interval)
            line.owed = max(line.owed, 1)
        }
        lines[group] = line
        if isMember { settled(key) }
        plan(group)
    }

    /// Takes in that a key has nothing to wait for any more, or waits for something else.
    package mutating func settled(_ key: Key) {
        guard let member = members.removeValue(forKey: key), var line = lines[member.group] else { return }
        if member.isWoken { line.woken -= 1 } else { line.waiting.remove(key) }
        let isEmpty = line.waiting.isEmpty && line.woken == 0
        lines[member.group] = isEmpty ? nil : line
        plan(member.group)
    }

    /// Takes in that the server answers again: one member of each group finds out what works.
    package mutating func serverReturned() {
        // In the order of the failures, not of the hash table.
        let order = lines.compactMap { group, line in line.waiting.first.map { (group, $0.priority) } }
        for (group, _) in order.sorted(by: { $0.1 < $1.1 }) {
            guard var line = lines[group] else { continue }
            line.owed = max(line.owed, 1)
            lines[group] = line
            plan(group)
        }
    }

    /// Forgets everything.
    package mutating func removeAll() {
        let limits = limits
        self = EarlyRetries(limits: limits)
    }

    /// The keys that are to be tried now.
    package mutating func wake(_ now: Instant) -> [Key] {
        var keys: [Key] = []
        while let (group, time) = due.first, time.at <= now, var line = lines[group] {
            let isOwed = line.owed > 0
            guard isOwed ? wakes.take(now) : probes.take(now), let key = line.waiting.popFirst() else { break }
            if isOwed { line.owed -= 1 }
            line.lastProbe = now
            line.woken += 1
            lines[group] = line
            members[key]?.isWoken = true
            keys.append(key)
            plan(group)
        }
        return keys
    }

    /// When to ask again; nil when no member waits.
    package var nextWake: Instant? {
        guard let (group, time) = due.first else { return nil }
        let pace = (lines[group]?.owed ?? 0) > 0 ? wakes : probes
        return pace.next.map { max($0, time.at) } ?? time.at
    }

    /// Finds out when the next member of a group is due.
    private mutating func plan(_ group: Group) {
        guard let line = lines[group], let first = line.waiting.first?.priority.failedAt else {
            due.remove(group)
            return
        }
        let spacing = limits.interval / max(1, limits.probes)
        var time = max(line.lastProbe.advanced(by: spacing), first.advanced(by: limits.interval))
        if line.owed > 0 { time = min(time, first.advanced(by: limits.rest)) }
        if let planned = due.priority(of: group), planned.at == time { return }
        nextTicket += 1
        due.set(group, priority: Due(at: time, ticket: nextTicket))
    }
}

/// Lets so many things happen in a second: up to a quarter of them at once, the others evenly spaced.
private struct Pace {
    private let spacing: Duration
    private let tolerance: Duration
    /// When the next one would happen if all were evenly spaced.
    private var even: ContinuousClock.Instant?

    init(perSecond: Int) {
        spacing = .seconds(1) / max(1, perSecond)
        tolerance = spacing * (max(1, perSecond) / 4)
    }

    /// Returns false when it is too soon.
    mutating func take(_ now: ContinuousClock.Instant) -> Bool {
        if let next, next > now { return false }
        even = max(even ?? now, now).advanced(by: spacing)
        return true
    }

    /// From when on the next one may happen; nil for at once.
    var next: ContinuousClock.Instant? { even.map { $0.advanced(by: .zero - tolerance) } }
}

import KubeClient
import KubeRuntime

/// Which executions have something that outlives its time, when, and whose turn it is: without lock, timer or I/O.
///
/// Times are those of the API server's clock, which may jump: so nothing sleeps for longer than ``longestNap``, and a look at
/// the first time answers for all of them. A turn is given to so many in an interval; the rest follows.
struct ExpiryPlan {
    typealias Instant = ContinuousClock.Instant

    /// How many executions get their turn within one ``interval``.
    static let turnsPerInterval = 50
    static let interval = Duration.seconds(1)
    /// After this time the clock is read again, whatever it said before.
    static let longestNap = Duration.seconds(1)

    private var waiting = KeyedHeap<ObjectKey, ServerTime>()
    /// Those whose turn it is, until they have used it.
    private var turns: Set<ObjectKey> = []
    /// What was asked for during a turn; whoever has it sees the newest version anyway.
    private var afterTurn: [ObjectKey: ServerTime] = [:]
    /// When the current interval began, and how many got their turn since.
    private var intervalStart: Instant?
    private var used = 0

    var waitingCount: Int { waiting.count }

    func isTurn(of key: ObjectKey) -> Bool { turns.contains(key) }

    /// Wants a turn for the execution at a time; the last time that was asked for counts.
    mutating func plan(_ key: ObjectKey, at due: ServerTime) {
        if turns.contains(key) { afterTurn[key] = due } else { waiting.set(key, priority: due) }
    }

    /// Forgets an execution that has nothing to wait for any more.
    mutating func forget(_ key: ObjectKey) {
        waiting.remove(key)
        turns.remove(key)
        afterTurn[key] = nil
    }

    /// Takes a turn back that was used.
    mutating func endTurn(of key: ObjectKey) {
        turns.remove(key)
        if let due = afterTurn.removeValue(forKey: key) { waiting.set(key, priority: due) }
    }

    /// Gives their turn to those whose time has come, first those who have waited longest.
    mutating func giveTurns(now: ServerTime, at instant: Instant) -> [ObjectKey] {
        if intervalStart.map({ instant >= $0 + Self.interval }) ?? true { (intervalStart, used) = (instant, 0) }
        var keys: [ObjectKey] = []
        while used < Self.turnsPerInterval, let key = waiting.popFirst(notAbove: now) {
            used += 1
            turns.insert(key)
            keys.append(key)
        }
        return keys
    }

    /// When to look again; nil when nobody waits.
    func nextLook(now: ServerTime, at instant: Instant) -> Instant? {
        guard let due = waiting.first?.priority else { return nil }
        let nap = instant + max(.zero, min(due - now, Self.longestNap))
        guard used >= Self.turnsPerInterval, let intervalStart else { return nap }
        return max(nap, intervalStart + Self.interval)
    }
}

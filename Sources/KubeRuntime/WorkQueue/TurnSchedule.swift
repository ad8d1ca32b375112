package import KubeClient

/// Gives objects turns at times of the API server's clock, with a limited rate. ``TurnSchedule`` makes this value type
/// thread-safe.
///
/// The clock may jump, so the plan is checked at least every ``longestNap``. Only ``turnsPerInterval`` objects get a turn
/// per interval, so that many that are due together do not overload the API server. Namespaces take turns, so that the
/// objects of one do not delay those of another.
package struct TurnPlan: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package static let interval = Duration.seconds(1)
    /// The longest time between two reads of the API server's clock.
    package static let longestNap = Duration.seconds(1)

    /// The maximum number of turns in one ``interval``.
    package let turnsPerInterval: Int

    private var waiting = KeyedHeap<ObjectKey, ServerTime>()
    /// The objects that are due and wait for a turn, in order of their due times, by namespace.
    private var due = FairQueue<ObjectKey>()
    private var nextTicket: UInt64 = 0
    /// The objects that have a turn and have not used it yet.
    private var turns: Set<ObjectKey> = []
    /// The due times that were set during a turn.
    private var afterTurn: [ObjectKey: ServerTime] = [:]
    /// When the current interval began, and the number of turns given since.
    private var intervalStart: Instant?
    private var used = 0

    package init(turnsPerInterval: Int) {
        self.turnsPerInterval = turnsPerInterval
    }

    package var waitingCount: Int { waiting.count + due.count }

    package func isTurn(of key: ObjectKey) -> Bool { turns.contains(key) }

    /// Sets when an object needs a turn, replacing any previous time.
    package mutating func plan(_ key: ObjectKey, at due: ServerTime) {
        guard !turns.contains(key) else { return afterTurn[key] = due }
        self.due.remove(key, of: key.namespace)
        waiting.set(key, priority: due)
    }

    /// Removes an object that needs no turn.
    package mutating func forget(_ key: ObjectKey) {
        waiting.remove(key)
        due.remove(key, of: key.namespace)
        turns.remove(key)
        afterTurn[key] = nil
    }

    /// Ends the turn of an object.
    package mutating func endTurn(of key: ObjectKey) {
        turns.remove(key)
        if let due = afterTurn.removeValue(forKey: key) { waiting.set(key, priority: due) }
    }

    /// Gives turns to objects that are due: namespaces take turns, and in each the longest overdue is first.
    package mutating func giveTurns(now: ServerTime, at instant: Instant) -> [ObjectKey] {
        if intervalStart.map({ instant >= $0 + Self.interval }) ?? true { (intervalStart, used) = (instant, 0) }
        while let key = waiting.popFirst(notAbove: now) {
            due.append(key, of: key.namespace, isSlow: false, ticket: ticket())
        }
        var keys: [ObjectKey] = []
        while used < turnsPerInterval,
            let key = due.pop(ticket: ticket(), servesSlow: false, hasRoom: { _ in true })
        {
            used += 1
            turns.insert(key)
            keys.append(key)
        }
        return keys
    }

    private mutating func ticket() -> UInt64 {
        nextTicket += 1
        return nextTicket
    }

    /// When to check again; nil if no object is waiting.
    package func nextCheck(now: ServerTime, at instant: Instant) -> Instant? {
        guard let first = due.isEmpty ? waiting.first?.priority : now else { return nil }
        let nap = instant + max(.zero, min(first - now, Self.longestNap))
        guard used >= turnsPerInterval, let intervalStart else { return nap }
        return max(nap, intervalStart + Self.interval)
    }
}

/// Queues objects at times of the API server's clock, rate limited by ``TurnPlan``.
///
/// One timer serves all objects. It is stopped while no object is waiting and while this process is a standby.
package final class TurnSchedule: Sendable {
    private struct State {
        var plan: TurnPlan
        var check = PendingWake()
        var isRunning = false
    }

    private let state: Locked<State>
    private let time: any TimeSource
    private let clock: ServerClock
    /// Queues an object that got a turn.
    private let wake: @Sendable (ObjectKey) -> Void

    /// - Parameter turnsPerSecond: the maximum number of objects that are queued in one second.
    package init(
        turnsPerSecond: Int, time: any TimeSource, clock: ServerClock, wake: @escaping @Sendable (ObjectKey) -> Void
    ) {
        state = Locked(State(plan: TurnPlan(turnsPerInterval: turnsPerSecond)))
        self.time = time
        self.clock = clock
        self.wake = wake
    }

    /// The number of objects that wait for their time.
    package var waitingCount: Int { state.withLock { $0.plan.waitingCount } }

    /// Whether the object has a turn.
    package func isTurn(of key: ObjectKey) -> Bool { state.withLock { $0.plan.isTurn(of: key) } }

    package func endTurn(of key: ObjectKey) {
        state.withLock { $0.plan.endTurn(of: key) }
        check()
    }

    /// Sets when an object needs a turn, on the API server's clock; the time may be in the past.
    package func plan(_ key: ObjectKey, at due: ServerTime) {
        state.withLock { $0.plan.plan(key, at: due) }
        check()
    }

    package func forget(_ key: ObjectKey) { state.withLock { $0.plan.forget(key) } }

    /// Starts the timer, including for objects that were planned before.
    package func start() {
        state.withLock { $0.isRunning = true }
        check()
    }

    /// Cancels the timer.
    package func stop() {
        let timer = state.withLock { state in
            state.isRunning = false
            return state.check.remove()
        }
        if let timer { time.cancel(timer) }
    }

    /// Gives turns to objects that are due, and sets the timer for the next check.
    private func check() {
        let (instant, now) = (time.now, clock.now())
        let (keys, obsolete, next) = state.withLock { state -> ([ObjectKey], TimerToken?, ContinuousClock.Instant?) in
            guard state.isRunning else { return ([], nil, nil) }
            let keys = state.plan.giveTurns(now: now, at: instant)
            let wanted = state.plan.nextCheck(now: now, at: instant)
            let (obsolete, next) = state.check.replace(with: wanted, now: instant)
            return (keys, obsolete, next)
        }
        if let obsolete { time.cancel(obsolete) }
        for key in keys { wake(key) }
        guard let next else { return }
        let timer = time.schedule(at: next) { [weak self] in self?.check() }
        // The timer may have fired already, or an earlier check may have been planned since.
        let isNeeded = state.withLock { $0.check.keep(timer, for: next) }
        if !isNeeded { time.cancel(timer) }
    }
}

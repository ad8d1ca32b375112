import KubeClient
import KubeRuntime
import TowlineAPI

/// When the time of a finished execution, and of its run, is over: by the API server's clock, counted from `finishedAt`, or from
/// when the run ended again that went on after that.
struct Expiry: Hashable, Sendable {
    /// When the execution is to be deleted; nil for never.
    let execution: ServerTime?
    /// When its run is to be deleted; nil for never, and where there is none any more.
    let run: ServerTime?

    /// Nil when nothing of the execution ever goes by itself.
    init?(of execution: WorkflowExecution) {
        guard execution.isFinished, execution.deletionTimestamp == nil,
            let end = execution.status.lastEnd
        else { return nil }
        let retention = execution.retention
        self.execution = retention.executionSeconds.map { end + .seconds(Int64($0)) }
        run = execution.mayHaveRun ? retention.runSeconds.map { end + .seconds(Int64($0)) } : nil
        if self.execution == nil, run == nil { return nil }
    }

    func isExecutionDue(at now: ServerTime) -> Bool { execution.map { now >= $0 } ?? false }
    func isRunDue(at now: ServerTime) -> Bool { run.map { now >= $0 } ?? false }
    func isDue(at now: ServerTime) -> Bool { isExecutionDue(at: now) || isRunDue(at: now) }

    /// The first of its times, be it over or not.
    var first: ServerTime { min(execution ?? .latest, run ?? .latest) }

    /// The first of its times that is still to come; nil when there is none.
    func next(after now: ServerTime) -> ServerTime? {
        [execution, run].compactMap { $0 }.filter { $0 > now }.min()
    }
}

extension ExecutionStatus {
    /// When the execution ended, or its run for the last time.
    fileprivate var lastEnd: ServerTime? {
        guard let finishedAt, let diverged = condition(.runDiverged), diverged.status == .false else {
            return finishedAt
        }
        return max(finishedAt, diverged.lastTransitionTime)
    }
}

extension WorkflowExecution {
    /// True unless the execution never had a run, or tells that it is gone.
    var mayHaveRun: Bool { status.runRef != nil && status.condition(.runPresent)?.status != .false }
}

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

/// Wakes executions when something of them has outlived its time; ``ExpiryPlan`` holds the rules.
///
/// One timer serves all of them, and none runs while nobody waits or this process does not work on executions.
final class ExpirySchedule: Sendable {
    private struct State {
        var plan = ExpiryPlan()
        /// The next look, and its timer once that is known.
        var look: ContinuousClock.Instant?
        var timer: TimerToken?
        var isRunning = false
    }

    private let state = Locked(State())
    private let time: any TimeSource
    private let clock: ServerClock
    /// Called with each execution whose turn it is.
    private let wake: @Sendable (ObjectKey) -> Void

    init(time: any TimeSource, clock: ServerClock, wake: @escaping @Sendable (ObjectKey) -> Void) {
        self.time = time
        self.clock = clock
        self.wake = wake
    }

    /// How many executions wait for their time.
    var waitingCount: Int { state.withLock { $0.plan.waitingCount } }

    /// True when the execution may delete what outlived its time.
    func isTurn(of key: ObjectKey) -> Bool { state.withLock { $0.plan.isTurn(of: key) } }

    func endTurn(of key: ObjectKey) {
        state.withLock { $0.plan.endTurn(of: key) }
        look()
    }

    /// Follows a new version of an execution.
    func follow(_ execution: WorkflowExecution) {
        guard let expiry = Expiry(of: execution) else { return forget(execution.key) }
        plan(execution.key, at: expiry.first)
    }

    /// Wants a turn for the execution at a time of the API server's clock, which may have passed.
    func plan(_ key: ObjectKey, at due: ServerTime) {
        state.withLock { $0.plan.plan(key, at: due) }
        look()
    }

    func forget(_ key: ObjectKey) { state.withLock { $0.plan.forget(key) } }

    /// Begins to wake; what was planned before counts.
    func start() {
        state.withLock { $0.isRunning = true }
        look()
    }

    /// Wakes nobody any more, and leaves no timer behind.
    func stop() {
        let timer = state.withLock { state in
            state.isRunning = false
            state.look = nil
            defer { state.timer = nil }
            return state.timer
        }
        if let timer { time.cancel(timer) }
    }

    /// Gives turns to those whose time has come, and sees to the next look.
    private func look() {
        let (instant, now) = (time.now, clock.now())
        var next: ContinuousClock.Instant?
        let (keys, obsolete) = state.withLock { state -> ([ObjectKey], TimerToken?) in
            guard state.isRunning else { return ([], nil) }
            let keys = state.plan.giveTurns(now: now, at: instant)
            let wanted = state.plan.nextLook(now: now, at: instant)
            // An earlier look that is still to come finds the rest by itself.
            if let planned = state.look, planned > instant, wanted.map({ planned <= $0 }) ?? true { return (keys, nil) }
            state.look = wanted
            next = wanted
            defer { state.timer = nil }
            return (keys, state.timer)
        }
        if let obsolete { time.cancel(obsolete) }
        for key in keys { wake(key) }
        if let next { setTimer(at: next) }
    }

    private func setTimer(at instant: ContinuousClock.Instant) {
        let timer = time.schedule(at: instant) { [weak self] in self?.look() }
        let isNeeded = state.withLock { state in
            // It may have fired already, and an earlier look may have been wanted meanwhile.
            guard state.isRunning, state.look == instant, state.timer == nil else { return false }
            state.timer = timer
            return true
        }
        if !isNeeded { time.cancel(timer) }
    }
}

import KubeClient
import KubeRuntime
import TowlineAPI

/// When the TTLs of a finished execution and of its run expire, on the API server's clock.
///
/// They count from `finishedAt`, or from the last end of a run that continued after that.
struct Expiry: Hashable, Sendable {
    /// When to delete the execution; nil for never.
    let execution: ServerTime?
    /// When to delete its run; nil for never, and if it is gone.
    let run: ServerTime?

    /// Nil if neither TTL is set.
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

    /// The earlier of the two times, in the past or in the future.
    var first: ServerTime { min(execution ?? .latest, run ?? .latest) }

    /// The first time after `now`; nil if both have passed.
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
    /// True unless the execution never had a run, or reports that it is gone.
    var mayHaveRun: Bool { status.runRef != nil && status.condition(.runPresent)?.status != .false }
}

/// Decides when executions get their turn to delete what exceeded its TTL. Pure; ``ExpirySchedule`` is its shared form.
///
/// Due times are on the API server's clock, which may jump, so the plan is checked every ``longestNap`` at least. Only
/// ``turnsPerInterval`` executions get their turn in an interval, so that mass expiry does not overload the API server.
struct ExpiryPlan {
    typealias Instant = ContinuousClock.Instant

    /// The maximum number of turns in one ``interval``.
    static let turnsPerInterval = 50
    static let interval = Duration.seconds(1)
    /// The longest time between two reads of the API server's clock.
    static let longestNap = Duration.seconds(1)

    private var waiting = KeyedHeap<ObjectKey, ServerTime>()
    /// The executions that have their turn, until they have used it.
    private var turns: Set<ObjectKey> = []
    /// The due times that were set during a turn.
    private var afterTurn: [ObjectKey: ServerTime] = [:]
    /// When the current interval began, and the turns since.
    private var intervalStart: Instant?
    private var used = 0

    var waitingCount: Int { waiting.count }

    func isTurn(of key: ObjectKey) -> Bool { turns.contains(key) }

    /// Sets when the execution needs its turn, replacing an earlier time.
    mutating func plan(_ key: ObjectKey, at due: ServerTime) {
        if turns.contains(key) { afterTurn[key] = due } else { waiting.set(key, priority: due) }
    }

    /// Forgets an execution that needs no turn.
    mutating func forget(_ key: ObjectKey) {
        waiting.remove(key)
        turns.remove(key)
        afterTurn[key] = nil
    }

    /// Ends a turn that was used.
    mutating func endTurn(of key: ObjectKey) {
        turns.remove(key)
        if let due = afterTurn.removeValue(forKey: key) { waiting.set(key, priority: due) }
    }

    /// Gives a turn to executions that are due, the longest due first.
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

    /// When to check again; nil if no execution waits.
    func nextCheck(now: ServerTime, at instant: Instant) -> Instant? {
        guard let due = waiting.first?.priority else { return nil }
        let nap = instant + max(.zero, min(due - now, Self.longestNap))
        guard used >= Self.turnsPerInterval, let intervalStart else { return nap }
        return max(nap, intervalStart + Self.interval)
    }
}

/// Queues executions when a TTL expires, by the rules of ``ExpiryPlan``.
///
/// One timer serves all executions. It does not run while none waits or while this process is a standby.
final class ExpirySchedule: Sendable {
    private struct State {
        var plan = ExpiryPlan()
        /// The next check, and its timer.
        var check: ContinuousClock.Instant?
        var timer: TimerToken?
        var isRunning = false
    }

    private let state = Locked(State())
    private let time: any TimeSource
    private let clock: ServerClock
    /// Queues an execution that got its turn.
    private let wake: @Sendable (ObjectKey) -> Void

    init(time: any TimeSource, clock: ServerClock, wake: @escaping @Sendable (ObjectKey) -> Void) {
        self.time = time
        self.clock = clock
        self.wake = wake
    }

    /// The number of executions that wait for a TTL.
    var waitingCount: Int { state.withLock { $0.plan.waitingCount } }

    /// True if it is the execution's turn to delete what exceeded its TTL.
    func isTurn(of key: ObjectKey) -> Bool { state.withLock { $0.plan.isTurn(of: key) } }

    func endTurn(of key: ObjectKey) {
        state.withLock { $0.plan.endTurn(of: key) }
        check()
    }

    /// Follows a new version of an execution.
    func follow(_ execution: WorkflowExecution) {
        guard let expiry = Expiry(of: execution) else { return forget(execution.key) }
        plan(execution.key, at: expiry.first)
    }

    /// Sets when the execution needs its turn, on the API server's clock; the time may be in the past.
    func plan(_ key: ObjectKey, at due: ServerTime) {
        state.withLock { $0.plan.plan(key, at: due) }
        check()
    }

    func forget(_ key: ObjectKey) { state.withLock { $0.plan.forget(key) } }

    /// Starts the timer, also for what was planned before.
    func start() {
        state.withLock { $0.isRunning = true }
        check()
    }

    /// Cancels the timer.
    func stop() {
        let timer = state.withLock { state in
            state.isRunning = false
            state.check = nil
            defer { state.timer = nil }
            return state.timer
        }
        if let timer { time.cancel(timer) }
    }

    /// Gives turns to executions that are due, and sets the timer for the next check.
    private func check() {
        let (instant, now) = (time.now, clock.now())
        var next: ContinuousClock.Instant?
        let (keys, obsolete) = state.withLock { state -> ([ObjectKey], TimerToken?) in
            guard state.isRunning else { return ([], nil) }
            let keys = state.plan.giveTurns(now: now, at: instant)
            let wanted = state.plan.nextCheck(now: now, at: instant)
            // A check that is planned earlier finds the rest.
            if let planned = state.check, planned > instant, wanted.map({ planned <= $0 }) ?? true {
                return (keys, nil)
            }
            state.check = wanted
            next = wanted
            defer { state.timer = nil }
            return (keys, state.timer)
        }
        if let obsolete { time.cancel(obsolete) }
        for key in keys { wake(key) }
        if let next { setTimer(at: next) }
    }

    private func setTimer(at instant: ContinuousClock.Instant) {
        let timer = time.schedule(at: instant) { [weak self] in self?.check() }
        let isNeeded = state.withLock { state in
            // It may have fired already, or an earlier check may have been planned since.
            guard state.isRunning, state.check == instant, state.timer == nil else { return false }
            state.timer = timer
            return true
        }
        if !isNeeded { time.cancel(timer) }
    }
}

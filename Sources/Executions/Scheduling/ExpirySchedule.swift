import KubeClient
import KubeRuntime
import TowlineAPI

/// When the TTLs of a finished execution and of its run expire, on the API server's clock.
///
/// TTLs start at `finishedAt`, or at the last end of a run that continued after that.
struct Expiry: Hashable, Sendable {
    /// When to delete the execution; nil for never.
    let execution: ServerTime?
    /// When to delete its run; nil for never, or if the run no longer exists.
    let run: ServerTime?
    /// When the TTLs began to count.
    let end: ServerTime

    /// Nil if neither TTL is set.
    init?(of execution: WorkflowExecution) {
        guard execution.isFinished, execution.deletionTimestamp == nil,
            let end = execution.status.lastEnd
        else { return nil }
        self.end = end
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
    /// When the execution ended or, if later, when its run last ended.
    fileprivate var lastEnd: ServerTime? {
        guard let finishedAt, let diverged = condition(.runDiverged), diverged.status == .false else {
            return finishedAt
        }
        return max(finishedAt, diverged.lastTransitionTime)
    }
}

extension WorkflowExecution {
    /// Whether a run may exist; false if the execution never had one or reports that it was deleted.
    var mayHaveRun: Bool { status.runRef != nil && status.condition(.runPresent)?.status != .false }
}

/// Rate limits the deletion of objects whose TTL expired. ``ExpirySchedule`` makes this value type thread-safe.
///
/// Due times are on the API server's clock, which may jump, so the plan is checked at least every ``longestNap``. Only
/// ``turnsPerInterval`` executions get a turn per interval, so that mass expiry does not overload the API server.
/// Namespaces take turns, so that the expired executions of one do not delay those of another.
struct ExpiryPlan {
    typealias Instant = ContinuousClock.Instant

    /// The maximum number of turns in one ``interval``.
    static let turnsPerInterval = 50
    static let interval = Duration.seconds(1)
    /// The longest time between two reads of the API server's clock.
    static let longestNap = Duration.seconds(1)

    private var waiting = KeyedHeap<ObjectKey, ServerTime>()
    /// The executions that are due and wait for a turn, in order of their due times, by namespace.
    private var due = FairQueue<ObjectKey>()
    private var nextTicket: UInt64 = 0
    /// The executions that have a turn and have not used it yet.
    private var turns: Set<ObjectKey> = []
    /// The due times that were set during a turn.
    private var afterTurn: [ObjectKey: ServerTime] = [:]
    /// When the current interval began, and the number of turns given since.
    private var intervalStart: Instant?
    private var used = 0

    var waitingCount: Int { waiting.count + due.count }

    func isTurn(of key: ObjectKey) -> Bool { turns.contains(key) }

    /// Sets when the execution needs a turn, replacing any previous time.
    mutating func plan(_ key: ObjectKey, at due: ServerTime) {
        guard !turns.contains(key) else { return afterTurn[key] = due }
        self.due.remove(key, of: key.namespace)
        waiting.set(key, priority: due)
    }

    /// Removes an execution that needs no turn.
    mutating func forget(_ key: ObjectKey) {
        waiting.remove(key)
        due.remove(key, of: key.namespace)
        turns.remove(key)
        afterTurn[key] = nil
    }

    /// Ends the turn of an execution.
    mutating func endTurn(of key: ObjectKey) {
        turns.remove(key)
        if let due = afterTurn.removeValue(forKey: key) { waiting.set(key, priority: due) }
    }

    /// Gives turns to executions that are due: namespaces take turns, and in each the longest overdue is first.
    mutating func giveTurns(now: ServerTime, at instant: Instant) -> [ObjectKey] {
        if intervalStart.map({ instant >= $0 + Self.interval }) ?? true { (intervalStart, used) = (instant, 0) }
        while let key = waiting.popFirst(notAbove: now) {
            due.append(key, of: key.namespace, isSlow: false, ticket: ticket())
        }
        var keys: [ObjectKey] = []
        while used < Self.turnsPerInterval,
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

    /// When to check again; nil if no execution is waiting.
    func nextCheck(now: ServerTime, at instant: Instant) -> Instant? {
        guard let first = due.isEmpty ? waiting.first?.priority : now else { return nil }
        let nap = instant + max(.zero, min(first - now, Self.longestNap))
        guard used >= Self.turnsPerInterval, let intervalStart else { return nap }
        return max(nap, intervalStart + Self.interval)
    }
}

/// Queues executions when a TTL expires, rate limited by ``ExpiryPlan``.
///
/// One timer serves all executions. It is stopped while no execution is waiting and while this process is a standby.
final class ExpirySchedule: Sendable {
    private struct State {
        var plan = ExpiryPlan()
        var check = PendingWake()
        var isRunning = false
    }

    private let state = Locked(State())
    private let time: any TimeSource
    private let clock: ServerClock
    /// Queues an execution that got a turn.
    private let wake: @Sendable (ObjectKey) -> Void

    init(time: any TimeSource, clock: ServerClock, wake: @escaping @Sendable (ObjectKey) -> Void) {
        self.time = time
        self.clock = clock
        self.wake = wake
    }

    /// The number of executions whose TTL is pending.
    var waitingCount: Int { state.withLock { $0.plan.waitingCount } }

    /// Whether the execution may now delete objects whose TTL expired.
    func isTurn(of key: ObjectKey) -> Bool { state.withLock { $0.plan.isTurn(of: key) } }

    func endTurn(of key: ObjectKey) {
        state.withLock { $0.plan.endTurn(of: key) }
        check()
    }

    /// Updates the schedule from a new version of an execution.
    func follow(_ execution: WorkflowExecution) {
        guard let expiry = Expiry(of: execution) else { return forget(execution.key) }
        plan(execution.key, at: expiry.first)
    }

    /// Sets when the execution needs a turn, on the API server's clock; the time may be in the past.
    func plan(_ key: ObjectKey, at due: ServerTime) {
        state.withLock { $0.plan.plan(key, at: due) }
        check()
    }

    func forget(_ key: ObjectKey) { state.withLock { $0.plan.forget(key) } }

    /// Starts the timer, including for executions that were planned before.
    func start() {
        state.withLock { $0.isRunning = true }
        check()
    }

    /// Cancels the timer.
    func stop() {
        let timer = state.withLock { state in
            state.isRunning = false
            return state.check.remove()
        }
        if let timer { time.cancel(timer) }
    }

    /// Gives turns to executions that are due, and sets the timer for the next check.
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

import KubeClient
import KubeRuntime
import TowlineAPI

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

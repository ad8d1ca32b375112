import Dispatch
public import KubeClient

/// The machine's clock, with one heap of actions and one kernel timer for all of them.
///
/// Actions run one at a time on a private dispatch queue, never on the cooperative pool.
public final class SystemTime: TimeSource {
    private struct State {
        var heap = TimerHeap()
        /// Fires at the heap's first deadline; nil until the first action is scheduled.
        var timer: (any DispatchSourceTimer)?
        /// The time for which the timer is set; nil if it is not.
        var armed: ContinuousClock.Instant?
    }

    private let state = Locked(State())
    private let queue = DispatchQueue(label: "towline.timer")

    public init() {}

    deinit {
        state.withLock { $0.timer?.cancel() }
    }

    public var now: ContinuousClock.Instant { ContinuousClock.now }

    @discardableResult
    public func schedule(
        at deadline: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void
    ) -> TimerToken {
        state.withLock { state in
            let token = state.heap.schedule(at: deadline, action)
            arm(&state)
            return token
        }
    }

    public func cancel(_ token: TimerToken) {
        // The timer may then fire unnecessarily, which costs less than resetting it on each cancellation.
        state.withLock { $0.heap.cancel(token) }
    }

    private func runDue() {
        state.withLock { $0.armed = nil }
        while let action = state.withLock({ $0.heap.popDue(at: ContinuousClock.now) }) {
            action()
        }
        state.withLock { arm(&$0) }
    }

    /// Sets the timer if the first deadline is earlier than the time for which it is set.
    private func arm(_ state: inout State) {
        guard let deadline = state.heap.nextDeadline else { return }
        if let armed = state.armed, armed <= deadline { return }
        state.armed = deadline
        let timer = state.timer ?? makeTimer()
        state.timer = timer
        timer.schedule(deadline: .now() + ContinuousClock.now.duration(to: deadline).dispatchInterval)
    }

    private func makeTimer() -> any DispatchSourceTimer {
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.setEventHandler { [weak self] in self?.runDue() }
        timer.activate()
        return timer
    }
}

extension Duration {
    /// The duration for Dispatch, at most a day: a timer that fires early is set again.
    var dispatchInterval: DispatchTimeInterval {
        let bounded = min(max(self, .zero), .seconds(86_400))
        let (seconds, attoseconds) = bounded.components
        // Rounded up, so that the deadline has passed when the timer fires.
        return .nanoseconds(Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000) + 1)
    }
}

/// A clock that moves only when it is advanced; for tests and simulations.
public final class VirtualTime: TimeSource {
    private struct State {
        var now: ContinuousClock.Instant
        var heap = TimerHeap()
    }

    private let state: Locked<State>
    private let start: ContinuousClock.Instant

    /// Starts at an arbitrary instant.
    public init() {
        start = ContinuousClock.now
        state = Locked(State(now: start))
    }

    /// A wall clock that moves with this time source and showed `epoch` when the time source was created.
    public func wallClock(startingAt epoch: Timestamp = Timestamp(seconds: 1_767_225_600)) -> WallClock {
        WallClock { [self] in epoch + start.duration(to: now) }
    }

    public var now: ContinuousClock.Instant { state.withLock { $0.now } }

    /// The deadline of the next scheduled action.
    public var nextDeadline: ContinuousClock.Instant? { state.withLock { $0.heap.nextDeadline } }

    /// The number of scheduled actions.
    public var scheduledCount: Int { state.withLock { $0.heap.count } }

    @discardableResult
    public func schedule(
        at deadline: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void
    ) -> TimerToken {
        let (token, isDue) = state.withLock { state in
            (state.heap.schedule(at: deadline, action), deadline <= state.now)
        }
        if isDue { runDue() }
        return token
    }

    public func cancel(_ token: TimerToken) {
        state.withLock { $0.heap.cancel(token) }
    }

    /// Advances the time and runs what becomes due, each action at its deadline.
    public func advance(by duration: Duration) {
        let target = now.advanced(by: duration)
        while let deadline = nextDeadline, deadline <= target {
            state.withLock { $0.now = max($0.now, deadline) }
            runDue()
        }
        state.withLock { $0.now = max($0.now, target) }
    }

    private func runDue() {
        while let action = state.withLock({ $0.heap.popDue(at: $0.now) }) {
            action()
        }
    }
}

/// The scheduled actions of a time source, ordered by deadline. Pure.
struct TimerHeap {
    /// Orders by deadline, then by the order in which the actions were scheduled.
    private struct Due: Comparable {
        let deadline: ContinuousClock.Instant
        let number: UInt64

        static func < (left: Due, right: Due) -> Bool {
            (left.deadline, left.number) < (right.deadline, right.number)
        }
    }

    private var order = KeyedHeap<UInt64, Due>()
    /// The action of each number in `order`.
    private var actions: [UInt64: @Sendable () -> Void] = [:]
    private var nextNumber: UInt64 = 0

    var nextDeadline: ContinuousClock.Instant? { order.first?.priority.deadline }
    var count: Int { order.count }

    mutating func schedule(at deadline: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> TimerToken
    {
        nextNumber += 1
        order.set(nextNumber, priority: Due(deadline: deadline, number: nextNumber))
        actions[nextNumber] = action
        return TimerToken(number: nextNumber)
    }

    mutating func cancel(_ token: TimerToken) {
        order.remove(token.number)
        actions[token.number] = nil
    }

    /// Removes and returns the next action that is due at `now`.
    mutating func popDue(at now: ContinuousClock.Instant) -> (@Sendable () -> Void)? {
        guard let number = order.popFirst(notAbove: Due(deadline: now, number: .max)) else { return nil }
        return actions.removeValue(forKey: number)
    }
}

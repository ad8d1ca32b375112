public import KubeClient

/// Time that stands still until someone moves it; for tests and simulations.
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

    /// A time of day that moves along: `epoch` when this time source was made.
    public func wallClock(startingAt epoch: Timestamp = Timestamp(seconds: 1_767_225_600)) -> WallClock {
        WallClock { [self] in epoch + start.duration(to: now) }
    }

    public var now: ContinuousClock.Instant { state.withLock { $0.now } }

    /// The deadline of the next scheduled action.
    public var nextDeadline: ContinuousClock.Instant? { state.withLock { $0.heap.nextDeadline } }

    /// How many actions wait for their time.
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

    /// Moves the time forward and runs what becomes due, each action at its own deadline.
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

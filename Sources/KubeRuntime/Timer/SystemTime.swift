import Dispatch
import KubeClient

/// The machine's time: one heap of actions and one kernel timer for all of them.
///
/// Actions run one after the other on a private queue, never on the cooperative pool.
public final class SystemTime: TimeSource {
    private struct State {
        var heap = TimerHeap()
        /// Fires at the heap's first deadline; nil until the first action is scheduled.
        var timer: (any DispatchSourceTimer)?
        /// What the timer is set to; nil when it is not set.
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
        // The timer may then fire for nothing, which is cheaper than setting it anew each time.
        state.withLock { $0.heap.cancel(token) }
    }

    private func runDue() {
        state.withLock { $0.armed = nil }
        while let action = state.withLock({ $0.heap.popDue(at: ContinuousClock.now) }) {
            action()
        }
        state.withLock { arm(&$0) }
    }

    /// Sets the timer when the first deadline is earlier than what it is set to.
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

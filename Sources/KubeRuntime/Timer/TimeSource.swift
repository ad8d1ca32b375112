/// Where a component gets its time and its wake-ups from.
///
/// ``SystemTime`` is the machine's; ``VirtualTime`` moves only when a test or a simulation moves it.
public protocol TimeSource: Sendable {
    /// The monotonic time; measures durations and deadlines.
    var now: ContinuousClock.Instant { get }

    /// Runs `action` once, at `deadline` or soon after; at once when it has passed.
    ///
    /// The action runs outside every lock of the time source and must be short: it delays the others.
    @discardableResult
    func schedule(at deadline: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> TimerToken

    /// Takes an action back; does nothing when it ran or is about to.
    func cancel(_ token: TimerToken)
}

/// Names one scheduled action, so that it can be cancelled.
public struct TimerToken: Hashable, Sendable {
    let number: UInt64
}

extension TimeSource {
    /// Runs `action` once, when `delay` has passed.
    @discardableResult
    public func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> TimerToken {
        schedule(at: now.advanced(by: delay), action)
    }

    /// Waits until `deadline`; ends early, by throwing, when the task is cancelled.
    public func sleep(until deadline: ContinuousClock.Instant) async throws(CancellationError) {
        await Sleeper().sleep(until: deadline, on: self)
        if Task.isCancelled { throw CancellationError() }
    }

    /// Waits for `delay`; ends early, by throwing, when the task is cancelled.
    public func sleep(for delay: Duration) async throws(CancellationError) {
        try await sleep(until: now.advanced(by: delay))
    }
}

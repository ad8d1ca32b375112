import KubeClient

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

extension TimeSource {
    /// Runs `operation` and cancels it once `limit` has passed; returns when it has ended.
    ///
    /// - Returns: What the operation returned, also after it was cancelled, and whether it took too long. It did not
    ///   when the calling task was cancelled first.
    package func run<Value: Sendable>(
        for limit: Duration, _ operation: @escaping @Sendable () async -> Value
    ) async -> (value: Value?, tookTooLong: Bool) {
        await withTaskGroup(of: Value?.self) { group in
            group.addTask { await operation() }
            group.addTask {
                try? await self.sleep(for: limit)
                return nil
            }
            var (value, tookTooLong): (Value?, Bool) = (nil, false)
            for await end in group {
                if end == nil, value == nil { tookTooLong = !Task.isCancelled }
                value = value ?? end
                group.cancelAll()
            }
            return (value, tookTooLong)
        }
    }
}

/// One sleeping task, woken exactly once: by its timer, its cancellation or somebody else, whichever comes first.
final class Sleeper: Sendable {
    private enum State {
        /// The task has not stopped yet; becomes asleep or awake.
        case starting
        /// The task waits; the token is nil until the timer is known. Becomes awake.
        case asleep(CheckedContinuation<Void, Never>, TimerToken?)
        /// The end: woken, or cancelled before it slept.
        case awake
    }

    private let state = Locked(State.starting)

    /// Stops the task until it is woken, cancelled, or the deadline has passed; nil is no deadline.
    func sleep(until deadline: ContinuousClock.Instant?, on time: any TimeSource) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard begin(continuation), let deadline else { return }
                let token = time.schedule(at: deadline) { self.wake() }
                if adopt(token) { time.cancel(token) }
            }
        } onCancel: {
            if let token = wake() { time.cancel(token) }
        }
    }

    /// Stops the task, or resumes it at once and returns false when it was cancelled before.
    private func begin(_ continuation: CheckedContinuation<Void, Never>) -> Bool {
        let sleeps = state.withLock { state in
            guard case .starting = state else { return false }
            state = .asleep(continuation, nil)
            return true
        }
        if !sleeps { continuation.resume() }
        return sleeps
    }

    /// Remembers the timer; returns true when it is no longer needed.
    private func adopt(_ token: TimerToken) -> Bool {
        state.withLock { state in
            guard case .asleep(let continuation, _) = state else { return true }
            state = .asleep(continuation, token)
            return false
        }
    }

    /// Wakes the task if it still sleeps and returns the timer to cancel.
    @discardableResult
    func wake() -> TimerToken? {
        let previous = state.withLock { state in
            let previous = state
            state = .awake
            return previous
        }
        guard case .asleep(let continuation, let token) = previous else { return nil }
        continuation.resume()
        return token
    }
}

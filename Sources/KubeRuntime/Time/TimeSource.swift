import KubeClient

/// The monotonic clock and the timers of a component.
///
/// ``SystemTime`` is the machine's clock; ``VirtualTime`` moves only when a test or a simulation advances it.
public protocol TimeSource: Sendable {
    /// The monotonic time, for durations and deadlines.
    var now: ContinuousClock.Instant { get }

    /// Runs `action` once, at or soon after `deadline`; immediately if the deadline has passed.
    ///
    /// The action runs outside the time source's locks. It must be short, because it delays the other actions.
    @discardableResult
    func schedule(at deadline: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> TimerToken

    /// Cancels an action; does nothing if it has started.
    func cancel(_ token: TimerToken)
}

/// Identifies one scheduled action, for cancellation.
public struct TimerToken: Hashable, Sendable {
    let number: UInt64
}

extension TimeSource {
    /// Runs `action` once, after `delay`.
    @discardableResult
    public func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> TimerToken {
        schedule(at: now.advanced(by: delay), action)
    }

    /// Waits until `deadline`; throws early if the task is cancelled.
    public func sleep(until deadline: ContinuousClock.Instant) async throws(CancellationError) {
        await Sleeper().sleep(until: deadline, on: self)
        if Task.isCancelled { throw CancellationError() }
    }

    /// Waits for `delay`; throws early if the task is cancelled.
    public func sleep(for delay: Duration) async throws(CancellationError) {
        try await sleep(until: now.advanced(by: delay))
    }
}

extension TimeSource {
    /// Runs `operation` and cancels it after `limit`; returns when it has ended.
    ///
    /// - Returns: the operation's result, even if it was canceled, and whether it exceeded the limit. That is false if
    ///   the calling task was canceled first.
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

/// One suspended task, resumed exactly once: by its timer, its cancellation or ``wake()``.
final class Sleeper: Sendable {
    private enum State {
        /// The task is not suspended yet. Goes to `asleep` or `awake`.
        case starting
        /// The task is suspended; the token is nil until the timer is scheduled. Goes to `awake`.
        case asleep(CheckedContinuation<Void, Never>, TimerToken?)
        /// Final: woken, or canceled before the task was suspended.
        case awake
    }

    private let state = Locked(State.starting)

    /// Suspends the task until it is woken or canceled, or until the deadline; nil is no deadline.
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

    /// Suspends the task; returns false if it was canceled before and continues immediately.
    private func begin(_ continuation: CheckedContinuation<Void, Never>) -> Bool {
        let sleeps = state.withLock { state in
            guard case .starting = state else { return false }
            state = .asleep(continuation, nil)
            return true
        }
        if !sleeps { continuation.resume() }
        return sleeps
    }

    /// Stores the timer; returns true if it is no longer needed.
    private func adopt(_ token: TimerToken) -> Bool {
        state.withLock { state in
            guard case .asleep(let continuation, _) = state else { return true }
            state = .asleep(continuation, token)
            return false
        }
    }

    /// Wakes the task if it is suspended, and returns the timer to cancel.
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

/// The next wake-up of an owner that needs one at a time, and its timer.
///
/// The owner keeps this value under its lock, and sets and cancels timers outside of it.
public struct PendingWake: Sendable {
    public typealias Instant = ContinuousClock.Instant

    private var instant: Instant?
    private var timer: TimerToken?

    public init() {}

    /// Replaces the wake-up, unless an earlier one is pending, which covers the rest.
    ///
    /// - Parameter wanted: when the owner must wake up next; nil for never.
    /// - Returns: the timer to cancel, and when a new timer must fire; nil for neither.
    public mutating func replace(with wanted: Instant?, now: Instant) -> (obsolete: TimerToken?, next: Instant?) {
        if let instant, instant > now, wanted.map({ instant <= $0 }) ?? true { return (nil, nil) }
        instant = wanted
        defer { timer = nil }
        return (timer, wanted)
    }

    /// Keeps the timer of a wake-up, so that it can be canceled.
    ///
    /// - Returns: false if the timer has fired already, or the wake-up has been replaced or removed since; the owner
    ///   cancels the timer then.
    public mutating func keep(_ timer: TimerToken, for instant: Instant) -> Bool {
        guard self.instant == instant, self.timer == nil else { return false }
        self.timer = timer
        return true
    }

    /// Removes the wake-up and returns the timer to cancel.
    public mutating func remove() -> TimerToken? {
        instant = nil
        defer { timer = nil }
        return timer
    }
}

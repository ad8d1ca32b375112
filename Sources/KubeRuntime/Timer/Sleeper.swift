import KubeClient

/// One sleeping task, woken exactly once: by its timer or by its cancellation, whichever comes first.
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

    /// Stops the task, or resumes it at once and returns false when it was cancelled before.
    func begin(_ continuation: CheckedContinuation<Void, Never>) -> Bool {
        let sleeps = state.withLock { state in
            guard case .starting = state else { return false }
            state = .asleep(continuation, nil)
            return true
        }
        if !sleeps { continuation.resume() }
        return sleeps
    }

    /// Remembers the timer; returns true when it is no longer needed.
    func adopt(_ token: TimerToken) -> Bool {
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

import KubeClient

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

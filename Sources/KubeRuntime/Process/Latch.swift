import KubeClient

/// A condition that becomes true once and stays true; any number of tasks can wait for it.
///
/// It asks services to stop gracefully: they finish work in progress. Cancelling their task aborts that work.
public final class Latch: Sendable {
    private struct State {
        var isSet = false
        /// The waiting tasks by number; empty once the latch is set.
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter: UInt64 = 0
    }

    private let state = Locked(State())

    public init() {}

    public var isSet: Bool { state.withLock { $0.isSet } }

    /// Makes the condition true and resumes all waiting tasks.
    public func set() {
        let waiters = state.withLock { state in
            state.isSet = true
            defer { state.waiters = [:] }
            return state.waiters.sorted { $0.key < $1.key }
        }
        for (_, waiter) in waiters { waiter.resume() }
    }

    /// Waits until the condition is true, at most for `limit`; returns early if the task is cancelled.
    public func wait(for limit: Duration, _ time: any TimeSource) async {
        guard !isSet else { return }
        _ = await time.run(for: limit) { await self.wait() }
    }

    /// Waits until the condition is true; returns early if the task is canceled.
    public func wait() async {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLock { state in
                    // A cancellation before this point found no waiter to resume; a later one will find it.
                    guard !state.isSet, !Task.isCancelled else { return false }
                    state.waiters[number] = continuation
                    return true
                }
                if !waits { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
        }
    }
}

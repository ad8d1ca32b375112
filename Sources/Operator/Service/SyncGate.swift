import KubeClient

/// Holds the workers back until every cache has been filled once.
///
/// A decision on a cache that is still being filled would rest on objects that only seem not to exist.
final class SyncGate: Sendable {
    private struct State {
        /// The caches that have not reported yet.
        var pending: Set<String>
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Locked<State>

    /// Makes a gate that opens when each of `caches` has settled.
    init(caches: Set<String>) {
        state = Locked(State(pending: caches))
    }

    var isOpen: Bool { state.withLock { $0.pending.isEmpty } }

    /// Notes that a cache holds what the server holds, or that the server has no such type.
    func settle(_ cache: String) {
        let waiters: [CheckedContinuation<Void, Never>] = state.withLock { state in
            state.pending.remove(cache)
            guard state.pending.isEmpty else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Lets everybody through: the process is shutting down.
    func open() {
        for cache in state.withLock({ Array($0.pending) }) { settle(cache) }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.pending.isEmpty { state.waiters.append(continuation) }
                return state.pending.isEmpty
            }
            if isOpen { continuation.resume() }
        }
    }
}

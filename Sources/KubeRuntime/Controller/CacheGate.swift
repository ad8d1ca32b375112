import KubeClient

/// Holds the workers back until every cache of a controller has been filled once.
///
/// A decision based on a partially filled cache would treat existing objects as missing. But a cache that cannot be
/// filled, for example because a permission is missing, must not block all others: after a timeout, secondary caches
/// are ignored, and one synced primary cache is enough. Objects that are not cached are not reconciled, and an object
/// that is missing in a secondary cache is read from the API server before a decision depends on it.
final class CacheGate: Sendable {
    private struct State {
        /// The caches that have not settled yet.
        var primary: Set<String> = []
        var secondary: Set<String> = []
        var isAnyPrimarySynced = false
        var isTimedOut = false

        var isComplete: Bool {
            guard isTimedOut else { return primary.isEmpty && secondary.isEmpty }
            return primary.isEmpty || isAnyPrimarySynced
        }
    }

    private let state: Locked<State>
    private let latch = Latch()

    init(sources: [ControllerSource]) {
        var state = State()
        for source in sources {
            let names = source.caches.map(\.name)
            switch source.role {
            case .primary: state.primary.formUnion(names)
            case .secondary: state.secondary.formUnion(names)
            }
        }
        self.state = Locked(state)
        change { _ in }
    }

    var isOpen: Bool { latch.isSet }

    /// Records that a cache is in sync or, if `isSynced` is false, that the server does not serve its type.
    func settle(_ cache: String, isSynced: Bool) {
        change { state in
            let isPrimary = state.primary.remove(cache) != nil
            state.secondary.remove(cache)
            if isPrimary, isSynced { state.isAnyPrimarySynced = true }
        }
    }

    /// Stops waiting for caches that may never be filled.
    func timeOut() {
        change { $0.isTimedOut = true }
    }

    /// Opens the gate because the process is shutting down.
    func open() { latch.set() }

    /// Waits until the gate is open; returns early when the task is canceled.
    func wait() async { await latch.wait() }

    private func change(_ body: (inout State) -> Void) {
        let isComplete = state.withLock { state in
            body(&state)
            return state.isComplete
        }
        if isComplete { latch.set() }
    }
}

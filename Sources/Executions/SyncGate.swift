import KubeClient
import KubeRuntime

/// Holds the workers back until every cache has been filled once.
///
/// A decision on a cache that is still being filled would rest on objects that only seem not to exist.
final class SyncGate: Sendable {
    /// The caches that have not reported yet.
    private let pending: Locked<Set<String>>
    private let latch = Latch()

    /// Makes a gate that opens when each of `caches` has settled.
    init(caches: Set<String>) {
        pending = Locked(caches)
        if caches.isEmpty { latch.set() }
    }

    var isOpen: Bool { latch.isSet }

    /// Notes that a cache holds what the server holds, or that the server has no such type.
    func settle(_ cache: String) {
        let isFilled = pending.withLock { pending in
            pending.remove(cache)
            return pending.isEmpty
        }
        if isFilled { latch.set() }
    }

    /// Lets everybody through: the process is shutting down.
    func open() { latch.set() }

    /// Waits until the gate is open; returns early when the task is cancelled.
    func wait() async { await latch.wait() }
}

#if canImport(Glibc)
import Glibc
#endif

/// A value that is only reached while its lock is held.
///
/// It is a pthread mutex, because thread sanitizer does not understand `Synchronization.Mutex` on Linux and would
/// report races that are none. Keep the state small and the closure short; never await or call out inside it.
///
/// `@unchecked Sendable` is sound: `state` is private and every access goes through `withLock`, which holds the
/// mutex; the initial value is `sending`, so nobody else keeps a reference to it.
public final class Locked<State>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private var state: State

    public init(_ state: sending State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs `body` with exclusive access to the state and returns what it returns.
    public func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }
}

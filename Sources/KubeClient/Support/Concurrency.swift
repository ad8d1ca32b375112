import CLinux
import Glibc

#if canImport(Glibc)
import Glibc
#endif

/// A value protected by a mutex.
///
/// Keep the state small and the closures short; never call unknown code inside them. It uses a pthread mutex, because
/// thread sanitizer does not understand `Synchronization.Mutex` on Linux and reports false races.
///
/// `@unchecked Sendable` is sound: `state` is private, every access goes through `withLock`, which holds the mutex, and
/// the initial value is `sending`, so no other reference to it exists.
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

    /// Runs `body` with exclusive access to the state and returns its result.
    public func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }
}

/// A one-time signal that any number of tasks can wait for.
package final class Completion: Sendable {
    private let state = Locked<(isComplete: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

    package init() {}

    package func complete() {
        let waiters = state.withLock { state in
            state.isComplete = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    package func wait() async {
        await withCheckedContinuation { continuation in
            let isComplete = state.withLock { state in
                if !state.isComplete { state.waiters.append(continuation) }
                return state.isComplete
            }
            if isComplete { continuation.resume() }
        }
    }
}

/// A thread outside the cooperative thread pool, for loops that block in system calls.
package enum NativeThread {
    /// Starts a thread that runs `body` and then ends; false if the system cannot create a thread.
    ///
    /// The thread blocks all signals: the main thread handles them, and a write to a closed socket must not end the
    /// process.
    ///
    /// - Parameter name: shown by `ps -L` and debuggers; truncated to 15 bytes.
    package static func start(named name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        let start = Start(name: String(name.prefix(15)), body: body)
        let context = Unmanaged.passRetained(start)
        var thread = pthread_t()
        let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
            guard let context else { return nil }
            let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
            var signals = sigset_t()
            sigfillset(&signals)
            pthread_sigmask(SIG_BLOCK, &signals, nil)
            pthread_setname_np(pthread_self(), start.name)
            start.body()
            return nil
        }
        let result = pthread_create(&thread, nil, main, context.toOpaque())
        guard result == 0 else {
            context.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}

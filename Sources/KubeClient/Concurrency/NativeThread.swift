import CLinux
import Glibc

/// A thread outside the cooperative pool, for loops that block in the kernel.
package enum NativeThread {
    /// Starts a thread that runs `body` once and ends with it; false when the system has no thread left.
    ///
    /// All signals are blocked on it: they belong to the main thread, and a write to a closed socket must not end the
    /// process.
    ///
    /// - Parameter name: shown by `ps -L` and debuggers; cut at 15 bytes.
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

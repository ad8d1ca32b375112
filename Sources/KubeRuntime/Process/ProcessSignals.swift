import Dispatch
import Glibc
import KubeClient

/// The signals that stop a process: SIGTERM and SIGINT.
///
/// After the first one ``wait()`` returns. The second one exits immediately with 128 plus the signal's number, as
/// shells report it. Create one instance per process, early, and keep it.
public final class TerminationSignals: Sendable {
    private struct State {
        /// The first signal received.
        var received: Int32?
        var waiters: [(id: UInt64, continuation: CheckedContinuation<Void, Never>)] = []
        var nextWaiter: UInt64 = 0
        var watch: SignalWatch?
    }

    private let state = Locked(State())
    private let exit: @Sendable (Int32) -> Void

    /// Handles SIGTERM and SIGINT, and ignores SIGPIPE, so that broken pipes are errors of write(2).
    ///
    /// Returns when the signals are handled, after some microseconds; until then they have their default action.
    public convenience init() {
        self.init([SIGTERM, SIGINT], exit: { _exit($0) })
    }

    /// - Parameters:
    ///   - signals: the signals that stop the process.
    ///   - exit: exits the process with a status.
    init(_ signals: [Int32], exit: @escaping @Sendable (Int32) -> Void) {
        self.exit = exit
        signal(SIGPIPE, SIG_IGN)
        let watch = SignalWatch(signals) { [weak self] number in self?.receive(number) }
        state.withLock { $0.watch = watch }
    }

    /// The first signal received, if any.
    public var received: Int32? { state.withLock { $0.received } }

    /// Waits for the first signal; returns early if the task is canceled.
    public func wait() async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    // A cancellation before this point found no waiter to remove; a later one will find it.
                    if state.received != nil || Task.isCancelled { return true }
                    state.waiters.append((id, continuation))
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            resume { $0 == id }
        }
    }

    func receive(_ number: Int32) {
        let isFirst = state.withLock { state in
            defer { state.received = state.received ?? number }
            return state.received == nil
        }
        if isFirst { resume { _ in true } } else { exit(128 + number) }
    }

    private func resume(_ matches: (UInt64) -> Bool) {
        let waiters = state.withLock { state in
            let matching = state.waiters.filter { matches($0.id) }
            state.waiters.removeAll { matches($0.id) }
            return matching
        }
        for waiter in waiters { waiter.continuation.resume() }
    }
}

/// Changes the log level of a running process: SIGUSR1 sets `debug`, SIGUSR2 restores the initial level.
///
/// Create one instance per process, early, and keep it: without it, these signals end the process.
public final class LogLevelSignals: Sendable {
    private let watch: SignalWatch

    /// - Parameter logger: its sink's level changes, for all loggers that share it, and each change is logged.
    public init(_ logger: Logger) {
        let initial = logger.sink.level
        watch = SignalWatch([SIGUSR1, SIGUSR2]) { number in
            let (name, level) = number == SIGUSR1 ? ("SIGUSR1", LogLevel.debug) : ("SIGUSR2", initial)
            let former = logger.sink.level
            guard level != former else { return }
            // Logged at the more verbose of the two levels.
            logger.sink.level = min(level, former)
            logger.info(
                "The log level was changed",
                ["from": .own("\(former)"), "to": .own("\(level)"), "signal": .own(name)])
            logger.sink.level = level
        }
    }
}

/// Passes signals to a closure while the instance exists.
///
/// The closure runs on a dispatch queue, not in a signal handler, so it may call any function.
final class SignalWatch: Sendable {
    private let sources = Locked([any DispatchSourceSignal]())

    /// Returns when the signals are handled, after some microseconds; until then they have their default action.
    init(_ signals: [Int32], receive: @escaping @Sendable (Int32) -> Void) {
        let queue = DispatchQueue(label: "towline.signals")
        let isWatched = DispatchSemaphore(value: 0)
        for number in signals {
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { receive(number) }
            // On Linux, Dispatch replaces the default action itself, some time after the activation.
            source.setRegistrationHandler { isWatched.signal() }
            source.activate()
            sources.withLock { $0.append(source) }
        }
        for _ in signals { isWatched.wait() }
    }

    deinit {
        sources.withLock { sources in sources.forEach { $0.cancel() } }
    }
}

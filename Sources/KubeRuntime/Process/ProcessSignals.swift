import Dispatch
import Glibc
import KubeClient

/// The signals by which a process is asked to end.
///
/// The first one asks: ``wait()`` returns. The second one insists: the process exits at once, with 128 and the
/// signal's number, as a shell would report it. Make one per process, early, and keep it.
public final class TerminationSignals: Sendable {
    private struct State {
        /// The first signal that came.
        var received: Int32?
        var waiters: [(id: UInt64, continuation: CheckedContinuation<Void, Never>)] = []
        var nextWaiter: UInt64 = 0
        var watch: SignalWatch?
    }

    private let state = Locked(State())
    private let exit: @Sendable (Int32) -> Void

    /// Takes over SIGTERM and SIGINT, and ignores broken pipes, which are errors of write(2) from now on.
    ///
    /// Returns when the signals are watched, which takes some microseconds; until then they have their default action.
    public convenience init() {
        self.init([SIGTERM, SIGINT], exit: { _exit($0) })
    }

    /// - Parameters:
    ///   - signals: what asks the process to end.
    ///   - exit: ends the process with a status.
    init(_ signals: [Int32], exit: @escaping @Sendable (Int32) -> Void) {
        self.exit = exit
        signal(SIGPIPE, SIG_IGN)
        let watch = SignalWatch(signals) { [weak self] number in self?.receive(number) }
        state.withLock { $0.watch = watch }
    }

    /// The first signal that came; nil as long as none did.
    public var received: Int32? { state.withLock { $0.received } }

    /// Waits for the first signal; also returns when the task is cancelled.
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

    private func resume(_ isMeant: (UInt64) -> Bool) {
        let waiters = state.withLock { state in
            let meant = state.waiters.filter { isMeant($0.id) }
            state.waiters.removeAll { isMeant($0.id) }
            return meant
        }
        for waiter in waiters { waiter.continuation.resume() }
    }
}

/// Changes the log level of a running process: SIGUSR1 to `debug`, SIGUSR2 back to the level it was started with.
///
/// Make one per process, early, and keep it: before and after, these signals end the process.
public final class LogLevelSignals: Sendable {
    private let watch: SignalWatch

    /// - Parameter logger: its sink is changed, for all loggers that share it, and it tells so.
    public init(_ logger: Logger) {
        let standard = logger.sink.level
        watch = SignalWatch([SIGUSR1, SIGUSR2]) { number in
            let (name, level) = number == SIGUSR1 ? ("SIGUSR1", LogLevel.debug) : ("SIGUSR2", standard)
            let former = logger.sink.level
            guard level != former else { return }
            // Told under the more talkative of the two levels.
            logger.sink.level = min(level, former)
            logger.info(
                "The log level was changed",
                ["from": .own("\(former)"), "to": .own("\(level)"), "signal": .own(name)])
            logger.sink.level = level
        }
    }
}

/// Hands signals to a closure for as long as it is kept.
///
/// The closure runs on a queue and not in a signal handler, so that it may do anything.
final class SignalWatch: Sendable {
    private let sources = Locked([any DispatchSourceSignal]())

    /// Returns when the signals are watched, which takes some microseconds; until then they have their default action.
    init(_ signals: [Int32], receive: @escaping @Sendable (Int32) -> Void) {
        let queue = DispatchQueue(label: "towline.signals")
        let isWatched = DispatchSemaphore(value: 0)
        for number in signals {
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { receive(number) }
            // On Linux, Dispatch itself takes the place of the default action, some time after the activation.
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

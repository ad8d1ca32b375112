import Dispatch
import KubeClient

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

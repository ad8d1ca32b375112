import Glibc
import KubeClient

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

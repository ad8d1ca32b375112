public import KubeClient
import Synchronization

/// Where log lines go, in which format, and from which level on.
public final class LogSink: Sendable {
    public let format: LogFormat
    private let clock: WallClock
    private let writer: LogWriter
    private let minimum: Atomic<UInt8>

    /// Makes a sink that hands each line, one at a time, to `write` on a queue of its own.
    ///
    /// While `write` is stuck, up to `bufferLimit` bytes are kept; what comes then is dropped and counted, and a line
    /// says so afterwards.
    public init(
        level: LogLevel = .info, format: LogFormat = .json, clock: WallClock = .system,
        bufferLimit: Int = 1 << 20, write: @escaping @Sendable ([UInt8]) -> Void = LogWriter.standardError
    ) {
        self.format = format
        self.clock = clock
        minimum = Atomic(level.rawValue)
        writer = LogWriter(limit: bufferLimit, write: write) { dropped in
            LogLine(
                level: .warn, logger: "log", message: "Log lines were dropped because the output is stuck",
                fields: [(key: "dropped", value: .integer(Int64(dropped)))]
            ).encoded(format, at: clock.now())
        }
    }

    /// The level from which on lines are written; may be changed at any time.
    public var level: LogLevel {
        get { LogLevel(rawValue: minimum.load(ordering: .relaxed)) ?? .info }
        set { minimum.store(newValue.rawValue, ordering: .relaxed) }
    }

    func write(_ line: LogLine) {
        writer.append(line.encoded(format, at: clock.now()))
    }

    /// Waits until everything logged so far is written, at most for `limit`; tells whether it was.
    ///
    /// It blocks its thread and is meant for the end of the process.
    @discardableResult
    public func flush(within limit: Duration = .seconds(1)) -> Bool {
        writer.flush(within: limit)
    }
}

public import KubeClient
import Synchronization

/// Where log lines go, in which format, and from which level on.
///
/// Warnings and errors that repeat are written once a minute, with their number; ``run()`` sees to that.
public final class LogSink: Sendable {
    public let format: LogFormat
    private let timeEncoding: LogTimeEncoding
    private let clock: WallClock
    private let time: any TimeSource
    private let writer: LogWriter
    private let minimum: Atomic<UInt8>
    private let repetitions = Locked(LogRepetitions())

    /// Makes a sink that hands each line, one at a time, to `write` on a queue of its own.
    ///
    /// While `write` is stuck, up to `bufferLimit` bytes are kept; what comes then is dropped and counted, and a line
    /// says so afterwards.
    public init(
        level: LogLevel = .info, format: LogFormat = .json, timeEncoding: LogTimeEncoding = .rfc3339micro,
        clock: WallClock = .system, time: any TimeSource = SystemTime(), bufferLimit: Int = 1 << 20,
        write: @escaping @Sendable ([UInt8]) -> Void = LogWriter.standardError
    ) {
        self.format = format
        self.timeEncoding = timeEncoding
        self.clock = clock
        self.time = time
        minimum = Atomic(level.rawValue)
        writer = LogWriter(limit: bufferLimit, write: write) { dropped in
            LogLine(
                time: clock.now(), level: .warn, logger: "log",
                message: "Log lines were dropped because the output is stuck",
                fields: [(key: "dropped", value: .integer(Int64(dropped)))]
            ).encoded(format, timeEncoding)
        }
    }

    /// The level from which on lines are written; may be changed at any time.
    public var level: LogLevel {
        get { LogLevel(rawValue: minimum.load(ordering: .relaxed)) ?? .info }
        set { minimum.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// Writes the repetitions that were held back, each kind a minute after the last line of it, until cancelled.
    public func run() async {
        while !Task.isCancelled {
            let now = time.now
            // A kind that is new in the meantime ends its minute later than this.
            let end = repetitions.withLock { $0.nextEnd } ?? now.advanced(by: LogRepetitions.window)
            try? await time.sleep(until: end)
            append(repetitions.withLock { [time] in $0.due(now: time.now) })
        }
    }

    /// Waits until everything logged so far is written, at most for `limit`; tells whether it was.
    ///
    /// It blocks its thread and is meant for the end of the process.
    @discardableResult
    public func flush(within limit: Duration = .seconds(1)) -> Bool {
        append(repetitions.withLock { [time] in $0.rest(now: time.now) })
        return writer.flush(within: limit)
    }

    /// The time of day for a line.
    var now: Timestamp { clock.now() }

    func write(_ line: LogLine) {
        let now = time.now
        if repetitions.withLock({ $0.admit(line, now: now) }) { append([line]) }
    }

    private func append(_ lines: [LogLine]) {
        for line in lines { writer.append(line.encoded(format, timeEncoding)) }
    }
}

import KubeClient

@testable import KubeRuntime

/// A log that a test reads, at a time that the test moves.
struct CapturedLog {
    let time = VirtualTime()
    let sink: LogSink
    private let written = Locked([String]())

    /// It begins at 2026-01-01T00:00:00.001500Z.
    init(
        _ level: LogLevel = .info, _ format: LogFormat = .json, timeEncoding: LogTimeEncoding = .rfc3339micro
    ) {
        let start = Timestamp(seconds: 1_767_225_600, nanoseconds: 1_500_000)
        sink = LogSink(
            level: level, format: format, timeEncoding: timeEncoding, clock: time.wallClock(startingAt: start),
            time: time
        ) { [written] line in
            written.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
    }

    /// What is with the output by now, without what is held back.
    var lines: [String] { written.withLock { $0 } }

    /// All lines, after what is held back was written too.
    func flushed() -> [String] { sink.flush(within: .seconds(20)) ? lines : [] }
}

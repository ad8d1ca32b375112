import KubeClient

@testable import KubeRuntime

/// A log that a test reads, with a clock that the test controls.
struct CapturedLog {
    let time = VirtualTime()
    let sink: LogSink
    private let written = Locked([String]())

    /// Starts at 2026-01-01T00:00:00.001500Z.
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

    /// The lines written so far, without repetitions that are held back.
    var lines: [String] { written.withLock { $0 } }

    /// All lines, repetitions included.
    func flushed() -> [String] { sink.flush(within: .seconds(20)) ? lines : [] }
}

import Eventually
import KubeClient
import Testing

@testable import KubeRuntime

@Suite(.timeLimit(.minutes(1))) struct LogSinkTests {
    private let log = CapturedLog()

    @Test func `repetitions are written every minute`() async {
        let logger = Logger(log.sink)
        let running = Task { await log.sink.run() }
        await eventually("the sink waits") { log.time.scheduledCount == 1 }
        log.time.advance(by: .seconds(30))
        for number in 1...100 { logger.warn("Failed", ["n": .integer(Int64(number)), "error": "refused"]) }
        await eventually("the first line is written") { log.lines.count == 1 }
        await eventually("the repetitions are written a minute later") {
            log.time.advance(by: .seconds(1))
            return log.lines.count == 2
        }
        #expect(log.lines.first?.contains(#""n":1,"#) == true)
        let last = log.lines.last ?? ""
        #expect(last.contains(#""n":100,"error":"refused","suppressed":98,"lastSeen":"2026-01-01T00:00:30.001500Z"}"#))
        #expect(last.contains(#""ts":"2026-01-01T00:01:30."#), "\(last)")
        running.cancel()
        await running.value
        #expect(log.time.scheduledCount == 0)
    }

    @Test func `a flush writes the repetitions held back`() {
        let logger = Logger(log.sink)
        for _ in 0..<3 { logger.warn("Failed", ["error": "refused"]) }
        #expect(log.flushed().count == 2)
        #expect(log.lines.last?.contains(#""suppressed":1"#) == true)
        #expect(log.flushed().count == 2)
    }

    @Test(arguments: [LogFormat.json, .text]) func `lines are in order of their times at shutdown`(_ format: LogFormat)
    {
        let log = CapturedLog(.info, format)
        let logger = Logger(log.sink)
        for number in 0..<6 {
            logger.warn(number < 3 ? "Failed" : "Lost", ["error": "refused"])
            log.time.advance(by: .seconds(5))
        }
        logger.info("Shutting down")
        log.time.advance(by: .seconds(1))
        let times = log.flushed().compactMap { line in
            line.firstRange(of: "2026-").map { String(line[$0.lowerBound...].prefix(27)) }
        }
        #expect(times.count == 5)
        #expect(times == times.sorted())
    }
}

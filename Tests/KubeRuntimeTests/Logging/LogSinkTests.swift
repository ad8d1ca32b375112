import Eventually
import KubeClient
import Testing

@testable import KubeRuntime

@Suite(.timeLimit(.minutes(1))) struct LogSinkTests {
    private let log = CapturedLog()

    @Test func repetitionsAreToldEveryMinute() async {
        let logger = Logger(log.sink)
        let running = Task { await log.sink.run() }
        await eventually("it waits") { log.time.scheduledCount == 1 }
        log.time.advance(by: .seconds(30))
        for number in 1...100 { logger.warn("Failed", ["n": .integer(Int64(number)), "error": "refused"]) }
        await eventually("the first is written") { log.lines.count == 1 }
        await eventually("the others are told a minute later") {
            log.time.advance(by: .seconds(1))
            return log.lines.count == 2
        }
        #expect(log.lines.first?.contains(#""n":1,"#) == true)
        #expect(log.lines.last?.hasSuffix(#""n":100,"error":"refused","suppressed":98}"# + "\n") == true)
        // It has the time at which it happened.
        #expect(log.lines.last?.contains("2026-01-01T00:00:30.001500Z") == true)
        running.cancel()
        await running.value
        #expect(log.time.scheduledCount == 0)
    }

    @Test func theEndOfTheProcessTellsTheRest() {
        let logger = Logger(log.sink)
        for _ in 0..<3 { logger.warn("Failed", ["error": "refused"]) }
        #expect(log.flushed().count == 2)
        #expect(log.lines.last?.contains(#""suppressed":1"#) == true)
        #expect(log.flushed().count == 2)
    }
}

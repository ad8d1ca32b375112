import Dispatch
import KubeClient
import Testing

@testable import KubeRuntime

@Suite struct LoggerTests {
    let lines = Locked([String]())
    let clock = WallClock { Timestamp(seconds: 1_767_225_600, nanoseconds: 1_500_000) }

    func makeSink(_ level: LogLevel = .info, _ format: LogFormat = .json) -> LogSink {
        LogSink(level: level, format: format, clock: clock) { [lines] line in
            lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
    }

    @Test func jsonLinesHaveControllerRuntimesKeys() {
        let sink = makeSink()
        let logger = Logger(sink, name: "towline").named("queue").with(["controller": "wfe"])
        logger.info("Started\nnow", ["count": 4, "ok": true])
        logger.debug("unseen")
        logger.error("Failed", error: KubeError.undecodable("broken"), ["name": "x"])
        #expect(sink.flush())
        let written = lines.withLock { $0 }
        #expect(written.count == 2)
        let start = #""ts":"2026-01-01T00:00:00.001500Z","logger":"towline.queue","msg":"#
        let info = #"{"level":"info","# + start + #""Started\nnow","controller":"wfe","count":4,"ok":true}"#
        let error = #"{"level":"error","# + start + #""Failed","controller":"wfe","name":"x","error":"broken"}"#
        #expect(written.first == info + "\n")
        #expect(written.last == error + "\n")
    }

    @Test func textLinesQuoteWhatIsAmbiguous() {
        let sink = makeSink(.debug, .text)
        Logger(sink, name: "a").debug("Two words\n", ["plain": "x/y", "spaced": "a b", "empty": "", "n": 3])
        #expect(sink.flush())
        #expect(
            lines.withLock { $0 } == [
                #"2026-01-01T00:00:00.001500Z DEBUG a: "Two words\n" plain=x/y spaced="a b" empty="" n=3"# + "\n"
            ])
    }

    @Test func theLevelChangesWhileRunning() {
        let sink = makeSink(.error)
        let logger = Logger(sink)
        logger.warn("no")
        sink.level = .debug
        logger.debug("yes")
        #expect(sink.flush())
        #expect(lines.withLock { $0.count } == 1)
        #expect(LogLevel(parsing: "WARNING") == .warn)
        #expect(LogLevel(parsing: "loud") == nil)
    }

    @Test func longTextsAreCut() {
        let sink = makeSink()
        Logger(sink).info("x", ["body": .string(String(repeating: "y", count: 100_000))])
        #expect(sink.flush())
        #expect(lines.withLock { $0.first?.utf8.count ?? 0 } < 9_000)
        #expect(lines.withLock { $0.first?.contains("91808 more bytes") } == true)
    }

    @Test func aStuckOutputDropsAndCountsButNeverBlocks() {
        let gate = DispatchSemaphore(value: 0)
        let entered = DispatchSemaphore(value: 0)
        let sink = LogSink(clock: clock, bufferLimit: 1_000) { [lines] line in
            if lines.withLock({ $0.isEmpty }) {
                entered.signal()
                gate.wait()
            }
            lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
        let logger = Logger(sink)
        logger.info("first")
        entered.wait()
        for _ in 0..<1_000 { logger.info("flood") }
        #expect(!sink.flush(within: .milliseconds(5)))
        gate.signal()
        #expect(sink.flush(within: .seconds(20)))
        let written = lines.withLock { $0 }
        #expect(written.count < 30)
        #expect(written.last?.contains("\"dropped\":") == true)
    }
}

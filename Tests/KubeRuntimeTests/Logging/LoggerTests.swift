import Dispatch
import KubeClient
import Testing

@testable import KubeRuntime

@Suite struct LoggerTests {
    @Test func `JSON lines have controller-runtime's keys`() {
        let log = CapturedLog()
        let logger = Logger(log.sink, name: "towline").named("queue").about(["name": "x"]).with(["controller": "wfe"])
        logger.info("Started\nnow", ["count": 4, "ok": true])
        logger.debug("unseen")
        logger.error("Failed", error: KubeError.undecodable("broken"), ["kind": "y"])
        let start = #""ts":"2026-01-01T00:00:00.001500Z","logger":"towline.queue","msg":"#
        let context = #""controller":"wfe","name":"x""#
        #expect(
            log.flushed() == [
                #"{"level":"info","# + start + #""Started\nnow","# + context + #","count":4,"ok":true}"# + "\n",
                #"{"level":"error","# + start + #""Failed","# + context + #","kind":"y","error":"broken"}"# + "\n",
            ])
    }

    @Test func `text lines quote ambiguous values and omit empty ones`() {
        let log = CapturedLog(.debug, .text)
        Logger(log.sink, name: "a").debug("Two words\n", ["plain": "x/y", "spaced": "a b", "empty": "", "n": 3])
        #expect(
            log.flushed() == [
                #"2026-01-01T00:00:00.001500Z DEBUG a: "Two words\n" plain=x/y spaced="a b" n=3"# + "\n"
            ])
    }

    @Test func `a text line names the object once and fits a terminal`() throws {
        let log = CapturedLog(.info, .text)
        let logger = Logger(log.sink).with([
            "controller": "workflowexecution", "controllerGroup": "towline.dev",
            "controllerKind": "WorkflowExecution",
        ])
        func reconciling(_ attempt: Int64) -> Logger {
            logger.about([
                "WorkflowExecution": .object(["name": "restart-payment-api", "namespace": "payments"]),
                "namespace": "payments", "name": "restart-payment-api",
                "reconcileID": "0b1f6f5e-55f2-4a6b-9d44-1f3c8a8d7c11", "attempt": .integer(attempt),
            ])
        }
        reconciling(1).info(
            "Status changed",
            ["phase": "Running", "outcome": "", "reason": "Executing", "run": "restart-payment-api-3f9c2a71d0"])
        reconciling(4).warn("Could not write the status", ["error": .foreign("timed out")])
        let lines = log.flushed()
        #expect(
            lines == [
                "2026-01-01T00:00:00.001500Z INFO  payments/restart-payment-api: Status changed phase=Running "
                    + "reason=Executing run=restart-payment-api-3f9c2a71d0\n",
                "2026-01-01T00:00:00.001500Z WARN  payments/restart-payment-api: Could not write the status attempt=4 "
                    + "error=\"timed out\"\n",
            ])
        #expect(lines.allSatisfy { $0.count <= 160 })
    }

    @Test func `a text line about an object without a namespace has its name`() {
        let log = CapturedLog(.info, .text)
        Logger(log.sink, name: "x").info("Synced", ["namespace": "", "name": "b", "objects": 2])
        Logger(log.sink).info("Synced", ["name": "", "namespace": "n"])
        let start = "2026-01-01T00:00:00.001500Z INFO  "
        #expect(log.flushed() == [start + "x: b: Synced objects=2\n", start + "Synced namespace=n\n"])
    }

    @Test(arguments: [
        (Duration.zero, "0s"), (.seconds(-3), "0s"), (.nanoseconds(400), "0s"), (.nanoseconds(640_400), "640µs"),
        (.nanoseconds(999_600), "1ms"), (.nanoseconds(467_123_456), "467ms"), (.nanoseconds(999_600_000), "1s"),
        (.milliseconds(1_234), "1.2s"), (.seconds(30), "30s"), (.milliseconds(59_960), "1m"), (.seconds(90), "1m30s"),
        (.seconds(3_600), "1h"), (.seconds(7_530), "2h5m"),
    ])
    func `durations are rounded to what people read`(_ duration: Duration, _ text: String) {
        #expect(duration.readable == text)
        let log = CapturedLog()
        Logger(log.sink).info("x", ["retryIn": .duration(duration)])
        #expect(log.flushed().first?.contains(#""retryIn":"\#(text)""#) == true)
    }

    @Test func `the default format is text on a terminal only`() {
        #expect(LogFormat.automatic(isTerminal: true) == .text)
        #expect(LogFormat.automatic(isTerminal: false) == .json)
    }

    @Test func `the level can change while running`() {
        let log = CapturedLog(.error)
        let logger = Logger(log.sink)
        logger.warn("no")
        log.sink.level = .debug
        logger.debug("yes")
        log.sink.level = .panic
        logger.error("no")
        #expect(log.flushed().count == 1)
        #expect(LogLevel(parsing: "WARNING") == .warn)
        #expect(LogLevel(parsing: "loud") == nil)
    }

    @Test func `long text is cut`() {
        let log = CapturedLog()
        Logger(log.sink).info("x", ["body": .string(String(repeating: "y", count: 100_000))])
        let line = log.flushed().first
        #expect((line?.utf8.count ?? 0) < 9_000)
        #expect(line?.contains("91808 more bytes") == true)
    }

    @Test func `masked values do not appear`() {
        let log = CapturedLog()
        let logger = Logger(log.sink).hiding(Mask(["hunter22", "two\nlines", "abc"]))
        logger.error(
            "Failed", error: KubeError.undecodable("hunter22 and \"two\\nlines\""),
            ["note": .foreign("hunter22, abc")])
        #expect(log.flushed().first?.hasSuffix(#""note":"***, abc","error":"*** and \"***\""}"# + "\n") == true)
    }

    @Test func `the operator's own text and names are never masked`() {
        let log = CapturedLog()
        let logger = Logger(log.sink).about(["name": .own("restart-search")]).hiding(Mask(["search", "Search"]))
        logger.warn(
            "Search failed",
            [
                "run": .own("restart-search-2cdc"), "reason": "SearchFailed", "error": .foreign("no search"),
                "x": .string("search"),
            ])
        let fields = #""run":"restart-search-2cdc","reason":"SearchFailed","error":"no ***","x":"***"}"#
        #expect(
            log.flushed().first?.hasSuffix(#""msg":"Search failed","name":"restart-search","# + fields + "\n") == true)
    }

    @Test(arguments: [
        (LogTimeEncoding.rfc3339micro, #""2026-01-01T00:00:00.001500Z""#), (.rfc3339, #""2026-01-01T00:00:00Z""#),
        (.rfc3339nano, #""2026-01-01T00:00:00.0015Z""#), (.iso8601, #""2026-01-01T00:00:00.001Z""#),
        (.epoch, "1767225600.0015"), (.millis, "1767225600001.5"), (.nanos, "1767225600001500000"),
    ])
    func `times have zap's forms`(_ encoding: LogTimeEncoding, _ text: String) {
        let log = CapturedLog(timeEncoding: encoding)
        Logger(log.sink).info("x")
        #expect(log.flushed() == [#"{"level":"info","ts":"# + text + #","msg":"x"}"# + "\n"])
    }

    @Test(arguments: LogTimeEncoding.allCases) func `extreme times give valid JSON`(_ encoding: LogTimeEncoding) {
        for time in [Timestamp.earliest, Timestamp(seconds: -1), Timestamp(seconds: 0), .latest] {
            let line = LogLine(time: time, level: .info, logger: "", message: "x").encoded(.json, encoding)
            #expect((try? JSONValue(parsing: line)) != nil, "\(String(decoding: line, as: UTF8.self))")
        }
    }

    @Test func `a blocked output drops and counts lines but never blocks the caller`() {
        let lines = Locked([String]())
        let gate = DispatchSemaphore(value: 0)
        let entered = DispatchSemaphore(value: 0)
        let sink = LogSink(bufferLimit: 1_000) { line in
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

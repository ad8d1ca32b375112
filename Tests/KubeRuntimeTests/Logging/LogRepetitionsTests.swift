import KubeClient
import TestSupport
import Testing

@testable import KubeRuntime

@Suite struct LogRepetitionsTests {
    /// A reference, because no expectation may hold a mutating call.
    private final class Filter {
        private var repetitions = LogRepetitions()

        var nextEnd: ContinuousClock.Instant? { repetitions.nextEnd }

        func admit(_ line: LogLine, now: ContinuousClock.Instant) -> Bool { repetitions.admit(line, now: now) }

        func due(now: ContinuousClock.Instant) -> [LogLine] { repetitions.due(now: now) }

        func rest(now: ContinuousClock.Instant) -> [LogLine] { repetitions.rest(now: now) }
    }

    private let start = VirtualTime().now

    private func line(
        _ message: String = "Failed", error: String? = "refused", level: LogLevel = .warn, object: Int = 0,
        type: String = "runs"
    ) -> LogLine {
        LogLine(
            time: Timestamp(seconds: Int64(object)), level: level, logger: "reflector", message: message,
            context: [(key: "type", value: .string(type))],
            subject: [(key: "name", value: .string("object-\(object)"))],
            fields: error.map { [(key: "error", value: .string($0))] } ?? [])
    }

    /// A different text for each number, without digits.
    private func word(_ number: Int) -> String { String(repeating: "x", count: number) }

    private func suppressed(_ line: LogLine) -> Int64 {
        line.fields.first { $0.key == "suppressed" }?.value.integerValue ?? 0
    }

    @Test func `a repetition is held back for a minute`() {
        let repetitions = Filter()
        #expect(repetitions.admit(line(object: 1), now: start))
        #expect(!repetitions.admit(line(object: 2), now: start + .seconds(20)))
        #expect(!repetitions.admit(line(object: 3), now: start + .seconds(59)))
        #expect(repetitions.due(now: start + .milliseconds(59_999)).isEmpty)
        let written = repetitions.due(now: start + .seconds(60))
        #expect(written.map { $0.subject.first?.value } == ["object-3"])
        #expect(written.map(suppressed) == [1])
        // The next window has started.
        #expect(!repetitions.admit(line(object: 4), now: start + .seconds(61)))
        let last = repetitions.due(now: start + .seconds(120))
        #expect(last.map(suppressed) == [0])
        // After a window without repetitions the next line is new.
        #expect(repetitions.due(now: start + .seconds(180)).isEmpty)
        #expect(repetitions.nextEnd == nil)
        #expect(repetitions.admit(line(object: 5), now: start + .seconds(181)))
    }

    @Test func `lines that differ in more than digits are not repetitions`() {
        let repetitions = Filter()
        #expect(repetitions.admit(line(), now: start))
        #expect(repetitions.admit(line("Lost"), now: start))
        #expect(repetitions.admit(line(error: "timed out"), now: start))
        #expect(repetitions.admit(line(error: nil), now: start))
        #expect(repetitions.admit(line(level: .error), now: start))
        #expect(repetitions.admit(line(type: "executions"), now: start))
        #expect(!repetitions.admit(line(object: 7), now: start))
        #expect(repetitions.admit(line(error: "refused after 7 ms"), now: start))
        #expect(!repetitions.admit(line(error: "refused after 12 ms"), now: start))
    }

    @Test func `info and debug lines are never held back`() {
        let repetitions = Filter()
        for _ in 0..<10 {
            #expect(repetitions.admit(line(level: .info), now: start))
            #expect(repetitions.admit(line(level: .debug), now: start))
        }
        #expect(repetitions.nextEnd == nil)
    }

    @Test func `beyond ten errors of a message the others count as one`() {
        let repetitions = Filter()
        let admitted = (0..<500).count { number in
            repetitions.admit(line(error: "run-\(word(number)) is forbidden"), now: start)
        }
        // Ten errors, and the first of the others.
        #expect(admitted == 11)
        #expect(repetitions.due(now: start + .seconds(60)).map(suppressed) == [488])
        // While others repeat, a new error is one of them.
        #expect(!repetitions.admit(line(error: "another one"), now: start + .seconds(61)))
        #expect(repetitions.due(now: start + .seconds(120)).map(suppressed) == [0])
        #expect(repetitions.due(now: start + .seconds(180)).isEmpty)
        #expect(repetitions.admit(line(error: "another one"), now: start + .seconds(181)))
    }

    @Test func `memory is bounded`() {
        let repetitions = Filter()
        let admitted = (0..<5_000).count { repetitions.admit(line("Message \($0)"), now: start) }
        #expect(admitted == LogRepetitions.maximumKinds + 1)
        #expect(repetitions.rest(now: start).map(suppressed) == [Int64(5_000 - admitted - 1)])
    }

    /// A webhook can quote a whole object in its answer, and a thousand kinds of lines are kept for a minute.
    @Test func `lines that are held back are truncated`() {
        let log = CapturedLog()
        let long = String(repeating: "x", count: 1 << 20)
        Logger(log.sink).warn("Message", ["error": .foreign(long)])
        Logger(log.sink).warn("Message", ["error": .foreign(long)])
        #expect(log.sink.heldBackBytes < 10_000)
        #expect(log.flushed().allSatisfy { $0.utf8.count < 10_000 })
    }

    @Test func `random lines are each written or counted, at most one of a kind a minute`() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix(seed: seed)
        let repetitions = Filter()
        var now = start
        var (given, written, counted) = (0, 0, Int64(0))
        var lastWritten: [String: ContinuousClock.Instant] = [:]
        func write(_ line: LogLine) {
            (written, counted) = (written + 1, counted + suppressed(line))
            let kind = "\(line.message) \(line.error ?? "")"
            if let last = lastWritten[kind] {
                #expect(last.duration(to: now) >= LogRepetitions.window, "seed \(seed): \(kind)")
            }
            lastWritten[kind] = now
        }
        for _ in 0..<20_000 {
            now = now.advanced(by: .milliseconds(Int.random(in: 0...200, using: &random)))
            if let end = repetitions.nextEnd, end <= now { repetitions.due(now: now).forEach(write) }
            let line = line(
                "Message \(Int.random(in: 0..<5, using: &random))", error: word(Int.random(in: 0..<6, using: &random)))
            given += 1
            if repetitions.admit(line, now: now) { write(line) }
        }
        for line in repetitions.rest(now: now) { (written, counted) = (written + 1, counted + suppressed(line)) }
        #expect(written + Int(counted) == given, "seed \(seed)")
        #expect(counted > 10_000, "seed \(seed)")
    }
}

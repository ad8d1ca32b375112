import KubeClient

/// Keeps a storm of one warning or error from flooding the log; nothing is left out without being counted.
///
/// Lines are the same when level, part, message, context and error are; which object they are about makes no
/// difference. The first is written at once. Those of the following minute are held back; at its end the last of them is
/// written, with the number of the others, and the next minute begins. So each line is written or counted, and a cause
/// that goes on costs one line a minute.
///
/// Texts of errors may hold times, ports and names: numbers make no difference, and beyond ten errors of one message the
/// others are taken for one.
struct LogRepetitions: Sendable {
    /// How long lines are held back after one of their kind was written.
    static let window = Duration.seconds(60)
    /// The most errors of one message that are told apart.
    static let maximumErrors = 10
    /// The most kinds that are told apart; the others are taken for one.
    static let maximumKinds = 1_000

    private struct Topic: Hashable {
        let level: LogLevel
        let logger: String
        let message: String
        let context: String
    }

    private struct Kind: Hashable {
        /// Nil for all topics beyond what can be told apart.
        var topic: Topic?
        /// Nil for all errors beyond what can be told apart.
        var error: String?
    }

    private struct Window {
        let end: ContinuousClock.Instant
        /// The last line that is held back.
        var last: LogLine?
        /// How many are held back.
        var count = 0
    }

    private var windows: [Kind: Window] = [:]
    /// How many errors of a topic are told apart at the moment.
    private var errors: [Topic: Int] = [:]

    /// Tells whether `line` is to be written now; otherwise it is held back.
    mutating func admit(_ line: LogLine, now: ContinuousClock.Instant) -> Bool {
        guard line.level >= .warn else { return true }
        let kind = kind(of: line)
        guard var window = windows[kind] else {
            if let topic = kind.topic { errors[topic, default: 0] += 1 }
            windows[kind] = Window(end: now.advanced(by: Self.window))
            return true
        }
        window.last = line
        window.count += 1
        windows[kind] = window
        return false
    }

    /// The lines whose time has come, in the order of their times; kinds that did not repeat are forgotten.
    mutating func due(now: ContinuousClock.Instant) -> [LogLine] {
        take { $0.end <= now ? now.advanced(by: Self.window) : nil }
    }

    /// All lines that are held back, at the end of the process.
    mutating func rest(now: ContinuousClock.Instant) -> [LogLine] {
        take { _ in now.advanced(by: Self.window) }
    }

    /// When the next minute ends; nil while none runs.
    var nextEnd: ContinuousClock.Instant? { windows.values.map(\.end).min() }

    /// Ends each window that is given another end, and begins that one where a line was held back.
    private mutating func take(_ next: (Window) -> ContinuousClock.Instant?) -> [LogLine] {
        var lines: [LogLine] = []
        for (kind, window) in windows {
            guard let end = next(window) else { continue }
            if let last = window.last {
                lines.append(last.suppressing(window.count - 1))
                windows[kind] = Window(end: end)
            } else {
                forget(kind)
            }
        }
        return lines.sorted { ($0.time, $0.message) < ($1.time, $1.message) }
    }

    private mutating func forget(_ kind: Kind) {
        windows[kind] = nil
        guard let topic = kind.topic, let count = errors[topic] else { return }
        errors[topic] = count > 1 ? count - 1 : nil
    }

    /// The beginning of a text, each number in it replaced by a sign.
    private static func withoutNumbers(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8.prefix(1_024) {
            let isDigit = byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
            if !isDigit {
                bytes.append(byte)
            } else if bytes.last != UInt8(ascii: "#") {
                bytes.append(UInt8(ascii: "#"))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func kind(of line: LogLine) -> Kind {
        let context = line.context.map { "\($0.key)=\($0.value.encodedString)" }.joined(separator: " ")
        let topic = Topic(level: line.level, logger: line.logger, message: line.message, context: context)
        let own = Kind(topic: topic, error: Self.withoutNumbers(line.error ?? ""))
        if windows[own] != nil { return own }
        let others = Kind(topic: topic)
        if windows[others] != nil || errors[topic, default: 0] >= Self.maximumErrors { return others }
        return windows.count < Self.maximumKinds ? own : Kind()
    }
}

extension LogLine {
    /// The line with the number of lines like it that are not written.
    fileprivate func suppressing(_ count: Int) -> LogLine {
        guard count > 0 else { return self }
        var line = self
        line.fields.append((key: "suppressed", value: .integer(Int64(count))))
        return line
    }
}

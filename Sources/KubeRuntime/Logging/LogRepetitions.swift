import KubeClient

/// Limits a warning or error that repeats to one line a minute; each line is either written or counted.
///
/// Two lines are repetitions if their level, logger, message, context and error are equal; the object does not matter.
/// The first one is written at once and starts a window of one minute. Repetitions within it are held back; at its end
/// the last one is written with the number of the others, and the next window starts.
///
/// Because errors contain times, ports and names, digits are ignored, and errors of one message beyond the tenth
/// count as equal.
struct LogRepetitions: Sendable {
    /// How long repetitions are held back after a line was written.
    static let window = Duration.seconds(60)
    /// The maximum number of errors of one message that are distinguished.
    static let maximumErrors = 10
    /// The maximum number of kinds of lines that are distinguished; the others count as one kind.
    static let maximumKinds = 250

    private struct Topic: Hashable {
        let level: LogLevel
        let logger: String
        let message: String
        let context: String
    }

    private struct Kind: Hashable {
        /// Nil for the topics beyond ``maximumKinds``.
        var topic: Topic?
        /// Nil for the errors beyond ``maximumErrors``.
        var error: String?
    }

    private struct Window {
        let end: ContinuousClock.Instant
        /// The last line held back.
        var last: LogLine?
        /// The number of lines held back.
        var count = 0
    }

    private var windows: [Kind: Window] = [:]
    /// The size of the text of the lines that are held back.
    var heldBackBytes: Int { windows.values.reduce(0) { $0 + ($1.last?.textSize ?? 0) } }

    /// The number of distinguished errors of each topic.
    private var errors: [Topic: Int] = [:]

    /// Returns true if `line` must be written now; otherwise holds it back.
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

    /// Returns the lines whose window has ended, oldest first, and forgets the kinds that did not repeat.
    mutating func due(now: ContinuousClock.Instant) -> [LogLine] {
        take { $0.end <= now ? now.advanced(by: Self.window) : nil }
    }

    /// Returns all lines held back, oldest first; for the end of the process.
    mutating func rest(now: ContinuousClock.Instant) -> [LogLine] {
        take { _ in now.advanced(by: Self.window) }
    }

    /// The end of the window that ends next; nil without a window.
    var nextEnd: ContinuousClock.Instant? { windows.values.map(\.end).min() }

    /// Ends each window for which `next` returns a new end, and starts that one if a line was held back.
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

    /// The first 1,024 bytes of a text, with each number replaced by `#`.
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
    /// The line with the number of its repetitions that are not written.
    fileprivate func suppressing(_ count: Int) -> LogLine {
        guard count > 0 else { return self }
        var line = self
        line.fields.append((key: "suppressed", value: .integer(Int64(count))))
        return line
    }
}

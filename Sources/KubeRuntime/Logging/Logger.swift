package import KubeClient

/// Writes structured log lines with a name and a context; cheap to copy and to extend.
///
/// A line has controller-runtime's keys: `level`, `ts`, `logger`, `msg`, then the context, then the call's fields.
/// Never pass values that a user may consider secret, such as the parameters of a workflow. ``hiding(_:)`` masks them
/// in text from other sources, such as API errors.
public struct Logger: Sendable {
    /// The keys and values of a line, in order.
    public typealias Fields = KeyValuePairs<String, LogValue>

    /// The destination, shared by all loggers derived from one another.
    public let sink: LogSink
    public private(set) var name: String
    private var context: [LogLine.Field] = []
    private var subject: [LogLine.Field] = []
    private var mask: Mask?

    public init(_ sink: LogSink, name: String = "") {
        self.sink = sink
        self.name = name
    }

    /// Returns a logger for a component; the names are joined by a dot.
    public func named(_ part: String) -> Logger {
        var logger = self
        logger.name = name.isEmpty ? part : "\(name).\(part)"
        return logger
    }

    /// Returns a logger that adds these fields; lines that differ in them are not repetitions of each other.
    public func with(_ fields: Fields) -> Logger {
        var logger = self
        logger.context += fields.map { (key: $0.key, value: $0.value.value(masking: nil)) }
        return logger
    }

    /// Returns a logger for one object; lines that differ only in these fields are repetitions of each other.
    public func about(_ fields: Fields) -> Logger {
        var logger = self
        logger.subject += fields.map { (key: $0.key, value: $0.value.value(masking: nil)) }
        return logger
    }

    /// Returns a logger that masks errors and other foreign text; replaces an earlier mask.
    package func hiding(_ mask: Mask) -> Logger {
        var logger = self
        logger.mask = mask
        return logger
    }

    public func debug(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        log(.debug, message, fields)
    }

    public func info(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        log(.info, message, fields)
    }

    public func warn(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        log(.warn, message, fields)
    }

    /// Writes an error line; `error` becomes the field `error`.
    public func error(
        _ message: @autoclosure () -> String, error: (any Error)? = nil, _ fields: @autoclosure () -> Fields = [:]
    ) {
        log(.error, message, fields, error)
    }

    private func log(
        _ level: LogLevel, _ message: () -> String, _ fields: () -> Fields, _ error: (any Error)? = nil
    ) {
        guard sink.level <= level else { return }
        var own = fields().map { (key: $0.key, value: $0.value.value(masking: mask)) }
        if let error { own.append((key: "error", value: LogValue.foreign("\(error)").value(masking: mask))) }
        sink.write(
            LogLine(
                time: sink.now, level: level, logger: name, message: message(), context: context, subject: subject,
                fields: own))
    }
}

/// The value of a field in a log line, and whether the logger's mask applies to it.
///
/// Text from an API server, a webhook or an engine can contain values that readers of the log must not see, so the mask
/// applies to it. The operator's own text and the names of objects are written unchanged.
public enum LogValue: Sendable, Hashable {
    /// The operator's own text, or the name of an object: never masked.
    case own(String)
    /// Text from another source, such as an error: masked.
    case foreign(String)
    case integer(Int64)
    case bool(Bool)
    /// A span of time, rounded as in ``Swift/Duration/readable``.
    case duration(Duration)
    /// Several of the operator's own values: never masked.
    case object([String: String])

    /// Text of unknown origin: masked.
    public static func string(_ text: String) -> LogValue { .foreign(text) }

    /// The value to write, with `mask` applied to foreign text.
    func value(masking mask: Mask?) -> JSONValue {
        switch self {
        case .own(let text): .string(text)
        case .foreign(let text): .string(mask?.applied(to: text) ?? text)
        case .integer(let number): .integer(number)
        case .bool(let bool): .bool(bool)
        case .duration(let duration): .string(duration.readable)
        case .object(let members):
            .object(
                JSONObject(
                    uniqueMembers: members.sorted { $0.key < $1.key }
                        .map { JSONObject.Member(key: $0.key, value: .string($0.value)) }))
        }
    }
}

extension LogValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    public init(stringLiteral value: String) { self = .own(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension Duration {
    /// The duration as people read it, rounded to two or three digits: `640µs`, `467ms`, `1.2s`, `1m30s`, `2h5m`.
    ///
    /// Negative durations are `0s`.
    package var readable: String {
        let (seconds, attoseconds) = components
        guard self > .zero else { return "0s" }
        if seconds == 0 {
            let microseconds = (attoseconds + 500_000_000_000) / 1_000_000_000_000
            if microseconds < 1_000 { return microseconds == 0 ? "0s" : "\(microseconds)µs" }
            let milliseconds = (attoseconds + 500_000_000_000_000) / 1_000_000_000_000_000
            if milliseconds < 1_000 { return "\(milliseconds)ms" }
        }
        if seconds < 60 {
            let tenths = seconds * 10 + (attoseconds + 50_000_000_000_000_000) / 100_000_000_000_000_000
            if tenths < 600 { return tenths % 10 == 0 ? "\(tenths / 10)s" : "\(tenths / 10).\(tenths % 10)s" }
        }
        let rounded = attoseconds >= 500_000_000_000_000_000 ? seconds.addingReportingOverflow(1) : (seconds, false)
        let total = rounded.1 ? seconds : rounded.0
        let (hours, minutes, rest) = (total / 3_600, total / 60 % 60, total % 60)
        if hours > 0 { return minutes == 0 ? "\(hours)h" : "\(hours)h\(minutes)m" }
        return rest == 0 ? "\(minutes)m" : "\(minutes)m\(rest)s"
    }
}

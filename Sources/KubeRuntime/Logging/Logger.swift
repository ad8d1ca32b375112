package import KubeClient

/// Writes structured log lines with a name and a context; cheap to copy and to extend.
///
/// A line has the keys of controller-runtime: `level`, `ts`, `logger`, `msg`, then the context, then the call's own.
/// Values a user may consider secret, such as the parameters of a workflow, must never be passed to it; where a foreign
/// text may repeat them, ``hiding(_:)`` takes them out.
public struct Logger: Sendable {
    /// Keys and values of a line, in order.
    public typealias Fields = KeyValuePairs<String, LogValue>

    /// Where the lines go; shared by all loggers made from one another.
    public let sink: LogSink
    public private(set) var name: String
    private var context: [LogLine.Field] = []
    private var subject: [LogLine.Field] = []
    private var mask: Mask?

    public init(_ sink: LogSink, name: String = "") {
        self.sink = sink
        self.name = name
    }

    /// A logger for a part of what this one logs for; the names are joined by a dot.
    public func named(_ part: String) -> Logger {
        var logger = self
        logger.name = name.isEmpty ? part : "\(name).\(part)"
        return logger
    }

    /// A logger whose lines carry these keys too; lines with other values of them are other lines.
    public func with(_ fields: Fields) -> Logger {
        var logger = self
        logger.context += fields.map { (key: $0.key, value: $0.value.value(masking: nil)) }
        return logger
    }

    /// A logger for what concerns one object; in a storm, lines that differ in these values only are one.
    public func about(_ fields: Fields) -> Logger {
        var logger = self
        logger.subject += fields.map { (key: $0.key, value: $0.value.value(masking: nil)) }
        return logger
    }

    /// A logger that applies a mask to errors and other foreign texts; it takes the place of an earlier mask.
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

    /// Writes an error line; `error`, when given, becomes the key `error`.
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

/// The value of a key in a log line, with what is known about where it comes from.
///
/// A text that somebody else wrote, such as an API server, a webhook or an engine, may repeat what its readers must not
/// see: a logger's mask is applied to it. The operator's own words, and the names of objects, are written as they are.
public enum LogValue: Sendable, Hashable {
    /// The operator's own words, and names of objects: never masked.
    case own(String)
    /// A text from elsewhere, such as an error: masked.
    case foreign(String)
    case integer(Int64)
    case bool(Bool)
    /// Several of the operator's own values: never masked.
    case object([String: String])

    /// A text of which it is not known where it comes from: masked.
    public static func string(_ text: String) -> LogValue { .foreign(text) }

    /// What is written, after `mask` was applied to a foreign text.
    func value(masking mask: Mask?) -> JSONValue {
        switch self {
        case .own(let text): .string(text)
        case .foreign(let text): .string(mask?.applied(to: text) ?? text)
        case .integer(let number): .integer(number)
        case .bool(let bool): .bool(bool)
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

public import KubeClient

/// Writes structured log lines with a name and a context; cheap to copy and to extend.
///
/// A line has the keys of controller-runtime: `level`, `ts`, `logger`, `msg`, then the context, then the call's own.
/// Values a user may consider secret, such as the parameters of a workflow, must never be passed to it.
public struct Logger: Sendable {
    /// Keys and values of a line, in order.
    public typealias Fields = KeyValuePairs<String, JSONValue>

    /// Where the lines go; shared by all loggers made from one another.
    public let sink: LogSink
    public let name: String
    private let context: [(key: String, value: JSONValue)]

    public init(_ sink: LogSink, name: String = "") {
        self.init(sink: sink, name: name, context: [])
    }

    private init(sink: LogSink, name: String, context: [(key: String, value: JSONValue)]) {
        self.sink = sink
        self.name = name
        self.context = context
    }

    /// A logger for a part of what this one logs for; the names are joined by a dot.
    public func named(_ part: String) -> Logger {
        Logger(sink: sink, name: name.isEmpty ? part : "\(name).\(part)", context: context)
    }

    /// A logger whose lines carry these keys too.
    public func with(_ fields: Fields) -> Logger {
        Logger(sink: sink, name: name, context: context + Array(fields))
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
        guard sink.level <= .error else { return }
        var all = context + Array(fields())
        if let error { all.append((key: "error", value: .string("\(error)"))) }
        sink.write(LogLine(level: .error, logger: name, message: message(), fields: all))
    }

    private func log(_ level: LogLevel, _ message: () -> String, _ fields: () -> Fields) {
        guard sink.level <= level else { return }
        sink.write(LogLine(level: level, logger: name, message: message(), fields: context + Array(fields())))
    }
}

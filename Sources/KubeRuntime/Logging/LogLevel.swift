/// How important a log line is.
public enum LogLevel: UInt8, Sendable, Hashable, Comparable, CaseIterable, CustomStringConvertible {
    case debug
    case info
    case warn
    case error
    /// No line is so important: as a threshold it lets none pass.
    case panic

    /// Reads a level as flags write it, in any case; `warning` is `warn`, and zap's numbers above 0 are `debug`.
    public init?(parsing text: String) {
        let word = text.lowercased()
        let known = Self.allCases.first { $0.description == word }
        let other: LogLevel? = word == "warning" ? .warn : (Int(word) ?? 0) > 0 ? .debug : nil
        guard let level = known ?? other else { return nil }
        self = level
    }

    public var description: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warn: "warn"
        case .error: "error"
        case .panic: "panic"
        }
    }

    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}

/// How log lines are written.
public enum LogFormat: String, Sendable, Hashable {
    /// One JSON object per line.
    case json
    /// For people: time, level, logger, message, then `key=value`.
    case text
}

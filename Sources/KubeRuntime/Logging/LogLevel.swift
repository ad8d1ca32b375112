/// How important a log line is.
public enum LogLevel: UInt8, Sendable, Hashable, Comparable, CaseIterable, CustomStringConvertible {
    case debug
    case info
    case warn
    case error

    /// Reads a level as flags write it, in any case; `warning` is `warn`.
    public init?(parsing text: String) {
        let word = text.lowercased()
        let known = Self.allCases.first { $0.description == word }
        guard let level = known ?? (word == "warning" ? .warn : nil) else { return nil }
        self = level
    }

    public var description: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warn: "warn"
        case .error: "error"
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

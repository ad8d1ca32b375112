import KubeClient

/// The severity of a log line, and the threshold of a log.
public enum LogLevel: UInt8, Sendable, Hashable, Comparable, CaseIterable, CustomStringConvertible {
    case debug
    case info
    case warn
    case error
    /// Turns the log off when used as the threshold; no line has this level.
    case panic

    /// Parses a flag's value, ignoring case; `warning` is `warn`, and zap's numbers above 0 are `debug`.
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

/// The format of log lines.
public enum LogFormat: String, Sendable, Hashable {
    /// One JSON object per line, with every key.
    case json
    /// For a terminal: time, level, logger, object, message, then `key=value` without the keys only programs need.
    case text

    /// The default format: text on a terminal, JSON otherwise.
    public static func automatic(isTerminal: Bool) -> LogFormat { isTerminal ? .text : .json }
}

/// The format of a log line's time; all cases but the first have the names and forms that zap uses.
public enum LogTimeEncoding: String, Sendable, Hashable, CaseIterable {
    /// `2026-01-01T10:00:00.001500Z`
    case rfc3339micro
    /// `2026-01-01T10:00:00Z`
    case rfc3339
    /// `2026-01-01T10:00:00.0015Z`, without trailing zeros in the fraction.
    case rfc3339nano
    /// `2026-01-01T10:00:00.001Z`
    case iso8601
    /// Seconds since 1970 with a fraction, as a number: `1767261600.0015`
    case epoch
    /// Milliseconds since 1970 with a fraction, as a number: `1767261600001.5`
    case millis
    /// Nanoseconds since 1970, as a number: `1767261600001500000`
    case nanos

    /// True if the text is a number in JSON.
    var isNumber: Bool {
        switch self {
        case .epoch, .millis, .nanos: true
        case .rfc3339micro, .rfc3339, .rfc3339nano, .iso8601: false
        }
    }

    /// The time in this form, in UTC; numbers clamp times before 1970 to 0.
    func text(of time: Timestamp) -> String {
        let time = isNumber ? max(time, Timestamp(seconds: 0)) : time
        let nanoseconds = Int64(time.nanoseconds)
        switch self {
        case .rfc3339micro: return time.rfc3339Microseconds
        case .rfc3339: return time.rfc3339
        case .rfc3339nano: return "\(time.rfc3339.dropLast())\(Duration.fractionText(nanoseconds))Z"
        case .iso8601: return "\(time.rfc3339.dropLast()).\(Self.padded(nanoseconds / 1_000_000, 3))Z"
        case .epoch: return "\(time.seconds)\(Duration.fractionText(nanoseconds))"
        case .millis:
            // The last six digits of the nanoseconds are the fraction of a millisecond.
            let fraction = Duration.fractionText(nanoseconds % 1_000_000 * 1_000)
            return "\(time.seconds * 1_000 + nanoseconds / 1_000_000)\(fraction)"
        case .nanos: return time.seconds == 0 ? "\(nanoseconds)" : "\(time.seconds)\(Self.padded(nanoseconds, 9))"
        }
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}

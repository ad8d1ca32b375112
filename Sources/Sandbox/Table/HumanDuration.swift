import KubeClient

/// Durations in the short form tables show: `45s`, `5m10s`, `3h`, `2d4h`.
enum HumanDuration {
    /// The form of a number of seconds; two units while the larger one alone would be coarse.
    static func text(seconds: Int64) -> String {
        if seconds < -1 { return "<invalid>" }
        if seconds < 0 { return "0s" }
        if seconds < 120 { return "\(seconds)s" }
        let minutes = seconds / 60
        if minutes < 10 { return joined(minutes, "m", seconds % 60, "s") }
        if minutes < 180 { return "\(minutes)m" }
        let hours = minutes / 60
        if hours < 8 { return joined(hours, "h", minutes % 60, "m") }
        if hours < 48 { return "\(hours)h" }
        let days = hours / 24
        if hours < 192 { return joined(days, "d", hours % 24, "h") }
        if days < 730 { return "\(days)d" }
        if days < 2920 { return joined(days / 365, "y", days % 365, "d") }
        return "\(days / 365)y"
    }

    private static func joined(_ large: Int64, _ unit: String, _ small: Int64, _ smallUnit: String) -> String {
        small == 0 ? "\(large)\(unit)" : "\(large)\(unit)\(small)\(smallUnit)"
    }

    /// The time that passed since an RFC 3339 time; `<unknown>` when there is none.
    static func cell(_ time: JSONValue?, _ now: Timestamp) -> JSONValue {
        guard let text = time?.stringValue, let since = Timestamp(rfc3339: text) else { return "<unknown>" }
        return .string(self.text(seconds: now.seconds - since.seconds))
    }
}

/// The duration texts of Go's `time.ParseDuration`, which Tekton uses for its timeouts: `1h30m0s`, `4s`, `0`.
enum GoDuration {
    /// The text for a number of seconds, as Go itself would print it.
    static func text(seconds: Int64) -> String {
        let seconds = max(0, seconds)
        let (hours, rest) = seconds.quotientAndRemainder(dividingBy: 3600)
        let (minutes, remainder) = rest.quotientAndRemainder(dividingBy: 60)
        if hours > 0 { return "\(hours)h\(minutes)m\(remainder)s" }
        if minutes > 0 { return "\(minutes)m\(remainder)s" }
        return "\(remainder)s"
    }

    /// The whole seconds of a duration text, rounded down; nil for text that is none, and for negative ones.
    static func seconds(_ text: String) -> Int64? {
        if text == "0" { return 0 }
        var rest = Substring(text)
        var total = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            guard number.utf8.count <= 18, let value = Double(number) else { return nil }
            rest = rest[number.endIndex...]
            let unit = rest.prefix { !($0.isASCII && $0.isNumber || $0 == ".") }
            guard let scale = secondsPerUnit[String(unit)] else { return nil }
            rest = rest[unit.endIndex...]
            total += value * scale
        }
        return Int64(exactly: total.rounded(.down))
    }

    private static let secondsPerUnit: [String: Double] = [
        "h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9,
    ]
}

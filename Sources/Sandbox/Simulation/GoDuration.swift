/// Durations as Go writes them and as both engines' manifests have them: `1h30m`, `4s`, `500ms`.
enum GoDuration {
    /// The longest duration that is read, a hundred years; longer ones count as this.
    private static let longest = 3_155_760_000.0

    /// Reads a sequence of numbers with units; nil when the text is none. A sign is not accepted.
    static func parse(_ text: String) -> Duration? {
        if text == "0" { return .zero }
        var rest = Substring(text)
        guard !rest.isEmpty, text.utf8.count <= 64 else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            guard let number = Double(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            guard let seconds = secondsPerUnit(unit) else { return nil }
            rest = rest.dropFirst(unit.count)
            total += number * seconds
        }
        let seconds = min(total, longest).rounded(.down)
        let nanoseconds = ((min(total, longest) - seconds) * 1_000_000_000).rounded()
        return .seconds(Int64(seconds)) + .nanoseconds(Int64(nanoseconds))
    }

    private static func secondsPerUnit(_ unit: Substring) -> Double? {
        switch unit {
        case "h": 3600
        case "m": 60
        case "s": 1
        case "ms": 0.001
        case "us", "µs": 0.000_001
        case "ns": 0.000_000_001
        default: nil
        }
    }

    /// `1h0m0s`, `1m30s`, `4s`, `1.5s`, `500ms`; what is shorter than a millisecond is cut off.
    static func format(_ duration: Duration) -> String {
        let parts = duration.components
        let milliseconds = parts.attoseconds / 1_000_000_000_000_000
        if parts.seconds == 0 { return milliseconds == 0 ? "0s" : "\(milliseconds)ms" }
        var seconds = String(parts.seconds % 60)
        if milliseconds > 0 {
            var fraction = String(milliseconds + 1000).dropFirst()
            while fraction.last == "0" { fraction = fraction.dropLast() }
            seconds += ".\(fraction)"
        }
        let minutes = parts.seconds / 60
        if minutes == 0 { return "\(seconds)s" }
        return minutes < 60 ? "\(minutes)m\(seconds)s" : "\(minutes / 60)h\(minutes % 60)m\(seconds)s"
    }
}

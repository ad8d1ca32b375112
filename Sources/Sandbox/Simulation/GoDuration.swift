/// Durations as Go writes them and as both engines' manifests have them: `1h30m`, `4s`, `500ms`.
enum GoDuration {
    /// Reads a duration that is not negative; nil when the text is none.
    static func parse(_ text: String) -> Duration? {
        guard text.utf8.count <= 64, let duration = Duration(goDuration: text), duration >= .zero else { return nil }
        return duration
    }

    /// `1h0m0s`, `1m30s`, `4s`, `1.5s`, `500ms`; what is shorter than a millisecond is cut off.
    static func format(_ duration: Duration) -> String {
        let parts = duration.components
        let milliseconds = parts.attoseconds / 1_000_000_000_000_000
        if parts.seconds == 0 { return milliseconds == 0 ? "0s" : "\(milliseconds)ms" }
        let seconds = "\(parts.seconds % 60)\(Duration.fractionText(milliseconds * 1_000_000))"
        let minutes = parts.seconds / 60
        if minutes == 0 { return "\(seconds)s" }
        return minutes < 60 ? "\(minutes)m\(seconds)s" : "\(minutes / 60)h\(minutes % 60)m\(seconds)s"
    }
}

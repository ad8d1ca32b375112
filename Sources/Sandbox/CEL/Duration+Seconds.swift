import KubeClient

extension Duration {
    /// Seconds with their fraction and an `s`, as `string(duration)` writes them.
    var secondsText: String {
        let parts = components
        let nanoseconds = abs(parts.attoseconds / 1_000_000_000)
        let sign = parts.seconds < 0 || parts.attoseconds < 0 ? "-" : ""
        return "\(sign)\(abs(parts.seconds))\(Self.fractionText(nanoseconds))s"
    }
}

/// Durations in Go's notation, which both engines use in their manifests: `1h30m`, `4s`, `500ms`.
extension Duration {
    /// The longest duration that fits 64 bits of nanoseconds.
    private static let longest = Duration.nanoseconds(Int64.max)

    /// Parses Go's notation, such as `1h30m` or `-1.5s`; nil if the text is invalid or exceeds 64 bits of nanoseconds.
    package init?(goDuration text: String) {
        var rest = Substring(text).utf8
        var isNegative = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest = rest.dropFirst()
        }
        if rest.elementsEqual("0".utf8) {
            self = .zero
            return
        }
        guard !rest.isEmpty else { return nil }
        var total = Duration.zero
        while !rest.isEmpty {
            guard let amount = Self.readAmount(&rest), let unit = Self.readUnit(&rest) else { return nil }
            // Computed separately, so that neither loses digits that nanoseconds can represent.
            let (whole, overflowed) = amount.whole.multipliedReportingOverflow(by: unit)
            guard !overflowed else { return nil }
            total += .nanoseconds(whole) + .nanoseconds(Int64(amount.fraction * Double(unit)))
            guard total <= Self.longest else { return nil }
        }
        self = isNegative ? .zero - total : total
    }

    private static func readAmount(_ rest: inout Substring.UTF8View) -> (whole: Int64, fraction: Double)? {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let whole = rest.prefix { digits.contains($0) }
        rest = rest.dropFirst(whole.count)
        var fraction = rest.prefix(0)
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fraction = rest.prefix { digits.contains($0) }
            rest = rest.dropFirst(fraction.count)
        }
        guard !whole.isEmpty || !fraction.isEmpty, let value = Int64("0" + String(Substring(whole))) else { return nil }
        return (value, fraction.isEmpty ? 0 : Double("0." + String(Substring(fraction))) ?? 0)
    }

    /// The nanoseconds of the unit at the start of the rest of the text.
    private static func readUnit(_ rest: inout Substring.UTF8View) -> Int64? {
        let units: [(String, Int64)] = [
            ("ns", 1), ("us", 1000), ("µs", 1000), ("μs", 1000), ("ms", 1_000_000), ("s", 1_000_000_000),
            ("m", 60_000_000_000), ("h", 3_600_000_000_000),
        ]
        for (name, value) in units where rest.starts(with: name.utf8) {
            rest = rest.dropFirst(name.utf8.count)
            return value
        }
        return nil
    }

    /// True if the duration fits 64 bits of nanoseconds.
    package var fitsNanoseconds: Bool { self <= Self.longest && self >= .zero - Self.longest }

    /// Parses a time limit in Go's notation; nil if the text is invalid or the duration is negative.
    package static func goLimit(_ text: String) -> Duration? {
        guard text.utf8.count <= 64, let duration = Duration(goDuration: text), duration >= .zero else { return nil }
        return duration
    }

    /// The duration as Go prints it: `1h0m0s`, `1m30s`, `4s`, `1.5s`, `500ms`, truncated to milliseconds.
    ///
    /// A negative duration is `0s`.
    package var goText: String {
        guard self > .zero else { return "0s" }
        let parts = components
        let milliseconds = parts.attoseconds / 1_000_000_000_000_000
        if parts.seconds == 0 { return milliseconds == 0 ? "0s" : "\(milliseconds)ms" }
        let seconds = "\(parts.seconds % 60)\(Self.fractionText(milliseconds * 1_000_000))s"
        let minutes = parts.seconds / 60
        if minutes == 0 { return seconds }
        return minutes < 60 ? "\(minutes)m\(seconds)" : "\(minutes / 60)h\(minutes % 60)m\(seconds)"
    }

    /// `.5` for 500,000,000 nanoseconds; empty for zero.
    package static func fractionText(_ nanoseconds: Int64) -> String {
        guard nanoseconds > 0 else { return "" }
        var digits = String(nanoseconds)
        digits = String(repeating: "0", count: max(0, 9 - digits.utf8.count)) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return "." + digits
    }
}

extension Duration {
    /// The largest duration that 64 bits of nanoseconds hold.
    private static let longest = Duration.nanoseconds(Int64.max)

    /// Reads Go's form, such as `1h30m` or `-1.5s`; nil when the text is none or does not fit 64 bits of nanoseconds.
    init?(goDuration text: String) {
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
            // Whole and fraction apart: neither loses a digit that nanoseconds can hold.
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

    /// The nanoseconds of the unit the text goes on with.
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

    /// True when 64 bits of nanoseconds hold the duration.
    var fitsNanoseconds: Bool { self <= Self.longest && self >= .zero - Self.longest }

    /// Seconds with their fraction and an `s`, as `string(duration)` writes them.
    var secondsText: String {
        let parts = components
        let nanoseconds = abs(parts.attoseconds / 1_000_000_000)
        let sign = parts.seconds < 0 || parts.attoseconds < 0 ? "-" : ""
        return "\(sign)\(abs(parts.seconds))\(Self.fractionText(nanoseconds))s"
    }

    /// `.5` for half a billion nanoseconds; empty for none.
    static func fractionText(_ nanoseconds: Int64) -> String {
        guard nanoseconds > 0 else { return "" }
        var digits = String(nanoseconds)
        digits = String(repeating: "0", count: max(0, 9 - digits.utf8.count)) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return "." + digits
    }
}

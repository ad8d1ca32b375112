/// Takes a text apart from its front, literal by literal and number by number.
struct TextScanner {
    private(set) var rest: Substring

    init(_ text: some StringProtocol) {
        rest = Substring(text)
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// Consumes `literal` and returns true, or leaves everything as it is.
    mutating func consume(_ literal: String) -> Bool {
        guard rest.hasPrefix(literal) else { return false }
        rest = rest.dropFirst(literal.count)
        return true
    }

    /// Consumes a run of at most nine ASCII digits; nil where there is none, or where there are more.
    mutating func number() -> Int32? {
        let digits = rest.utf8.prefix { ($0 >= UInt8(ascii: "0")) && ($0 <= UInt8(ascii: "9")) }
        guard (1...9).contains(digits.count), let value = Int32(Substring(digits)) else { return nil }
        rest = rest[digits.endIndex...]
        return value
    }

    /// Consumes a whole number of at most ten digits, with a minus sign or without; nil where there is none.
    ///
    /// Windows has exit codes of 32 bits, which appear as negative numbers or with ten digits.
    mutating func integer() -> Int64? {
        let sign = rest.hasPrefix("-") ? 1 : 0
        let digits = rest.dropFirst(sign).utf8.prefix { ($0 >= UInt8(ascii: "0")) && ($0 <= UInt8(ascii: "9")) }
        guard (1...10).contains(digits.count), let value = Int64(Substring(digits)) else { return nil }
        rest = rest[digits.endIndex...]
        return sign == 1 ? -value : value
    }

    /// Consumes everything up to `literal`, and `literal` itself; nil, and nothing consumed, where it does not occur.
    mutating func text(before literal: String) -> Substring? {
        guard let range = rest.firstRange(of: literal) else { return nil }
        let text = rest[..<range.lowerBound]
        rest = rest[range.upperBound...]
        return text
    }
}

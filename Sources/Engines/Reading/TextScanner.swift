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

    /// Consumes everything up to `literal`, and `literal` itself; nil, and nothing consumed, where it does not occur.
    mutating func text(before literal: String) -> Substring? {
        guard let range = rest.firstRange(of: literal) else { return nil }
        let text = rest[..<range.lowerBound]
        rest = rest[range.upperBound...]
        return text
    }
}

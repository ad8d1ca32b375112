/// A bounds-checked reader over the bytes of one JSON text (RFC 8259).
///
/// A decoder reads the text once and picks the fields it needs; skipped values are neither copied nor allocated. Lists
/// and watches are decoded this way, ten times faster than with `JSONDecoder`. On malformed input every method throws
/// ``JSONError``.
///
/// ```swift
/// var name = ""
/// try cursor.forEachField { (key, cursor) throws(JSONError) in
///     switch key {
///     case "name": name = try cursor.readString()
///     default: try cursor.skipValue()
///     }
/// }
/// ```
public struct JSONCursor: Sendable {
    /// The maximum nesting depth, which bounds recursion; deeper texts are rejected.
    public static let maximumDepth = 200

    let bytes: [UInt8]
    var position: Int
    let end: Int
    var depth = 0
    /// The number of strings that ``readString()`` has cut.
    public private(set) var cutStrings = 0

    /// A cursor at the start of `bytes`.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        self.position = 0
        self.end = bytes.count
    }

    /// A cursor over a part of `bytes`, without a copy; the range is clamped to the array.
    public init(_ bytes: [UInt8], range: Range<Int>) {
        let clamped = range.clamped(to: 0..<bytes.count)
        self.bytes = bytes
        self.position = clamped.lowerBound
        self.end = clamped.upperBound
    }

    /// The byte offset of the next unread byte.
    public var offset: Int { position }

    func failure(_ message: String) -> JSONError { JSONError(message, offset: position) }

    mutating func skipWhitespace() {
        while position < end {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// The next byte that is not white space, without consuming it; nil at the end of the text.
    mutating func peekByte() -> UInt8? {
        skipWhitespace()
        return position < end ? bytes[position] : nil
    }

    mutating func consume(_ byte: UInt8, _ name: String) throws(JSONError) {
        guard peekByte() == byte else { throw failure("expected \(name)") }
        position += 1
    }

    mutating func consumeLiteral(_ literal: StaticString) throws(JSONError) {
        let count = literal.utf8CodeUnitCount
        guard end - position >= count else { throw failure("expected \(literal)") }
        for index in 0..<count where bytes[position + index] != literal.utf8Start[index] {
            throw failure("expected \(literal)")
        }
        position += count
    }

    mutating func enter() throws(JSONError) {
        depth += 1
        guard depth <= Self.maximumDepth else { throw failure("nested deeper than \(Self.maximumDepth) levels") }
    }

    /// Throws unless only white space remains.
    public mutating func expectEnd() throws(JSONError) {
        guard peekByte() == nil else { throw failure("unexpected text after the value") }
    }
}

/// A syntax error in a JSON text.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the parser expected or found.
    public let message: String
    /// The byte offset of the error.
    public let offset: Int

    public init(_ message: String, offset: Int) {
        self.message = message
        self.offset = offset
    }

    public var description: String { "invalid JSON at byte \(offset): \(message)" }
}

extension JSONCursor {
    /// The kind of a JSON value, determined by its first byte.
    public enum Kind: Sendable {
        case object, array, string, number, bool, null
    }

    /// Returns the kind of the next value without consuming it.
    public mutating func kind() throws(JSONError) -> Kind {
        guard let byte = peekByte() else { throw failure("unexpected end of text") }
        switch byte {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw failure("expected a value")
        }
    }

    /// Reads an object; `body` must consume the value of each key.
    public mutating func forEachField(
        _ body: (_ key: String, _ cursor: inout JSONCursor) throws(JSONError) -> Void
    ) throws(JSONError) {
        try forEachField(isExact: false, body)
    }

    /// Reads an object; with `isExact`, keys are never cut.
    mutating func forEachField(
        isExact: Bool, _ body: (_ key: String, _ cursor: inout JSONCursor) throws(JSONError) -> Void
    ) throws(JSONError) {
        try consume(UInt8(ascii: "{"), "an object")
        try enter()
        defer { depth -= 1 }
        if peekByte() == UInt8(ascii: "}") {
            position += 1
            return
        }
        while true {
            guard peekByte() == UInt8(ascii: "\"") else { throw failure("expected a quoted key") }
            let key = isExact ? try readExactString() : try readString()
            try consume(UInt8(ascii: ":"), "\":\"")
            try body(key, &self)
            if try endsContainer(UInt8(ascii: "}")) { return }
        }
    }

    /// Reads an array; `body` must consume each element.
    public mutating func forEachElement(
        _ body: (_ cursor: inout JSONCursor) throws(JSONError) -> Void
    ) throws(JSONError) {
        try consume(UInt8(ascii: "["), "an array")
        try enter()
        defer { depth -= 1 }
        if peekByte() == UInt8(ascii: "]") {
            position += 1
            return
        }
        while true {
            try body(&self)
            if try endsContainer(UInt8(ascii: "]")) { return }
        }
    }

    /// Consumes a comma and returns false, or the closing bracket and returns true.
    private mutating func endsContainer(_ close: UInt8) throws(JSONError) -> Bool {
        switch peekByte() {
        case UInt8(ascii: ","):
            position += 1
            return false
        case close:
            position += 1
            return true
        default:
            throw failure("expected \",\" or \"\(Character(UnicodeScalar(close)))\"")
        }
    }

    /// Skips the next value of any kind and returns the range of its bytes.
    ///
    /// Any nesting depth is skipped: API servers accept 10,000 levels in fields without a schema, and one such object
    /// must not make a list or a watch unreadable. Below ``maximumDepth`` only the number of brackets is checked.
    @discardableResult
    public mutating func skipValue() throws(JSONError) -> Range<Int> {
        let kind = try kind()
        let start = position
        switch kind {
        case .string: try skipString()
        case .number: _ = try readNumberRange()
        case .bool: _ = try readBool()
        case .null: try consumeLiteral("null")
        case .object where depth >= Self.maximumDepth, .array where depth >= Self.maximumDepth: try skipDeepContainer()
        case .object:
            try forEachFieldSkippingKeys()
        case .array:
            try forEachElement { (cursor) throws(JSONError) in _ = try cursor.skipValue() }
        }
        return start..<position
    }

    /// Skips an object or array without recursion.
    private mutating func skipDeepContainer() throws(JSONError) {
        var open = 0
        repeat {
            switch peekByte() {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                open += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                open -= 1
                position += 1
            case UInt8(ascii: "\""): try skipString()
            case nil: throw failure("unexpected end of text")
            default: position += 1
            }
        } while open > 0
    }

    private mutating func forEachFieldSkippingKeys() throws(JSONError) {
        try consume(UInt8(ascii: "{"), "an object")
        try enter()
        defer { depth -= 1 }
        if peekByte() == UInt8(ascii: "}") {
            position += 1
            return
        }
        while true {
            guard peekByte() == UInt8(ascii: "\"") else { throw failure("expected a quoted key") }
            try skipString()
            try consume(UInt8(ascii: ":"), "\":\"")
            _ = try skipValue()
            if try endsContainer(UInt8(ascii: "}")) { return }
        }
    }

    /// Copies the bytes of the next value without decoding it.
    public mutating func readRaw() throws(JSONError) -> [UInt8] {
        let range = try skipValue()
        return Array(bytes[range])
    }
}

extension JSONCursor {
    /// Consumes `null` and returns true; otherwise returns false and consumes nothing.
    public mutating func readNull() throws(JSONError) -> Bool {
        guard peekByte() == UInt8(ascii: "n") else { return false }
        try consumeLiteral("null")
        return true
    }

    public mutating func readBool() throws(JSONError) -> Bool {
        switch peekByte() {
        case UInt8(ascii: "t"):
            try consumeLiteral("true")
            return true
        case UInt8(ascii: "f"):
            try consumeLiteral("false")
            return false
        default:
            throw failure("expected true or false")
        }
    }

    /// Reads an integer; a fraction, an exponent, or a value beyond 64 bits is an error.
    public mutating func readInteger() throws(JSONError) -> Int64 {
        let start = position
        let range = try readNumberRange()
        var text = bytes[range]
        let negative = text.first == UInt8(ascii: "-")
        if negative { text = text.dropFirst() }
        var value: Int64 = 0
        for byte in text {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else {
                throw JSONError("expected an integer", offset: start)
            }
            let (scaled, overflowed) = value.multipliedReportingOverflow(by: 10)
            let digit = Int64(byte &- UInt8(ascii: "0"))
            let (sum, carried) =
                negative
                ? scaled.subtractingReportingOverflow(digit) : scaled.addingReportingOverflow(digit)
            guard !overflowed, !carried else { throw JSONError("the number does not fit 64 bits", offset: start) }
            value = sum
        }
        return value
    }

    public mutating func readDouble() throws(JSONError) -> Double {
        let range = try readNumberRange()
        guard let value = Double(String(decoding: bytes[range], as: UTF8.self)), value.isFinite else {
            throw JSONError("the number is out of range", offset: range.lowerBound)
        }
        return value
    }

    /// Consumes a number in the grammar of RFC 8259 and returns its range.
    mutating func readNumberRange() throws(JSONError) -> Range<Int> {
        skipWhitespace()
        let start = position
        if position < end, bytes[position] == UInt8(ascii: "-") { position += 1 }
        let integral = position
        guard consumeDigits() > 0 else { throw failure("expected a number") }
        if bytes[integral] == UInt8(ascii: "0"), position - integral > 1 {
            throw JSONError("number with a leading zero", offset: start)
        }
        if position < end, bytes[position] == UInt8(ascii: ".") {
            position += 1
            guard consumeDigits() > 0 else { throw failure("expected a digit after the decimal point") }
        }
        if position < end, bytes[position] == UInt8(ascii: "e") || bytes[position] == UInt8(ascii: "E") {
            position += 1
            if position < end, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            guard consumeDigits() > 0 else { throw failure("expected a digit in the exponent") }
        }
        return start..<position
    }

    private mutating func consumeDigits() -> Int {
        let start = position
        while position < end, bytes[position] >= UInt8(ascii: "0"), bytes[position] <= UInt8(ascii: "9") {
            position += 1
        }
        return position - start
    }
}

extension JSONCursor {
    /// Reads a string in stream-safe format, so that comparing it takes linear time: more than 30 combining marks in a
    /// row are cut, and counted in ``cutStrings``. Malformed UTF-8 and lone surrogates become U+FFFD, as in Go.
    public mutating func readString() throws(JSONError) -> String {
        let text = try readExactString()
        guard let safe = text.streamSafe else { return text }
        cutStrings &+= 1
        return safe
    }

    /// Reads a string as it is, for a tree of values that is written again.
    mutating func readExactString() throws(JSONError) -> String {
        let content = try scanString()
        guard content.escaped else { return String(decoding: bytes[content.range], as: UTF8.self) }
        return try unescape(content.range)
    }

    mutating func skipString() throws(JSONError) {
        _ = try scanString()
    }

    /// Finds the closing quote and returns whether the string has escapes.
    private mutating func scanString() throws(JSONError) -> (range: Range<Int>, escaped: Bool) {
        guard peekByte() == UInt8(ascii: "\"") else { throw failure("expected a string") }
        position += 1
        let start = position
        var escaped = false
        while position < end {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                position += 1
                return (start..<(position - 1), escaped)
            }
            if byte == UInt8(ascii: "\\") {
                escaped = true
                position += 1
            } else if byte < 0x20 {
                throw failure("control character in a string")
            }
            position += 1
        }
        position = end
        throw failure("unterminated string")
    }

    private func unescape(_ range: Range<Int>) throws(JSONError) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                output.append(byte)
                continue
            }
            guard index < range.upperBound else { throw JSONError("unterminated escape", offset: index) }
            let code = bytes[index]
            index += 1
            switch code {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(code)
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case UInt8(ascii: "n"): output.append(0x0A)
            case UInt8(ascii: "r"): output.append(0x0D)
            case UInt8(ascii: "t"): output.append(0x09)
            case UInt8(ascii: "u"):
                let scalar = try readUnicodeEscape(&index, limit: range.upperBound)
                output.append(contentsOf: Array(String(Character(scalar)).utf8))
            default: throw JSONError("unknown escape", offset: index - 1)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Reads the four digits after `\u`, and the next escape if the first is a high surrogate.
    private func readUnicodeEscape(_ index: inout Int, limit: Int) throws(JSONError) -> UnicodeScalar {
        let first = try readHexadecimal(&index, limit: limit)
        if (0xD800..<0xDC00).contains(first), limit - index >= 6,
            bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u")
        {
            var next = index + 2
            let second = try readHexadecimal(&next, limit: limit)
            if (0xDC00..<0xE000).contains(second) {
                index = next
                return UnicodeScalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)) ?? "\u{FFFD}"
            }
        }
        return UnicodeScalar(first) ?? "\u{FFFD}"
    }

    private func readHexadecimal(_ index: inout Int, limit: Int) throws(JSONError) -> UInt32 {
        guard limit - index >= 4 else { throw JSONError("the Unicode escape is too short", offset: index) }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(UnicodeScalar(bytes[index])).hexDigitValue else {
                throw JSONError("the Unicode escape has a character that is not a hex digit", offset: index)
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }
}

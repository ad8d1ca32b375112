extension JSONCursor {
    /// Reads a string; malformed UTF-8 and lone surrogates become U+FFFD, as in Go's decoder.
    public mutating func readString() throws(JSONError) -> String {
        let content = try scanString()
        guard content.escaped else { return String(decoding: bytes[content.range], as: UTF8.self) }
        return try unescape(content.range)
    }

    mutating func skipString() throws(JSONError) {
        _ = try scanString()
    }

    /// Finds the closing quote and tells whether there are escapes between.
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
        throw failure("string without an end")
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
            guard index < range.upperBound else { throw JSONError("escape without an end", offset: index) }
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

    /// Reads the four digits after `\u`, and a second escape where the first is a high surrogate.
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
        guard limit - index >= 4 else { throw JSONError("unicode escape too short", offset: index) }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(UnicodeScalar(bytes[index])).hexDigitValue else {
                throw JSONError("unicode escape with a digit that is not hexadecimal", offset: index)
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }
}

extension JSONCursor {
    /// Consumes `null` and returns true, or leaves the cursor where it is.
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

    /// Reads a whole number; a fraction, an exponent or a value beyond 64 bits is an error.
    public mutating func readInteger() throws(JSONError) -> Int64 {
        let start = position
        let range = try readNumberRange()
        var text = bytes[range]
        let negative = text.first == UInt8(ascii: "-")
        if negative { text = text.dropFirst() }
        var value: Int64 = 0
        for byte in text {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else {
                throw JSONError("expected a whole number", offset: start)
            }
            let (scaled, overflowed) = value.multipliedReportingOverflow(by: 10)
            let digit = Int64(byte &- UInt8(ascii: "0"))
            let (sum, carried) =
                negative
                ? scaled.subtractingReportingOverflow(digit) : scaled.addingReportingOverflow(digit)
            guard !overflowed, !carried else { throw JSONError("number does not fit 64 bits", offset: start) }
            value = sum
        }
        return value
    }

    public mutating func readDouble() throws(JSONError) -> Double {
        let range = try readNumberRange()
        guard let value = Double(String(decoding: bytes[range], as: UTF8.self)), value.isFinite else {
            throw JSONError("number out of range", offset: range.lowerBound)
        }
        return value
    }

    /// Consumes a number of RFC 8259's grammar and returns where it stands.
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

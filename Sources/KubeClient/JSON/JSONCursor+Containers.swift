extension JSONCursor {
    /// The kind of the next value, told by its first byte.
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

    /// Reads one object; `body` must consume the value of each key it is given.
    public mutating func forEachField(
        _ body: (_ key: String, _ cursor: inout JSONCursor) throws(JSONError) -> Void
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
            let key = try readString()
            try consume(UInt8(ascii: ":"), "\":\"")
            try body(key, &self)
            if try endsContainer(UInt8(ascii: "}")) { return }
        }
    }

    /// Reads one array; `body` must consume each element.
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

    /// Consumes a comma (false) or the closing bracket (true).
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

    /// Skips the next value, whatever it is, and returns the range of its bytes.
    @discardableResult
    public mutating func skipValue() throws(JSONError) -> Range<Int> {
        let kind = try kind()
        let start = position
        switch kind {
        case .string: try skipString()
        case .number: _ = try readNumberRange()
        case .bool: _ = try readBool()
        case .null: try consumeLiteral("null")
        case .object:
            try forEachFieldSkippingKeys()
        case .array:
            try forEachElement { (cursor) throws(JSONError) in _ = try cursor.skipValue() }
        }
        return start..<position
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

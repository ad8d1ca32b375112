import KubeClient

/// Reads single fields: errors name the field, and `null` counts as absent, as in the API server.
extension JSONCursor {
    /// Runs `read` and prefixes the message of its error with `field`.
    mutating func field<Value>(
        _ field: StaticString, _ read: (inout JSONCursor) throws(JSONError) -> Value
    ) throws(JSONError) -> Value {
        do {
            return try read(&self)
        } catch {
            throw JSONError("\(field): \(error.message)", offset: error.offset)
        }
    }

    mutating func string(_ field: StaticString) throws(JSONError) -> String? {
        if try readNull() { return nil }
        return try self.field(field) { (cursor) throws(JSONError) in try cursor.readString() }
    }

    mutating func integer(_ field: StaticString) throws(JSONError) -> Int64? {
        if try readNull() { return nil }
        return try self.field(field) { (cursor) throws(JSONError) in try cursor.readInteger() }
    }

    mutating func number(_ field: StaticString) throws(JSONError) -> Double? {
        if try readNull() { return nil }
        return try self.field(field) { (cursor) throws(JSONError) in try cursor.readDouble() }
    }

    mutating func bool(_ field: StaticString) throws(JSONError) -> Bool? {
        if try readNull() { return nil }
        return try self.field(field) { (cursor) throws(JSONError) in try cursor.readBool() }
    }

    /// Reads an RFC 3339 date and time.
    mutating func timestamp(_ field: StaticString) throws(JSONError) -> ServerTime? {
        let start = offset
        guard let text = try string(field) else { return nil }
        guard let value = ServerTime(rfc3339: text) else {
            throw JSONError("\(field): expected a date and time such as 2026-01-01T10:00:00Z", offset: start)
        }
        return value
    }

    /// Calls `body` with each field of an object; does nothing for `null`.
    mutating func object(
        _ field: StaticString, _ body: (_ key: String, _ cursor: inout JSONCursor) throws(JSONError) -> Void
    ) throws(JSONError) {
        if try readNull() { return }
        try require(.object, field, "expected an object")
        try forEachField(body)
    }

    /// Calls `body` with each element of a list; does nothing for `null`.
    mutating func list(
        _ field: StaticString, _ body: (_ cursor: inout JSONCursor) throws(JSONError) -> Void
    ) throws(JSONError) {
        if try readNull() { return }
        try require(.array, field, "expected a list")
        try forEachElement(body)
    }

    /// Calls `body` with each key of an object of values; errors name the key. Does nothing for `null`.
    mutating func map(
        _ field: StaticString, _ body: (_ key: String, _ cursor: inout JSONCursor) throws(JSONError) -> Void
    ) throws(JSONError) {
        try object(field) { (key, cursor) throws(JSONError) in
            do throws(JSONError) {
                try body(key, &cursor)
            } catch {
                throw JSONError("\(field)[\(key)]: \(error.message)", offset: error.offset)
            }
        }
    }

    /// Reads an object whose values are strings; empty for `null`.
    mutating func entries(_ field: StaticString) throws(JSONError) -> [MapEntry] {
        var entries: [MapEntry] = []
        try map(field) { (key, cursor) throws(JSONError) in
            entries.append(MapEntry(key: key, value: try cursor.readString()))
        }
        return entries
    }

    /// Reads a list of strings; empty for `null`.
    mutating func strings(_ field: StaticString) throws(JSONError) -> [String] {
        var strings: [String] = []
        try list(field) { (cursor) throws(JSONError) in
            strings.append(try cursor.field(field) { (cursor) throws(JSONError) in try cursor.readString() })
        }
        return strings
    }

    /// Reads a quantity such as `500m`: a string or a whole number; nil for `null`.
    mutating func quantity(_ field: StaticString) throws(JSONError) -> String? {
        if try readNull() { return nil }
        return try self.field(field) { (cursor) throws(JSONError) in try cursor.readQuantity() }
    }

    /// Reads a quantity such as `500m`: a string or a whole number.
    mutating func readQuantity() throws(JSONError) -> String {
        try kind() == .number ? String(try readInteger()) : try readString()
    }

    private mutating func require(_ kind: Kind, _ field: StaticString, _ message: String) throws(JSONError) {
        guard try self.kind() == kind else { throw JSONError("\(field): \(message)", offset: offset) }
    }
}

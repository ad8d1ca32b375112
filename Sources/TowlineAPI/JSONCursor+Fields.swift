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

    private mutating func require(_ kind: Kind, _ field: StaticString, _ message: String) throws(JSONError) {
        guard try self.kind() == kind else { throw JSONError("\(field): \(message)", offset: offset) }
    }
}

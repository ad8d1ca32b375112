import KubeClient

/// Reading where a value of the wrong type means "not there".
///
/// The engines' own controllers write runs, but with Argo's minimal CRD anybody may write anything into them. One odd
/// field must not make a whole run unreadable, so these take a value of the expected type or skip it.
extension JSONCursor {
    mutating func readStringIfPresent() throws(JSONError) -> String? {
        guard try kind() == .string else {
            try skipValue()
            return nil
        }
        return try readString()
    }

    /// A whole number, also where it is written as a string of digits, as Argo writes exit codes.
    mutating func readIntegerIfPresent() throws(JSONError) -> Int64? {
        switch try kind() {
        case .string: return Int64(try readString())
        case .number:
            var probe = self
            try skipValue()
            return try? probe.readInteger()
        default:
            try skipValue()
            return nil
        }
    }

    mutating func readBoolIfPresent() throws(JSONError) -> Bool? {
        guard try kind() == .bool else {
            try skipValue()
            return nil
        }
        return try readBool()
    }

    /// A time; nil for `null`, which Argo writes for a time that has not come, and for text that is no time.
    mutating func readTimestampIfPresent() throws(JSONError) -> EngineTime? {
        try readStringIfPresent().flatMap { EngineTime(rfc3339: $0) }
    }

    /// The text of a string, or the JSON text of any other value; nil for `null`.
    mutating func readTextIfPresent() throws(JSONError) -> String? {
        switch try kind() {
        case .string: return try readString()
        case .null:
            try skipValue()
            return nil
        default: return String(decoding: try readRaw(), as: UTF8.self)
        }
    }

    mutating func forEachFieldIfPresent(
        _ body: (_ key: String, _ cursor: inout JSONCursor) throws(JSONError) -> Void
    ) throws(JSONError) {
        guard try kind() == .object else {
            try skipValue()
            return
        }
        try forEachField(body)
    }

    mutating func forEachElementIfPresent(
        _ body: (_ cursor: inout JSONCursor) throws(JSONError) -> Void
    ) throws(JSONError) {
        guard try kind() == .array else {
            try skipValue()
            return
        }
        try forEachElement(body)
    }
}

/// One member of an object, the others skipped; nil where there is no such member or no object.
extension JSONCursor {
    mutating func readStringMember(_ name: String) throws(JSONError) -> String? {
        try readMember(name) { (cursor) throws(JSONError) in try cursor.readStringIfPresent() }
    }

    mutating func readIntegerMember(_ name: String) throws(JSONError) -> Int64? {
        try readMember(name) { (cursor) throws(JSONError) in try cursor.readIntegerIfPresent() }
    }

    mutating func readBoolMember(_ name: String) throws(JSONError) -> Bool? {
        try readMember(name) { (cursor) throws(JSONError) in try cursor.readBoolIfPresent() }
    }

    mutating func readMember<Value>(
        _ name: String, _ read: (inout JSONCursor) throws(JSONError) -> Value?
    ) throws(JSONError) -> Value? {
        var value: Value?
        try forEachFieldIfPresent { (key, cursor) throws(JSONError) in
            if key == name { value = try read(&cursor) } else { try cursor.skipValue() }
        }
        return value
    }
}

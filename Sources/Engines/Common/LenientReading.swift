import KubeClient
import Status

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

/// The most that is kept of texts that somebody else wrote, in bytes of UTF-8; a status has room for all of it.
enum Bounds {
    static let message = Status.Bounds.message
    static let engineReason = 128
    /// Names of tasks, steps and outputs.
    static let name = Status.Bounds.name
    static let digest = 128
    static let outputValue = Status.Bounds.outputValue
    /// How many outputs are kept, and how many bytes of all their values.
    static let outputs = Status.Bounds.outputs
    static let outputsTotal = 32 * 1024
}

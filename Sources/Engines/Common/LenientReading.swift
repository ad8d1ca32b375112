import KubeClient
import Status

/// Lenient reading, which treats a value of the wrong type as absent.
///
/// Argo's minimal CRD does not validate workflows, so users can write anything into them. One unexpected field must not
/// make a whole run unreadable, so these methods return a value of the expected type or skip the value.
extension JSONCursor {
    mutating func readStringIfPresent() throws(JSONError) -> String? {
        guard try kind() == .string else {
            try skipValue()
            return nil
        }
        return try readString()
    }

    /// A message for people, truncated to the part that can matter.
    mutating func readMessageIfPresent() throws(JSONError) -> String? {
        try readStringIfPresent()?.bounded(to: Bounds.engineMessage)
    }

    /// An integer, also if it is written as a string, as Argo writes exit codes.
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

    /// A time; nil for `null`, which Argo writes for a time that is not set, and for any other text.
    mutating func readTimestampIfPresent() throws(JSONError) -> EngineTime? {
        try readStringIfPresent().flatMap { EngineTime(rfc3339: $0) }
    }

    /// The text of a string, or the JSON of any other value; nil for `null`.
    mutating func readTextIfPresent() throws(JSONError) -> String? {
        switch try kind() {
        case .string: return try readString()
        case .null:
            try skipValue()
            return nil
        default:
            let text = String(decoding: try readRaw(), as: UTF8.self)
            return text.streamSafe ?? text
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

/// Reads one member of an object and skips the others; nil if the member is absent or the value is not an object.
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

/// Parses text from the front: literals, numbers, and text up to a literal.
struct TextScanner {
    private(set) var rest: Substring

    init(_ text: some StringProtocol) {
        rest = Substring(text)
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// Consumes `literal` and returns true, or returns false and consumes nothing.
    mutating func consume(_ literal: String) -> Bool {
        guard rest.hasPrefix(literal) else { return false }
        rest = rest.dropFirst(literal.count)
        return true
    }

    /// Consumes one to nine ASCII digits; nil if there are no digits, or more than nine.
    mutating func number() -> Int32? {
        let digits = rest.utf8.prefix { ($0 >= UInt8(ascii: "0")) && ($0 <= UInt8(ascii: "9")) }
        guard (1...9).contains(digits.count), let value = Int32(Substring(digits)) else { return nil }
        rest = rest[digits.endIndex...]
        return value
    }

    /// Consumes an integer of at most ten digits with an optional minus sign; nil if none.
    ///
    /// Exit codes on Windows have 32 bits and appear as negative numbers or with ten digits.
    mutating func integer() -> Int64? {
        let sign = rest.hasPrefix("-") ? 1 : 0
        let digits = rest.dropFirst(sign).utf8.prefix { ($0 >= UInt8(ascii: "0")) && ($0 <= UInt8(ascii: "9")) }
        guard (1...10).contains(digits.count), let value = Int64(Substring(digits)) else { return nil }
        rest = rest[digits.endIndex...]
        return sign == 1 ? -value : value
    }

    /// Consumes everything up to and including `literal`; returns the text before it, or nil if it does not occur.
    mutating func text(before literal: String) -> Substring? {
        guard let range = rest.firstRange(of: literal) else { return nil }
        let text = rest[..<range.lowerBound]
        rest = rest[range.upperBound...]
        return text
    }
}

/// Limits in UTF-8 bytes for text from engines, chosen so that everything fits into a status.
enum Bounds {
    static let message = Status.Bounds.message
    /// The limit of an engine's message before it is parsed. What decides is at its beginning.
    static let engineMessage = 8 * 1024
    static let engineReason = 128
    /// The limit of names of tasks, steps, and outputs.
    static let name = Status.Bounds.name
    static let digest = 128
    static let outputValue = Status.Bounds.outputValue
    /// The maximum number of outputs, and of bytes of all their values.
    static let outputs = Status.Bounds.outputs
    static let outputsTotal = 32 * 1024
    /// The maximum number of bytes of all outputs of a cached run.
    static let cachedOutputs = 2 * 1024
}

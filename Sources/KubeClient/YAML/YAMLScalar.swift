/// Resolves a scalar by the JSON-compatible core schema (YAML 1.2, section 10.3).
struct YAMLScalar {
    static let tagPrefix = "tag:yaml.org,2002:"
    /// The value of `expected` for a scalar tagged `!!binary`.
    static let binary = "base64"

    /// Nil if the text does not match its tag or cannot be represented in JSON.
    let value: JSONValue?
    /// The type that the text should have, for messages.
    let expected: String

    /// Nil if the tag is unknown.
    init?(_ text: String, isPlain: Bool, tag: String?, _ leniency: YAML.Leniency = .strict) {
        switch tag {
        case nil where isPlain:
            expected = "finite number"
            value = Self.plain(text)
        case nil, "!", Self.tagPrefix + "str":
            expected = "string"
            value = .string(text)
        case Self.tagPrefix + "null":
            expected = "null"
            value = Self.isNull(text) ? .some(.null) : .none
        case Self.tagPrefix + "bool":
            expected = "boolean"
            value = (Self.bool(text) ?? (leniency == .clientGo ? Self.yaml11Bool(text) : nil)).map { .bool($0) }
        case Self.tagPrefix + "int":
            expected = "integer"
            value = Self.integer(text).map { .integer($0) }
        case Self.tagPrefix + "float":
            expected = "finite number"
            value = Self.float(text).map { .double($0) }
        case Self.tagPrefix + "binary":
            expected = Self.binary
            value = Base64.decode(text).flatMap { String(validating: $0, as: UTF8.self) }.map { .string($0) }
        case _ where leniency == .clientGo:
            expected = "string"
            value = .string(text)
        default: return nil
        }
    }

    /// Parses the booleans of YAML 1.1 that the core schema does not include.
    static func yaml11Bool(_ text: String) -> Bool? {
        switch text {
        case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON": true
        case "n", "N", "no", "No", "NO", "off", "Off", "OFF": false
        default: nil
        }
    }

    private static func plain(_ text: String) -> JSONValue? {
        // `nil` would become JSONValue's null.
        if isNotFinite(text) { return .none }
        if isNull(text) { return .null }
        if let bool = bool(text) { return .bool(bool) }
        if let integer = integer(text) { return .integer(integer) }
        if let float = float(text) { return .double(float) }
        return .string(text)
    }

    private static func isNull(_ text: String) -> Bool {
        switch text {
        case "", "~", "null", "Null", "NULL": true
        default: false
        }
    }

    private static func bool(_ text: String) -> Bool? {
        switch text {
        case "true", "True", "TRUE": true
        case "false", "False", "FALSE": false
        default: nil
        }
    }

    /// True for infinity and NaN, which JSON cannot represent.
    private static func isNotFinite(_ text: String) -> Bool {
        var digits = text[...]
        if text.hasPrefix("-") || text.hasPrefix("+") { digits = digits.dropFirst() }
        switch digits {
        case ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN": return true
        default: return false
        }
    }

    /// Parses decimal, `0x`, `0o`, and octal with a leading zero, as `kubectl` reads file modes; nil beyond 64 bits.
    private static func integer(_ text: String) -> Int64? {
        let isNegative = text.hasPrefix("-")
        var digits = text[...]
        if isNegative || text.hasPrefix("+") { digits = digits.dropFirst() }
        var radix = 10
        if digits.hasPrefix("0x") {
            radix = 16
            digits = digits.dropFirst(2)
        } else if digits.hasPrefix("0o") {
            radix = 8
            digits = digits.dropFirst(2)
        } else if digits.hasPrefix("0"), digits.utf8.count > 1 {
            radix = 8
            digits = digits.dropFirst()
        }
        // The initializer would accept a second sign.
        guard let first = digits.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else { return nil }
        return Int64(isNegative ? "-" + digits : String(digits), radix: radix)
    }

    /// Parses `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`; nil for anything else and for
    /// numbers that are not finite.
    private static func float(_ text: String) -> Double? {
        var rest = Substring(text).utf8
        func digits() -> Int {
            let count = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }.count
            rest = rest.dropFirst(count)
            return count
        }
        func consume(_ first: Character, _ second: Character) -> Bool {
            guard let byte = rest.first, byte == first.asciiValue || byte == second.asciiValue else { return false }
            rest = rest.dropFirst()
            return true
        }
        _ = consume("-", "+")
        let whole = digits()
        let fraction = consume(".", ".") ? digits() : 0
        guard whole + fraction > 0 else { return nil }
        if consume("e", "E") {
            _ = consume("-", "+")
            guard digits() > 0 else { return nil }
        }
        guard rest.isEmpty, let value = Double(text), value.isFinite else { return nil }
        return value
    }
}

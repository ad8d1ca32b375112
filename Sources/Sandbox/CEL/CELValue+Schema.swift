import KubeClient

extension CELValue {
    /// The value of a JSON value, with the types its schema gives it: times, durations, numbers.
    init(_ json: JSONValue, _ schema: StructuralSchema?) {
        switch json {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = schema?.type == .number ? .double(Double(value)) : .int(value)
        case .double(let value): self = schema?.type == .integer ? Int64(exactly: value).map(CELValue.int) ?? .double(value) : .double(value)
        case .string(let text): self = Self.string(text, format: schema?.constraints.format)
        case .array(let elements):
            self = .list(CELList(elements.map { CELValue($0, schema?.items) }, type: schema?.listType ?? .atomic))
        case .object(let object): self = .object(object, schema)
        }
    }

    private static func string(_ text: String, format: StringFormat?) -> CELValue {
        switch format {
        case .dateTime: Timestamp(rfc3339: text).map(CELValue.timestamp) ?? .string(text)
        case .date: Timestamp(rfc3339: text + "T00:00:00Z").map(CELValue.timestamp) ?? .string(text)
        case .duration: Duration(goDuration: text).map(CELValue.duration) ?? .string(text)
        case .byte: Base64.decode(text).map(CELValue.bytes) ?? .string(text)
        default: .string(text)
        }
    }

    /// The value of a key of a map or an object; nil when there is none.
    func member(_ key: CELValue) -> CELValue? {
        switch self {
        case .map(let entries): return entries.first { $0.key.equals(key) }?.value
        case .object(let object, let schema):
            guard case .string(let name) = key, let json = object[name] else { return nil }
            return CELValue(json, schema?.property(name))
        default: return nil
        }
    }

    /// The entries of a map or an object; nil when this is neither.
    var entries: [CELEntry]? {
        switch self {
        case .map(let entries): entries
        case .object(let object, let schema):
            object.map { CELEntry(key: .string($0.key), value: CELValue($0.value, schema?.property($0.key))) }
        default: nil
        }
    }
}

/// Names of fields that are no identifiers, as expressions write them.
enum EscapedName {
    private static let reserved: Set<String> = [
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let",
        "loop", "package", "namespace", "return",
    ]

    /// The field that an identifier of an expression means: `foo__dash__bar` is `foo-bar`.
    static func unescaped(_ identifier: String) -> String {
        guard identifier.utf8.starts(with: "__".utf8) || identifier.contains("__") else { return identifier }
        let bytes = Array(identifier.utf8)
        if bytes.count > 4, bytes.starts(with: "__".utf8), bytes.suffix(2).elementsEqual("__".utf8) {
            let word = String(decoding: bytes[2..<(bytes.count - 2)], as: UTF8.self)
            if reserved.contains(word) { return word }
        }
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let match = replacements.first { bytes[index...].starts(with: $0.escaped.utf8) }
            if let match {
                result += Array(match.plain.utf8)
                index += match.escaped.utf8.count
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static let replacements: [(escaped: String, plain: String)] = [
        ("__underscores__", "__"), ("__dot__", "."), ("__dash__", "-"), ("__slash__", "/"),
    ]
}

import KubeClient

extension CELValue {
    /// The value of a JSON value, with the types its schema gives it: times, durations, numbers.
    init(_ json: JSONValue, _ schema: StructuralSchema?) {
        switch json {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = schema?.type == .number ? .double(Double(value)) : .int(value)
        case .double(let value):
            self = schema?.type == .integer ? Int64(exactly: value).map(CELValue.int) ?? .double(value) : .double(value)
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

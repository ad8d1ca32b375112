import CEL
import KubeClient

/// Exposes values with a schema to expressions.
extension StructuralSchema: CELObjectSchema {
    var declaresFields: Bool { additionalProperties.schema == nil }

    func type(ofField name: String) -> CELType? { properties[name].flatMap(CELType.init) }

    func value(_ json: JSONValue, ofField name: String) -> CELValue { CELValue(json, property(name)) }
}

extension CELType {
    /// The type of values with the schema; nil if it has no type, so that expressions cannot use it.
    init?(_ schema: StructuralSchema) {
        if schema.isIntOrString {
            self = .dyn
            return
        }
        switch schema.type {
        case nil: return nil
        case .string: self = Self.string(format: schema.constraints.format)
        case .integer: self = .int
        case .number: self = .double
        case .boolean: self = .bool
        case .array: self = .list(schema.items.flatMap(CELType.init) ?? .dyn)
        case .object:
            switch schema.additionalProperties {
            case .matching(let values): self = .map(.string, CELType(values) ?? .dyn)
            case .anything: self = .map(.string, .dyn)
            case .unspecified: self = .object(schema)
            }
        }
    }

    private static func string(format: StringFormat?) -> CELType {
        switch format {
        case .date, .dateTime: .timestamp
        case .duration: .duration
        case .byte: .bytes
        default: .string
        }
    }
}

extension CELValue {
    /// Converts JSON to the types of its schema: times, durations, bytes, numbers.
    init(_ json: JSONValue, _ schema: StructuralSchema?) {
        guard let schema else {
            self.init(json)
            return
        }
        switch json {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = schema.type == .number ? .double(Double(value)) : .int(value)
        case .double(let value):
            self = schema.type == .integer ? Int64(exactly: value).map(CELValue.int) ?? .double(value) : .double(value)
        case .string(let text): self = Self.string(text, format: schema.constraints.format)
        case .array(let elements):
            self = .list(CELList(elements.map { CELValue($0, schema.items) }, type: schema.listType))
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
}

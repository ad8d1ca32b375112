/// The type of an expression, as far as it is known before the expression runs.
indirect enum CELType: Sendable {
    /// Known only when the expression runs.
    case dyn
    case null
    case bool
    case int
    case uint
    case double
    case string
    case bytes
    case timestamp
    case duration
    case type
    case list(CELType)
    case map(CELType, CELType)
    /// An object with declared fields.
    case object(StructuralSchema)
    case optional(CELType)
    /// Stands in a function's signature for any type, the same one everywhere in the signature.
    case parameter(Character)

    /// The type of the values a schema describes; nil when it gives none, and expressions can't speak of them.
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

extension CELType: CustomStringConvertible {
    var description: String {
        switch self {
        case .dyn: "dyn"
        case .null: "null"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: "google.protobuf.Timestamp"
        case .duration: "google.protobuf.Duration"
        case .type: "type"
        case .list(let element): "list(\(element))"
        case .map(let key, let value): "map(\(key), \(value))"
        case .object: "object"
        case .optional(let inner): "optional_type(\(inner))"
        case .parameter(let name): String(name)
        }
    }
}

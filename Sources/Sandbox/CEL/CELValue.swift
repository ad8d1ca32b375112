import KubeClient

/// A value of the expression language.
indirect enum CELValue: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case timestamp(Timestamp)
    /// Kept within ±292 years, the range of 64 bits of nanoseconds.
    case duration(Duration)
    case list(CELList)
    /// Entries of a map literal, in their order; keys are unique.
    case map([CELEntry])
    /// An object of the API; its members become values when they are asked for.
    case object(JSONObject, StructuralSchema?)
    case optional(CELValue?)
    /// A type as a value, such as `int`.
    case type(String)
}

struct CELEntry: Sendable {
    let key: CELValue
    let value: CELValue
}

/// A list; one that the schema calls a set or a map is compared without order.
struct CELList: Sendable {
    let elements: [CELValue]
    let type: StructuralSchema.ListType

    init(_ elements: [CELValue], type: StructuralSchema.ListType = .atomic) {
        self.elements = elements
        self.type = type
    }
}

extension CELValue {
    static func list(_ elements: [CELValue]) -> CELValue { .list(CELList(elements)) }

    /// The name `type()` gives the value.
    var typeName: String {
        switch self {
        case .null: "null_type"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: "google.protobuf.Timestamp"
        case .duration: "google.protobuf.Duration"
        case .list: "list"
        case .map, .object: "map"
        case .optional: "optional_type"
        case .type: "type"
        }
    }

    /// How many steps it takes to look at all of the value's own content.
    var size: Int {
        switch self {
        case .string(let text): 1 + text.utf8.count / 10
        case .bytes(let bytes): 1 + bytes.count / 10
        case .list(let list): 1 + list.elements.count
        case .map(let entries): 1 + entries.count
        case .object(let object, _): 1 + object.count
        default: 1
        }
    }

    /// True for the value `optional.ofNonZeroValue` takes as absent.
    var isZero: Bool {
        switch self {
        case .null, .bool(false), .int(0), .uint(0), .double(0), .optional(nil): true
        case .string(let text): text.isEmpty
        case .bytes(let bytes): bytes.isEmpty
        case .list(let list): list.elements.isEmpty
        case .map(let entries): entries.isEmpty
        case .object(let object, _): object.isEmpty
        case .duration(let duration): duration == .zero
        default: false
        }
    }
}

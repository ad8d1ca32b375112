import KubeClient

/// What a schema demands of a value beyond its type.
struct ValueConstraints: Sendable {
    var format: StringFormat?
    var isInt32 = false
    var enumeration: [JSONValue]?
    var pattern: Pattern?
    var minLength: Int64?
    var maxLength: Int64?
    var minimum: Double?
    var isMinimumExclusive = false
    var maximum: Double?
    var isMaximumExclusive = false
    var multipleOf: Double?
    var minItems: Int64?
    var maxItems: Int64?
    var minProperties: Int64?
    var maxProperties: Int64?
    var required: [String] = []
    var allOf: [StructuralSchema] = []
    var anyOf: [StructuralSchema] = []
    var oneOf: [StructuralSchema] = []
    var not: StructuralSchema?
}

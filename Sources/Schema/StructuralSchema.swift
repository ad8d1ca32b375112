import CEL
import KubeClient

/// What a CRD says about one value and those inside it: `openAPIV3Schema`, read once and checked to be structural.
package final class StructuralSchema: Sendable {
    package enum ValueType: String, Sendable {
        case string, integer, number, boolean, array, object
    }

    enum AdditionalProperties: Sendable {
        /// The keyword is absent.
        case unspecified
        case anything
        case matching(StructuralSchema)

        var schema: StructuralSchema? {
            if case .matching(let schema) = self { schema } else { nil }
        }
    }

    /// `x-kubernetes-list-type`.
    typealias ListType = CELList.ListType

    /// Absent only where the schema says int-or-string or preserves unknown fields, and inside `allOf` and the like.
    package let type: ValueType?
    let isNullable: Bool
    let isIntOrString: Bool
    let preservesUnknownFields: Bool
    let isEmbeddedResource: Bool
    let defaultValue: JSONValue?
    let properties: [String: StructuralSchema]
    let additionalProperties: AdditionalProperties
    package let items: StructuralSchema?
    let listType: ListType
    /// An atomic object has one owner in server-side apply.
    let isAtomicObject: Bool
    let constraints: ValueConstraints
    /// `x-kubernetes-validations`, not compiled.
    let rules: [ValidationRule]
    /// Some value below this one has a default.
    let needsDefaulting: Bool

    package init(_ parts: Parts) {
        type = parts.type
        isNullable = parts.isNullable
        isIntOrString = parts.isIntOrString
        preservesUnknownFields = parts.preservesUnknownFields
        isEmbeddedResource = parts.isEmbeddedResource
        defaultValue = parts.defaultValue
        properties = parts.properties
        additionalProperties = parts.additionalProperties
        items = parts.items
        listType = parts.listType
        isAtomicObject = parts.isAtomicObject
        constraints = parts.constraints
        rules = parts.rules
        needsDefaulting =
            parts.properties.values.contains { $0.defaultValue != nil || $0.needsDefaulting }
            || parts.items?.needsDefaulting == true
            || parts.additionalProperties.schema?.needsDefaulting == true
    }

    /// The members of a schema while it is read.
    package struct Parts {
        var type: ValueType?
        var isNullable = false
        var isIntOrString = false
        var preservesUnknownFields = false
        var isEmbeddedResource = false
        var defaultValue: JSONValue?
        var properties: [String: StructuralSchema] = [:]
        var additionalProperties = AdditionalProperties.unspecified
        var items: StructuralSchema?
        var listType = ListType.atomic
        var isAtomicObject = false
        var constraints = ValueConstraints()
        var rules: [ValidationRule] = []
    }

    /// The schema of the member `name` of an object.
    func property(_ name: String) -> StructuralSchema? {
        properties[name] ?? additionalProperties.schema
    }
}

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

/// One entry of `x-kubernetes-validations`.
struct ValidationRule: Hashable, Sendable {
    var rule = ""
    var message: String?
    var messageExpression: String?
    /// `FieldValueInvalid` and its like; decides the kind of the error.
    var reason: String?
    /// Where, below the value that has the rule, the error is reported: `.spec.engine`.
    var fieldPath: String?
    var optionalOldSelf: Bool?
}

import CEL
import KubeClient
import Patterns

/// A compiled `openAPIV3Schema` node: the declaration of a value and its parts, checked to be structural.
package final class StructuralSchema: Sendable {
    enum ValueType: String, Sendable {
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

    /// Nil only for int-or-string, with preserved unknown fields, and inside `allOf` and similar keywords.
    let type: ValueType?
    let isNullable: Bool
    let isIntOrString: Bool
    let preservesUnknownFields: Bool
    let isEmbeddedResource: Bool
    let defaultValue: JSONValue?
    let properties: [String: StructuralSchema]
    let additionalProperties: AdditionalProperties
    let items: StructuralSchema?
    let listType: ListType
    /// True if server-side apply treats the object as one field.
    let isAtomicObject: Bool
    let constraints: ValueConstraints
    /// `x-kubernetes-validations`, not compiled.
    let rules: [ValidationRule]
    /// True if a value inside this one has a default.
    let needsDefaulting: Bool

    init(_ parts: Parts) {
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

    /// The properties of a schema while it is being read.
    struct Parts {
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

    /// The schema of a member of an object.
    func property(_ name: String) -> StructuralSchema? {
        properties[name] ?? additionalProperties.schema
    }
}

/// Constraints on a value beyond its type.
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

/// An entry of `x-kubernetes-validations`.
struct ValidationRule: Hashable, Sendable {
    var rule = ""
    var message: String?
    var messageExpression: String?
    /// `FieldValueInvalid` or another field error reason.
    var reason: String?
    /// The path of the reported field, relative to the value with the rule: `.spec.engine`.
    var fieldPath: String?
    var optionalOldSelf: Bool?
}

import CEL
import KubeClient

/// Checks that a schema is structural: each field is declared once, with its type.
extension SchemaReader {
    private static let known: Set<String> = [
        "type", "format", "title", "description", "example", "externalDocs", "default", "nullable", "enum", "pattern",
        "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
        "minItems", "maxItems",
        "uniqueItems", "minProperties", "maxProperties", "required", "properties", "additionalProperties", "items",
        "allOf", "anyOf", "oneOf", "not", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type",
        "x-kubernetes-validations",
    ]
    private static let unsupported: Set<String> = [
        "$ref", "$schema", "id", "definitions", "dependencies", "patternProperties", "additionalItems",
    ]
    private static let notInJunctors: Set<String> = [
        "description", "title", "default", "nullable", "additionalProperties", "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-map-type",
    ]

    mutating func checkKeywords(_ object: JSONObject, at path: FieldPath, as position: Position) {
        for keyword in object.keys {
            if Self.unsupported.contains(keyword) {
                report(.forbidden, path.field(keyword), nil, "\(keyword) is not supported")
            } else if !Self.known.contains(keyword) {
                report(.forbidden, path.field(keyword), nil, "unknown schema keyword")
            } else if case .junctor = position, Self.notInJunctors.contains(keyword) {
                report(.forbidden, path.field(keyword), nil, "must be undefined to be structural")
            }
        }
        if object["uniqueItems"] == true {
            report(
                .forbidden, path.field("uniqueItems"), nil,
                "uniqueItems cannot be set to true since the runtime complexity becomes quadratic")
        }
        if object["properties"] != nil, object["additionalProperties"] != nil {
            report(
                .forbidden, path.field("additionalProperties"), nil,
                "additionalProperties and properties are mutual exclusive")
        }
    }

    mutating func check(_ schema: StructuralSchema, _ object: JSONObject, at path: FieldPath, as position: Position) {
        if case .junctor = position {
            // Inside a junctor, a type is allowed only as one half of int-or-string.
            if let type = schema.type, type != .integer, type != .string {
                report(.forbidden, path.field("type"), nil, "must be empty to be structural")
            }
            return
        }
        checkType(schema, at: path, as: position)
        checkLists(schema, object, at: path)
        if case .root = position { checkMetadata(schema, at: path) }
        checkDefault(schema, at: path)
    }

    private mutating func checkType(_ schema: StructuralSchema, at path: FieldPath, as position: Position) {
        let place = path.field("type")
        switch schema.type {
        case nil where !schema.isIntOrString && !schema.preservesUnknownFields && !hasError(at: place):
            let what =
                switch position {
                case .root: "at the root"
                case .items: "for specified array items"
                default: "for specified object fields"
                }
            report(.required, place, nil, "must not be empty \(what)")
        case let type? where type != .object:
            if case .root = position { report(.invalid, place, .string(type.rawValue), "must be object at the root") }
            if schema.isEmbeddedResource {
                report(
                    .invalid, place, .string(type.rawValue), "must be object if x-kubernetes-embedded-resource is true")
            }
            if schema.isIntOrString {
                report(.invalid, place, .string(type.rawValue), "must be empty if x-kubernetes-int-or-string is true")
            }
        default: break
        }
        if schema.type == .array, schema.items == nil {
            report(.required, path.field("items"), nil, "must be specified")
        }
        if schema.isEmbeddedResource, schema.properties.isEmpty, !schema.preservesUnknownFields {
            report(
                .required, path.field("properties"), nil,
                "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
            )
        }
    }

    private func hasError(at path: FieldPath) -> Bool {
        errors.contains { $0.field == path.description }
    }

    private mutating func checkLists(_ schema: StructuralSchema, _ object: JSONObject, at path: FieldPath) {
        if object["x-kubernetes-list-type"] != nil, schema.type != .array {
            report(
                .invalid, path.field("type"), .string(schema.type?.rawValue ?? ""),
                "must be array if x-kubernetes-list-type is specified")
        }
        if object["x-kubernetes-map-type"] != nil, schema.type != .object {
            report(
                .invalid, path.field("type"), .string(schema.type?.rawValue ?? ""),
                "must be object if x-kubernetes-map-type is specified")
        }
        guard case .map(let keys) = schema.listType, let items = schema.items else { return }
        if items.type != .object {
            report(
                .invalid, path.field("items").field("type"), .string(items.type?.rawValue ?? ""),
                "must be object if parent array's x-kubernetes-list-type is map")
        }
        for (index, key) in keys.enumerated() {
            let place = path.field("x-kubernetes-list-map-keys").index(index)
            guard let property = items.properties[key] else {
                report(.invalid, place, .string(key), "entries must all be names of item properties")
                continue
            }
            if property.type == .object || property.type == .array {
                report(.invalid, place, .string(key), "must be a scalar property of the items")
            }
            if !items.constraints.required.contains(key), property.defaultValue == nil {
                report(
                    .required, path.field("items").field("properties").key(key).field("default"), nil,
                    "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
                )
            }
        }
    }

    private mutating func checkMetadata(_ schema: StructuralSchema, at path: FieldPath) {
        guard let metadata = schema.properties["metadata"] else { return }
        let place = path.field("properties").key("metadata")
        if metadata.type != .object {
            report(.invalid, place.field("type"), .string(metadata.type?.rawValue ?? ""), "must be object")
        }
        if metadata.properties.keys.contains(where: { $0 != "name" && $0 != "generateName" }) {
            report(
                .forbidden, place, nil,
                "must not specify anything other than name and generateName, but metadata is implicitly specified")
        }
    }

    private mutating func checkDefault(_ schema: StructuralSchema, at path: FieldPath) {
        guard let value = schema.defaultValue else { return }
        let place = path.field("default")
        var pruned = value
        if !schema.prune(&pruned).isEmpty {
            report(.invalid, place, value, "must not have unknown fields")
        }
        for error in schema.violations(in: value, at: place) { report(error.kind, place, value, error.detail) }
    }
}

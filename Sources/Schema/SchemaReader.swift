import CEL
import KubeClient
import Patterns

/// Reads `openAPIV3Schema` and collects the errors that the API server reports.
struct SchemaReader {
    private(set) var errors: [FieldError] = []

    /// The position of a node in the schema, which determines its allowed keywords.
    enum Position {
        case root
        case field
        case items
        case additionalProperties
        /// Below `allOf`, `anyOf`, `oneOf` or `not`, where values are constrained but not declared.
        case junctor
    }

    mutating func report(_ kind: FieldError.Kind, _ path: FieldPath, _ value: JSONValue? = nil, _ detail: String) {
        errors.append(FieldError(kind, path.description, value, detail))
    }

    mutating func read(_ value: JSONValue, at path: FieldPath, as position: Position) -> StructuralSchema {
        var parts = StructuralSchema.Parts()
        guard case .object(let object) = value else {
            report(.invalid, path, value, "must be a schema object")
            return StructuralSchema(parts)
        }
        checkKeywords(object, at: path, as: position)
        readDeclaration(object, at: path, into: &parts)
        readChildren(object, at: path, as: position, into: &parts)
        readMergeStrategy(object, at: path, into: &parts)
        parts.constraints = readConstraints(object, at: path)
        parts.rules = readRules(object["x-kubernetes-validations"], at: path.field("x-kubernetes-validations"))
        parts.defaultValue = object["default"]
        let schema = StructuralSchema(parts)
        check(schema, object, at: path, as: position)
        return schema
    }

    private mutating func readDeclaration(
        _ object: JSONObject, at path: FieldPath, into parts: inout StructuralSchema.Parts
    ) {
        if let name = string(object, "type", at: path) {
            parts.type = StructuralSchema.ValueType(rawValue: name)
            if parts.type == nil {
                let known = "\"string\", \"integer\", \"number\", \"boolean\", \"array\", \"object\""
                report(.notSupported, path.field("type"), .string(name), "supported values: \(known)")
            }
        }
        parts.isNullable = bool(object, "nullable", at: path) ?? false
        parts.isIntOrString = bool(object, "x-kubernetes-int-or-string", at: path) ?? false
        parts.isEmbeddedResource = bool(object, "x-kubernetes-embedded-resource", at: path) ?? false
        if let preserves = bool(object, "x-kubernetes-preserve-unknown-fields", at: path) {
            parts.preservesUnknownFields = preserves
            if !preserves {
                report(.invalid, path.field("x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined")
            }
        }
    }

    private mutating func readChildren(
        _ object: JSONObject, at path: FieldPath, as position: Position, into parts: inout StructuralSchema.Parts
    ) {
        let isJunctor = if case .junctor = position { true } else { false }
        if let properties = object["properties"] {
            let place = path.field("properties")
            if case .object(let members) = properties {
                for member in members {
                    parts.properties[member.key] = read(
                        member.value, at: place.key(member.key), as: isJunctor ? .junctor : .field)
                }
            } else {
                report(.invalid, place, properties, "must be an object of schemas")
            }
        }
        if let items = object["items"] {
            parts.items = read(items, at: path.field("items"), as: isJunctor ? .junctor : .items)
        }
        switch object["additionalProperties"] {
        case nil: break
        case .bool(true)?: parts.additionalProperties = .anything
        case .bool(false)?:
            report(.forbidden, path.field("additionalProperties"), nil, "additionalProperties cannot be set to false")
        case let schema?:
            parts.additionalProperties = .matching(
                read(schema, at: path.field("additionalProperties"), as: isJunctor ? .junctor : .additionalProperties))
        }
    }

    private mutating func readMergeStrategy(
        _ object: JSONObject, at path: FieldPath, into parts: inout StructuralSchema.Parts
    ) {
        let keys = strings(object, "x-kubernetes-list-map-keys", at: path)
        switch string(object, "x-kubernetes-list-type", at: path) {
        case nil, "atomic": break
        case "set": parts.listType = .set
        case "map":
            parts.listType = .map(keys: keys)
            if keys.isEmpty {
                report(
                    .required, path.field("x-kubernetes-list-map-keys"), nil,
                    "must not be empty if x-kubernetes-list-type is map")
            }
        case let name?:
            report(
                .notSupported, path.field("x-kubernetes-list-type"), .string(name),
                "supported values: \"atomic\", \"set\", \"map\"")
        }
        switch string(object, "x-kubernetes-map-type", at: path) {
        case nil, "granular": break
        case "atomic": parts.isAtomicObject = true
        case let name?:
            report(
                .notSupported, path.field("x-kubernetes-map-type"), .string(name),
                "supported values: \"atomic\", \"granular\"")
        }
    }

    private mutating func readRules(_ value: JSONValue?, at path: FieldPath) -> [ValidationRule] {
        guard let value else { return [] }
        guard case .array(let elements) = value else {
            report(.invalid, path, value, "must be a list of rules")
            return []
        }
        var rules: [ValidationRule] = []
        for (index, element) in elements.enumerated() {
            guard case .object(let object) = element else {
                report(.invalid, path.index(index), element, "must be a rule object")
                continue
            }
            let place = path.index(index)
            var rule = ValidationRule()
            rule.rule = string(object, "rule", at: place) ?? ""
            rule.message = string(object, "message", at: place)
            rule.messageExpression = string(object, "messageExpression", at: place)
            rule.reason = string(object, "reason", at: place)
            rule.fieldPath = string(object, "fieldPath", at: place)
            rule.optionalOldSelf = bool(object, "optionalOldSelf", at: place)
            if rule.rule.isEmpty { report(.required, place.field("rule"), nil, "rule is not specified") }
            rules.append(rule)
        }
        return rules
    }
}

extension SchemaReader {
    mutating func readConstraints(_ object: JSONObject, at path: FieldPath) -> ValueConstraints {
        var constraints = ValueConstraints()
        if let format = string(object, "format", at: path) {
            constraints.format = StringFormat(rawValue: format)
            constraints.isInt32 = format == "int32"
        }
        if let text = string(object, "pattern", at: path) {
            do throws(PatternError) {
                constraints.pattern = try Pattern(text)
            } catch {
                report(
                    .invalid, path.field("pattern"), .string(text),
                    "must be a valid regular expression, but isn't: \(error)")
            }
        }
        if let values = object["enum"] {
            constraints.enumeration = values.arrayValue
            if values.arrayValue == nil { report(.invalid, path.field("enum"), values, "must be a list") }
        }
        constraints.required = strings(object, "required", at: path)
        readBounds(object, at: path, into: &constraints)
        constraints.allOf = junctors(object, "allOf", at: path)
        constraints.anyOf = junctors(object, "anyOf", at: path)
        constraints.oneOf = junctors(object, "oneOf", at: path)
        if let not = object["not"] { constraints.not = read(not, at: path.field("not"), as: .junctor) }
        return constraints
    }

    private mutating func readBounds(_ object: JSONObject, at path: FieldPath, into constraints: inout ValueConstraints)
    {
        constraints.minLength = integer(object, "minLength", at: path)
        constraints.maxLength = integer(object, "maxLength", at: path)
        constraints.minItems = integer(object, "minItems", at: path)
        constraints.maxItems = integer(object, "maxItems", at: path)
        constraints.minProperties = integer(object, "minProperties", at: path)
        constraints.maxProperties = integer(object, "maxProperties", at: path)
        constraints.minimum = number(object, "minimum", at: path)
        constraints.maximum = number(object, "maximum", at: path)
        constraints.isMinimumExclusive = bool(object, "exclusiveMinimum", at: path) ?? false
        constraints.isMaximumExclusive = bool(object, "exclusiveMaximum", at: path) ?? false
        constraints.multipleOf = number(object, "multipleOf", at: path)
        if let divisor = constraints.multipleOf, divisor <= 0 {
            report(.invalid, path.field("multipleOf"), .double(divisor), "must be greater than 0")
            constraints.multipleOf = nil
        }
    }

    private mutating func junctors(_ object: JSONObject, _ name: String, at path: FieldPath) -> [StructuralSchema] {
        guard let value = object[name] else { return [] }
        guard case .array(let elements) = value else {
            report(.invalid, path.field(name), value, "must be a list of schemas")
            return []
        }
        var schemas: [StructuralSchema] = []
        for (index, element) in elements.enumerated() {
            schemas.append(read(element, at: path.field(name).index(index), as: .junctor))
        }
        return schemas
    }

    // MARK: Keywords by the type of their value

    mutating func string(_ object: JSONObject, _ name: String, at path: FieldPath) -> String? {
        guard let value = object[name] else { return nil }
        if value.stringValue == nil { report(.invalid, path.field(name), value, "must be a string") }
        return value.stringValue
    }

    mutating func bool(_ object: JSONObject, _ name: String, at path: FieldPath) -> Bool? {
        guard let value = object[name] else { return nil }
        if value.boolValue == nil { report(.invalid, path.field(name), value, "must be true or false") }
        return value.boolValue
    }

    mutating func strings(_ object: JSONObject, _ name: String, at path: FieldPath) -> [String] {
        guard let value = object[name] else { return [] }
        let strings = value.arrayValue?.compactMap(\.stringValue) ?? []
        if strings.count != value.arrayValue?.count {
            report(.invalid, path.field(name), value, "must be a list of strings")
        }
        return strings
    }

    private mutating func integer(_ object: JSONObject, _ name: String, at path: FieldPath) -> Int64? {
        guard let value = object[name] else { return nil }
        if value.integerValue == nil { report(.invalid, path.field(name), value, "must be a whole number") }
        return value.integerValue
    }

    private mutating func number(_ object: JSONObject, _ name: String, at path: FieldPath) -> Double? {
        guard let value = object[name] else { return nil }
        if value.doubleValue == nil { report(.invalid, path.field(name), value, "must be a number") }
        return value.doubleValue
    }
}

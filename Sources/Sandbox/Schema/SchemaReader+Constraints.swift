import KubeClient

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

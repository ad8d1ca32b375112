import CEL
import KubeClient
import Patterns

extension StructuralSchema {
    /// The violations in a value, in document order, at most 100.
    func violations(in value: JSONValue, at path: FieldPath = FieldPath()) -> [FieldError] {
        var validation = SchemaValidation(path: path)
        validation.validate(value, against: self)
        return validation.errors
    }
}

/// Validates one value against its schema.
struct SchemaValidation {
    private static let maximumErrors = 100

    private(set) var errors: [FieldError] = []
    private(set) var path: FieldPath
    /// True if only the existence of an error matters, as inside `oneOf`.
    private let stopsAtFirst: Bool

    init(path: FieldPath, stopsAtFirst: Bool = false) {
        self.path = path
        self.stopsAtFirst = stopsAtFirst
    }

    private var isDone: Bool { stopsAtFirst ? !errors.isEmpty : errors.count >= Self.maximumErrors }

    mutating func report(_ kind: FieldError.Kind, _ value: JSONValue?, _ detail: String) {
        guard !isDone else { return }
        errors.append(FieldError(kind, path.description, value, detail))
    }

    /// Reports an error worded `spec.x in body should …`.
    mutating func reportInBody(_ value: JSONValue, _ demand: String) {
        report(.invalid, value, "\(path) in body \(demand)")
    }

    mutating func validate(_ value: JSONValue, against schema: StructuralSchema) {
        guard !isDone else { return }
        if value.isNull {
            if schema.isNullable { return }
            if schema.type == nil, !schema.isIntOrString { return validateJunctors(value, schema.constraints) }
        }
        let hasType = hasType(value, of: schema)
        // The API server also checks a value of a wrong type: a text against `pattern`, a number against `maximum`.
        validate(value, schema.constraints)
        switch value {
        case .array(let elements) where hasType: validate(elements, against: schema)
        case .object(let object) where hasType: validate(object, against: schema)
        case .null: return
        default: break
        }
        validateJunctors(value, schema.constraints)
    }

    private mutating func hasType(_ value: JSONValue, of schema: StructuralSchema) -> Bool {
        if schema.isIntOrString {
            if value.stringValue != nil || value.integerValue != nil { return true }
            reportType(value, "integer,string")
            return false
        }
        let matches =
            switch (schema.type, value) {
            case (nil, _), (.string, .string), (.boolean, .bool), (.array, .array), (.object, .object): true
            case (.integer, .integer), (.number, .integer), (.number, .double): true
            case (.integer, .double): value.integerValue != nil
            default: false
            }
        if !matches, let type = schema.type { reportType(value, type.rawValue) }
        return matches
    }

    private mutating func reportType(_ value: JSONValue, _ expected: String) {
        let actual = value.typeName
        report(.typeInvalid, .string(actual), "\(path) in body must be of type \(expected): \"\(actual)\"")
    }

    private mutating func validate(_ elements: [JSONValue], against schema: StructuralSchema) {
        if let items = schema.items {
            for (index, element) in elements.enumerated() where !isDone {
                path.segments.append(.index(index))
                validate(element, against: items)
                path.segments.removeLast()
            }
        }
        switch schema.listType {
        case .atomic: break
        case .set: reportDuplicates(elements) { $0 }
        case .map(let keys):
            reportDuplicates(elements) { element in
                var identity = JSONObject()
                for key in keys { identity[key] = element[key] }
                return .object(identity)
            }
        }
    }

    private mutating func reportDuplicates(_ elements: [JSONValue], by identity: (JSONValue) -> JSONValue) {
        guard elements.count > 1 else { return }
        var seen = Set<JSONValue>()
        for (index, element) in elements.enumerated() {
            let identity = identity(element)
            guard !seen.insert(identity).inserted else { continue }
            path.segments.append(.index(index))
            report(.duplicate, identity, "")
            path.segments.removeLast()
        }
    }

    private mutating func validate(_ object: JSONObject, against schema: StructuralSchema) {
        for name in schema.constraints.required where object[name] == nil { reportMissing(name) }
        if schema.isEmbeddedResource {
            for name in ["apiVersion", "kind"] where object[name]?.stringValue?.isEmpty ?? true {
                reportMissing(name, "must not be empty")
            }
        }
        for member in object {
            guard !isDone else { return }
            guard let property = schema.property(member.key) else { continue }
            path.segments.append(.field(member.key))
            validate(member.value, against: property)
            path.segments.removeLast()
        }
    }

    private mutating func reportMissing(_ name: String, _ detail: String = "") {
        path.segments.append(.field(name))
        report(.required, nil, detail)
        path.segments.removeLast()
    }

    private mutating func validateJunctors(_ value: JSONValue, _ constraints: ValueConstraints) {
        if !constraints.allOf.isEmpty {
            let count = errors.count
            for schema in constraints.allOf { validate(value, against: schema) }
            if errors.count > count { report(.invalid, "", "\"\(path)\" must validate all the schemas (allOf)") }
        }
        if !constraints.anyOf.isEmpty, !constraints.anyOf.contains(where: { accepts(value, $0) }) {
            report(.invalid, "", "\"\(path)\" must validate at least one schema (anyOf)")
        }
        if !constraints.oneOf.isEmpty {
            let count = constraints.oneOf.count { accepts(value, $0) }
            let found = count == 0 ? "none" : "\(count)"
            if count != 1 {
                report(.invalid, "", "\"\(path)\" must validate one and only one schema (oneOf). Found \(found) valid")
            }
        }
        if let not = constraints.not, accepts(value, not) {
            report(.invalid, "", "\"\(path)\" must not validate the schema (not)")
        }
    }

    private func accepts(_ value: JSONValue, _ schema: StructuralSchema) -> Bool {
        var trial = SchemaValidation(path: FieldPath(), stopsAtFirst: true)
        trial.validate(value, against: schema)
        return trial.errors.isEmpty
    }
}

extension JSONValue {
    /// The OpenAPI type name of the value.
    var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .integer: "integer"
        case .double: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

extension SchemaValidation {
    mutating func validate(_ value: JSONValue, _ constraints: ValueConstraints) {
        if let allowed = constraints.enumeration, !allowed.contains(where: { $0.isEqualJSON(to: value) }) {
            let names = allowed.map { "\"\($0.stringValue ?? $0.encodedString)\"" }.joined(separator: ", ")
            report(.notSupported, value, "supported values: \(names)")
        }
        switch value {
        case .string(let text): validate(text, value, constraints)
        case .integer(let number):
            validate(Double(number), value, constraints)
            if constraints.isInt32, Int32(exactly: number) == nil {
                reportInBody(value, "must be of type int32: \(number)")
            }
        case .double(let number): validate(number, value, constraints)
        case .array(let elements):
            if let least = constraints.minItems, elements.count < least {
                reportInBody(value, "should have at least \(least) items")
            }
            if let most = constraints.maxItems, elements.count > most {
                report(.tooMany, .integer(Int64(elements.count)), "must have at most \(most) items")
            }
        case .object(let object):
            if let least = constraints.minProperties, object.count < least {
                reportInBody(value, "should have at least \(least) properties")
            }
            if let most = constraints.maxProperties, object.count > most {
                report(.tooMany, .integer(Int64(object.count)), "must have at most \(most) items")
            }
        case .null, .bool: break
        }
    }

    private mutating func validate(_ text: String, _ value: JSONValue, _ constraints: ValueConstraints) {
        if let most = constraints.maxLength, text.utf8.count > most, text.unicodeScalars.count > most {
            // Patterns are not matched against texts that are too long.
            return report(.tooLong, value, "may not be more than \(most) bytes")
        }
        if let least = constraints.minLength, text.unicodeScalars.count < least {
            reportInBody(value, "should be at least \(least) chars long")
        }
        if let pattern = constraints.pattern, !pattern.matches(text) {
            reportInBody(value, "should match '\(pattern)'")
        }
        if let format = constraints.format, !format.accepts(text) {
            reportInvalidFormat(value, format)
        }
    }

    private mutating func reportInvalidFormat(_ value: JSONValue, _ format: StringFormat) {
        report(.typeInvalid, value, "\(path) in body must be of type \(format.rawValue): \(value.encodedString)")
    }

    private mutating func validate(_ number: Double, _ value: JSONValue, _ constraints: ValueConstraints) {
        if let bound = constraints.minimum {
            if constraints.isMinimumExclusive ? number <= bound : number < bound {
                let relation = constraints.isMinimumExclusive ? "greater than" : "greater than or equal to"
                reportInBody(value, "should be \(relation) \(JSONValue.double(bound).encodedString)")
            }
        }
        if let bound = constraints.maximum {
            if constraints.isMaximumExclusive ? number >= bound : number > bound {
                let relation = constraints.isMaximumExclusive ? "less than" : "less than or equal to"
                reportInBody(value, "should be \(relation) \(JSONValue.double(bound).encodedString)")
            }
        }
        if let divisor = constraints.multipleOf, !(number / divisor).isWhole {
            reportInBody(value, "should be a multiple of \(JSONValue.double(divisor).encodedString)")
        }
    }
}

extension Double {
    fileprivate var isWhole: Bool { isFinite && rounded() == self }
}

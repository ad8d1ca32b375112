import CEL
import KubeClient

/// The compiled rules of a schema: a tree that contains only branches with rules.
final class RuleTree: Sendable {
    /// The schema of the value; for a whole object, including the fields that every object has.
    let schema: StructuralSchema
    let rules: [CompiledRule]
    let properties: [(name: String, tree: RuleTree)]
    let items: RuleTree?
    /// The rules for the values of a map.
    let values: RuleTree?

    init(
        schema: StructuralSchema, rules: [CompiledRule], properties: [(name: String, tree: RuleTree)], items: RuleTree?,
        values: RuleTree?
    ) {
        self.schema = schema
        self.rules = rules
        self.properties = properties
        self.items = items
        self.values = values
    }

    var isEmpty: Bool { rules.isEmpty && properties.isEmpty && items == nil && values == nil }
}

/// A compiled rule.
struct CompiledRule: Sendable {
    let rule: ValidationRule
    let program: CELProgram
    let message: CELProgram?
    let kind: FieldError.Kind
    /// The segments of `fieldPath`.
    let fieldPath: [FieldPath.Segment]
    /// True if the rule uses `oldSelf`, so that it applies only to updates.
    let isTransition: Bool
    /// True if `oldSelf` is optional, so that the rule also applies to creation.
    let isOldOptional: Bool

    /// The message if there is no usable `messageExpression`.
    var fixedMessage: String {
        guard let message = rule.message?.trimmed, !message.isEmpty else {
            return "failed rule: \(rule.rule.trimmed)"
        }
        return message
    }

    /// How evaluation errors refer to the rule.
    var name: String {
        guard let message = rule.message?.trimmed, !message.isEmpty else { return rule.rule.trimmed }
        return message
    }
}

extension String {
    /// The text without leading and trailing whitespace.
    var trimmed: String {
        guard let start = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[start...last])
    }
}

/// Compiles the rules of a schema and collects the errors.
struct RuleCompiler {
    private(set) var errors: [FieldError] = []

    /// The tree of compiled rules; nil if the schema has no rules.
    ///
    /// `isCorrelatable` is false inside lists without keys, whose elements cannot be matched with stored ones.
    mutating func compile(
        _ schema: StructuralSchema, at path: FieldPath, isResource: Bool, isCorrelatable: Bool = true
    ) -> RuleTree? {
        let typed = isResource || schema.isEmbeddedResource ? schema.withObjectFields : schema
        var rules: [CompiledRule] = []
        for (index, rule) in schema.rules.enumerated() {
            let place = path.field("x-kubernetes-validations").index(index)
            if let rule = compile(rule, of: typed, at: place, isCorrelatable: isCorrelatable) { rules.append(rule) }
        }
        var properties: [(name: String, tree: RuleTree)] = []
        for (name, property) in schema.properties.sorted(by: { $0.key < $1.key }) {
            let place = path.field("properties").key(name)
            if let tree = compile(property, at: place, isResource: false, isCorrelatable: isCorrelatable) {
                properties.append((name, tree))
            }
        }
        let areItemsCorrelatable = if case .map = schema.listType { isCorrelatable } else { false }
        let items = schema.items.flatMap {
            compile($0, at: path.field("items"), isResource: false, isCorrelatable: areItemsCorrelatable)
        }
        let values = schema.additionalProperties.schema.flatMap {
            compile($0, at: path.field("additionalProperties"), isResource: false, isCorrelatable: isCorrelatable)
        }
        let tree = RuleTree(schema: typed, rules: rules, properties: properties, items: items, values: values)
        return tree.isEmpty ? nil : tree
    }

    private mutating func report(_ kind: FieldError.Kind, _ path: FieldPath, _ value: String?, _ detail: String) {
        errors.append(FieldError(kind, path.description, value.map(JSONValue.string), detail))
    }

    private mutating func compile(
        _ rule: ValidationRule, of schema: StructuralSchema, at path: FieldPath, isCorrelatable: Bool
    ) -> CompiledRule? {
        guard let type = CELType(schema) else {
            report(.forbidden, path, nil, "rules require a type")
            return nil
        }
        let isOldOptional = rule.optionalOldSelf ?? false
        let variables = [("self", type), ("oldSelf", isOldOptional ? .optional(type) : type)]
        guard let program = program(rule.rule, variables, yielding: "bool", at: path.field("rule")) else { return nil }
        let isTransition = program.mentions("oldSelf")
        if isTransition, !isCorrelatable {
            report(
                .invalid, path.field("rule"), rule.rule,
                "oldSelf cannot be used on the uncorrelatable portion of the schema")
        }
        if isOldOptional, !isTransition {
            report(
                .invalid, path.field("optionalOldSelf"), "true",
                "option cannot be set for a rule that does not use oldSelf")
        }
        var message: CELProgram?
        if let expression = rule.messageExpression {
            message = self.program(expression, variables, yielding: "string", at: path.field("messageExpression"))
        }
        checkMessage(of: rule, at: path)
        return CompiledRule(
            rule: rule, program: program, message: message, kind: kind(of: rule, at: path),
            fieldPath: fieldPath(of: rule, in: schema, at: path), isTransition: isTransition,
            isOldOptional: isOldOptional)
    }

    private mutating func program(
        _ source: String, _ variables: [(name: String, type: CELType)], yielding wanted: String, at path: FieldPath
    ) -> CELProgram? {
        do throws(CELError) {
            let program = try CELProgram(source, variables: variables)
            if ["dyn", wanted].contains(program.type.description) { return program }
            report(.invalid, path, source, "cel expression must evaluate to a \(wanted)")
        } catch {
            report(.invalid, path, source, "compilation failed: \(error)")
        }
        return nil
    }

    private mutating func checkMessage(of rule: ValidationRule, at path: FieldPath) {
        if let message = rule.message {
            if message.trimmed.isEmpty {
                report(.invalid, path.field("message"), message, "message must be non-empty if specified")
            } else if message.trimmed.contains(where: \.isNewline) {
                report(.invalid, path.field("message"), message, "message must not contain line breaks")
            }
        } else if rule.messageExpression == nil, rule.rule.trimmed.contains(where: \.isNewline) {
            report(.required, path.field("message"), nil, "message must be specified if rule contains line breaks")
        }
    }

    private mutating func kind(of rule: ValidationRule, at path: FieldPath) -> FieldError.Kind {
        switch rule.reason {
        case nil, "FieldValueInvalid": return .invalid
        case "FieldValueForbidden": return .forbidden
        case "FieldValueRequired": return .required
        case "FieldValueDuplicate": return .duplicate
        case let reason?:
            let known = ["FieldValueRequired", "FieldValueInvalid", "FieldValueForbidden", "FieldValueDuplicate"]
            report(
                .notSupported, path.field("reason"), reason,
                "supported values: " + known.map { "\"\($0)\"" }.joined(separator: ", "))
            return .invalid
        }
    }

    /// Parses `fieldPath` and checks that the schema has the field.
    private mutating func fieldPath(of rule: ValidationRule, in schema: StructuralSchema, at path: FieldPath)
        -> [FieldPath.Segment]
    {
        guard let text = rule.fieldPath else { return [] }
        var segments: [FieldPath.Segment] = []
        var node = schema
        guard let names = JSONPath(text)?.fieldNames, !names.isEmpty else {
            report(.invalid, path.field("fieldPath"), text, "must be a path of field names, such as .spec.engine")
            return []
        }
        for name in names {
            guard let next = node.property(name) else {
                report(.invalid, path.field("fieldPath"), text, "does not refer to a valid field: \(name) is unknown")
                return []
            }
            segments.append(node.properties[name] == nil ? .key(name) : .field(name))
            node = next
        }
        return segments
    }
}

extension StructuralSchema {
    /// The schema with the fields of every object that expressions can use: its type and name.
    var withObjectFields: StructuralSchema {
        var text = Parts()
        text.type = .string
        var metadata = Parts()
        metadata.type = .object
        metadata.properties = ["name": StructuralSchema(text), "generateName": StructuralSchema(text)]
        var parts = Parts()
        parts.type = type
        parts.isNullable = isNullable
        parts.properties = properties
        parts.preservesUnknownFields = preservesUnknownFields
        parts.properties["apiVersion"] = StructuralSchema(text)
        parts.properties["kind"] = StructuralSchema(text)
        parts.properties["metadata"] = StructuralSchema(metadata)
        return StructuralSchema(parts)
    }
}

import CEL
package import KubeClient

/// The compiled schema of one version of a CRD: its structural schema and validation rules.
package struct CustomResourceSchema: Sendable {
    /// The structural schema of the whole object.
    package let root: StructuralSchema
    let rules: RuleTree?

    /// Compiles `openAPIV3Schema`; errors name fields of the CRD below `path`.
    ///
    /// A rule that cannot be evaluated here is an error: rules are never skipped silently.
    package init(
        reading openAPIV3Schema: JSONValue, at path: FieldPath = FieldPath("openAPIV3Schema")
    ) throws(FieldErrors) {
        var reader = SchemaReader()
        root = reader.read(openAPIV3Schema, at: path, as: .root)
        var compiler = RuleCompiler()
        rules = compiler.compile(root, at: path, isResource: true)
        let errors = reader.errors + compiler.errors
        guard errors.isEmpty else { throw FieldErrors(errors: errors) }
    }

    /// Removes unknown fields and returns their paths. Strict field validation rejects objects that have any.
    package func prune(_ object: inout JSONValue) -> [String] { root.pruneResource(&object) }

    /// Sets defaults. Called for objects from clients, after pruning, and for objects read from storage.
    package func applyDefaults(to object: inout JSONValue) { root.applyDefaults(to: &object) }

    /// Validates a pruned and defaulted object; `old` is the stored object in an update.
    package func validate(_ object: JSONValue, replacing old: JSONValue?) -> [FieldError] {
        let violations = root.violations(in: object)
        guard let rules else { return violations }
        if violations.contains(where: \.blocksRules) {
            let hint =
                "some validation rules were not checked because the object was invalid; "
                + "correct the existing errors to complete validation"
            return violations + [FieldError(.invalid, "", "null", hint)]
        }
        var evaluation = RuleEvaluation()
        evaluation.run(rules, on: object, replacing: old)
        return violations + evaluation.errors
    }
}

/// Evaluates the rules of a schema on one object.
struct RuleEvaluation {
    private(set) var errors: [FieldError] = []
    private var budget = CELBudget()
    private var path = FieldPath()

    /// Evaluates the rules of a value and of its parts; `old` is the stored value in the same place.
    mutating func run(_ tree: RuleTree, on value: JSONValue, replacing old: JSONValue?) {
        guard budget.remaining > 0, !value.isNull else { return }
        let old = old?.isNull == true ? nil : old
        if !tree.rules.isEmpty { runRules(tree, on: value, replacing: old) }
        switch value {
        case .object(let object):
            for property in tree.properties {
                guard let child = object[property.name] else { continue }
                descend(.field(property.name), property.tree, child, old?[property.name])
            }
            if let values = tree.values {
                for member in object { descend(.key(member.key), values, member.value, old?[member.key]) }
            }
        case .array(let elements):
            guard let items = tree.items else { break }
            let stored = Self.correlated(old?.arrayValue ?? [], tree.schema.listType)
            for (index, element) in elements.enumerated() {
                descend(
                    .index(index), items, element, Self.identity(element, tree.schema.listType).flatMap { stored[$0] })
            }
        default: break
        }
    }

    private mutating func descend(_ segment: FieldPath.Segment, _ tree: RuleTree, _ value: JSONValue, _ old: JSONValue?)
    {
        path.segments.append(segment)
        run(tree, on: value, replacing: old)
        path.segments.removeLast()
    }

    private static func identity(_ element: JSONValue, _ type: StructuralSchema.ListType) -> JSONValue? {
        guard case .map(let keys) = type else { return nil }
        return .array(keys.map { element[$0] ?? .null })
    }

    private static func correlated(_ elements: [JSONValue], _ type: StructuralSchema.ListType) -> [JSONValue: JSONValue]
    {
        var stored: [JSONValue: JSONValue] = [:]
        for element in elements {
            if let identity = identity(element, type), stored[identity] == nil { stored[identity] = element }
        }
        return stored
    }

    private mutating func runRules(_ tree: RuleTree, on value: JSONValue, replacing old: JSONValue?) {
        let this = CELValue(value, tree.schema)
        let before = old.map { CELValue($0, tree.schema) }
        for rule in tree.rules where !rule.isTransition || rule.isOldOptional || before != nil {
            var variables = [("self", this)]
            if rule.isOldOptional {
                variables.append(("oldSelf", .optional(before)))
            } else if let before {
                variables.append(("oldSelf", before))
            }
            do throws(CELError) {
                if case .bool(true) = try rule.program.evaluate(variables, budget: &budget) { continue }
                report(rule, value, message(of: rule, variables))
            } catch {
                guard error.isOutOfBudget else {
                    report(rule, value, "\(error) evaluating rule: \(rule.name)")
                    continue
                }
                if budget.remaining >= 0 {
                    report(rule, value, "call cost exceeds limit for rule: \(rule.name)")
                } else {
                    report(
                        rule, value,
                        "validation failed due to running out of cost budget, no further validation rules will be run")
                    return
                }
            }
        }
    }

    /// The result of `messageExpression` if it is usable, otherwise the fixed message.
    private mutating func message(of rule: CompiledRule, _ variables: [(name: String, value: CELValue)]) -> String {
        guard let expression = rule.message,
            case .string(let text)? = try? expression.evaluate(variables, budget: &budget)
        else {
            return rule.fixedMessage
        }
        let trimmed = text.trimmed
        let isUsable = !trimmed.isEmpty && trimmed.utf8.count <= 5 * 1024 && !trimmed.contains(where: \.isNewline)
        return isUsable ? trimmed : rule.fixedMessage
    }

    private mutating func report(_ rule: CompiledRule, _ value: JSONValue, _ detail: String) {
        var place = path
        place.segments += rule.fieldPath
        errors.append(FieldError(rule.kind, place.description, .string(value.typeName), detail))
    }
}

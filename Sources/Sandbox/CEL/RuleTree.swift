import KubeClient

/// The validation rules of a schema, compiled, in a tree that has only the parts where there are rules.
final class RuleTree: Sendable {
    /// The schema of the value, with the fields every object has where it is one.
    let schema: StructuralSchema
    let rules: [CompiledRule]
    let properties: [(name: String, tree: RuleTree)]
    let items: RuleTree?
    /// The rules of a map's values.
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

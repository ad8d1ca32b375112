import KubeClient

/// All that one version of a CRD demands of its objects, compiled once when the CRD is created.
struct CustomResourceSchema: Sendable {
    let root: StructuralSchema
    private let rules: RuleTree?

    /// Reads `openAPIV3Schema`; the errors name their place in the CRD below `path`.
    ///
    /// A rule that can't be evaluated here is an error too: it is never silently left out.
    init(
        reading openAPIV3Schema: JSONValue, at path: FieldPath = FieldPath("openAPIV3Schema")
    ) throws(FieldErrors) {
        var reader = SchemaReader()
        root = reader.read(openAPIV3Schema, at: path, as: .root)
        var compiler = RuleCompiler()
        rules = compiler.compile(root, at: path, isResource: true)
        let errors = reader.errors + compiler.errors
        guard errors.isEmpty else { throw FieldErrors(errors: errors) }
    }

    /// Removes unknown fields and returns their paths, for which strict field validation refuses the object.
    func prune(_ object: inout JSONValue) -> [String] { root.pruneResource(&object) }

    /// Sets the defaults; done on what clients write, after pruning, and on what is read from the store.
    func applyDefaults(to object: inout JSONValue) { root.applyDefaults(to: &object) }

    /// What is wrong with a pruned and defaulted object; `old` is the stored one when this is an update.
    func validate(_ object: JSONValue, replacing old: JSONValue?) -> [FieldError] {
        let violations = root.violations(in: object)
        guard let rules else { return violations }
        if violations.contains(where: \.blocksRules) {
            let remark =
                "some validation rules were not checked because the object was invalid; "
                + "correct the existing errors to complete validation"
            return violations + [FieldError(.invalid, "", "null", remark)]
        }
        var evaluation = RuleEvaluation()
        evaluation.run(rules, on: object, replacing: old)
        return violations + evaluation.errors
    }
}

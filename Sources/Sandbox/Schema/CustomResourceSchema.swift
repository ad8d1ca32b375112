import KubeClient

/// All that one version of a CRD demands of its objects, compiled once when the CRD is created.
struct CustomResourceSchema: Sendable {
    let root: StructuralSchema

    /// Reads `openAPIV3Schema`; the errors name their place in the CRD below `path`.
    init(
        reading openAPIV3Schema: JSONValue, at path: FieldPath = FieldPath("openAPIV3Schema")
    ) throws(FieldErrors) {
        var reader = SchemaReader()
        root = reader.read(openAPIV3Schema, at: path, as: .root)
        guard reader.errors.isEmpty else { throw FieldErrors(errors: reader.errors) }
    }

    /// Removes unknown fields and returns their paths, for which strict field validation refuses the object.
    func prune(_ object: inout JSONValue) -> [String] { root.pruneResource(&object) }

    /// Sets the defaults; done on what clients write, after pruning, and on what is read from the store.
    func applyDefaults(to object: inout JSONValue) { root.applyDefaults(to: &object) }

    /// What is wrong with a pruned and defaulted object; `old` is the stored one when this is an update.
    func validate(_ object: JSONValue, replacing old: JSONValue?) -> [FieldError] {
        root.violations(in: object)
    }
}

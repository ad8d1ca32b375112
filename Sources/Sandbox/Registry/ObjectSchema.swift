import KubeClient

/// The shape of the objects of one version: its OpenAPI document, and the rules compiled from it.
struct ObjectSchema: Sendable {
    /// OpenAPI v3, as `kubectl explain` shows it.
    let document: JSONValue
    private let rules: CustomResourceSchema?

    /// The schema of a built-in kind; one that is not structural accepts anything.
    init(_ document: JSONValue) {
        self.document = document
        rules = try? CustomResourceSchema(reading: document)
    }

    /// The schema of one version of a definition.
    init(reading document: JSONValue, at path: FieldPath) throws(CustomResourceDefinition.Invalid) {
        self.document = document
        do throws(FieldErrors) {
            rules = try CustomResourceSchema(reading: document, at: path)
        } catch {
            throw CustomResourceDefinition.Invalid(causes: error.errors.map(StatusError.Cause.init))
        }
    }

    /// The compiled schema; nil when the document could not be compiled.
    var root: StructuralSchema? { rules?.root }

    /// The paths of the fields that the schema does not know, metadata included.
    func unknownFields(in object: JSONValue) -> [String] {
        var copy = object
        return rules?.prune(&copy) ?? []
    }

    func prune(_ object: inout JSONValue) { _ = rules?.prune(&object) }

    func applyDefaults(to object: inout JSONValue) { rules?.applyDefaults(to: &object) }

    func validate(_ object: JSONValue, old: JSONValue?) -> [StatusError.Cause] {
        rules?.validate(object, replacing: old).map(StatusError.Cause.init) ?? []
    }
}

extension StatusError.Cause {
    init(_ error: FieldError) {
        self.init(reason: error.reason, message: error.body, field: error.field)
    }
}

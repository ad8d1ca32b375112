import KubeClient
import Schema

/// Resource-specific rules; the defaults apply to most resources.
struct ResourceStrategy: Sendable {
    enum NameRule: Sendable {
        /// RFC 1123 subdomain, up to 253 characters.
        case subdomain
        /// RFC 1123 label, up to 63 characters.
        case label
        /// A valid path segment: no slash and no percent sign.
        case pathSegment
    }

    var nameRule = NameRule.subdomain
    /// True if `metadata.generation` counts changes of the desired state.
    var hasGeneration = false
    /// True if a PUT without a resource version overwrites the current object.
    var allowsUnconditionalUpdate = true
    var allowsStrategicMerge = true
    var allowsDeleteCollection = true
    var servesLogs = false
    /// Sets the fields that the server determines on creation.
    var prepareForCreation: @Sendable (inout JSONValue) -> Void = { _ in }
    /// Sets the fields that the server determines on update.
    var prepareForUpdate: @Sendable (_ new: inout JSONValue, _ old: JSONValue) -> Void = { _, _ in }
    /// Validates what the schema cannot express; `old` is nil for a new object.
    var validate: @Sendable (_ new: JSONValue, _ old: JSONValue?) -> [StatusError.Cause] = { _, _ in [] }
}

extension StatusError.Cause {
    static func invalid(_ field: String, _ value: JSONValue, _ why: String) -> Self {
        Self(reason: "FieldValueInvalid", message: "Invalid value: \(value.encodedString): \(why)", field: field)
    }

    static func required(_ field: String, _ why: String = "") -> Self {
        let message = why.isEmpty ? "Required value" : "Required value: \(why)"
        return Self(reason: "FieldValueRequired", message: message, field: field)
    }

    static func forbidden(_ field: String, _ why: String) -> Self {
        Self(reason: "FieldValueForbidden", message: "Forbidden: \(why)", field: field)
    }

    static func notSupported(_ field: String, _ value: String, _ supported: [String]) -> Self {
        let list = supported.map { "\"\($0)\"" }.joined(separator: ", ")
        return Self(
            reason: "FieldValueNotSupported", message: "Unsupported value: \"\(value)\": supported values: \(list)",
            field: field)
    }
}

/// The schema of one version: its OpenAPI document and the compiled form.
struct ObjectSchema: Sendable {
    /// OpenAPI v3, as shown by `kubectl explain`.
    let document: JSONValue
    private let rules: CustomResourceSchema?

    /// The schema of a built-in kind. If it is not structural, everything is accepted.
    init(_ document: JSONValue) {
        self.document = document
        rules = try? CustomResourceSchema(reading: document)
    }

    /// The schema of a version of a custom resource.
    init(reading document: JSONValue, at path: FieldPath) throws(FieldErrors) {
        self.document = document
        rules = try CustomResourceSchema(reading: document, at: path)
    }

    /// The compiled schema; nil if the document could not be compiled.
    var root: StructuralSchema? { rules?.root }

    /// The paths of unknown fields, including metadata.
    func unknownFields(in object: JSONValue) -> [String] {
        var copy = object
        return rules?.prune(&copy) ?? []
    }

    func prune(_ object: inout JSONValue) { _ = rules?.prune(&object) }

    func applyDefaults(to object: inout JSONValue) { rules?.applyDefaults(to: &object) }

    /// The errors of a definition whose rules are too expensive.
    func costErrors(at path: FieldPath, isUnchanged: Bool) -> [StatusError.Cause] {
        rules?.costErrors(at: path, isUnchanged: isUnchanged).map(StatusError.Cause.init) ?? []
    }

    func validate(_ object: JSONValue, old: JSONValue?) -> [StatusError.Cause] {
        rules?.validate(object, replacing: old).map(StatusError.Cause.init) ?? []
    }
}

extension StatusError.Cause {
    init(_ error: FieldError) {
        self.init(reason: error.reason, message: error.body, field: error.field)
    }
}

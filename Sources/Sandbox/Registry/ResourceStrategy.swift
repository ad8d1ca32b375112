import KubeClient

/// What is special about the objects of one resource; everything has the common default.
struct ResourceStrategy: Sendable {
    enum NameRule: Sendable {
        /// RFC 1123 subdomain, up to 253 characters.
        case subdomain
        /// RFC 1123 label, up to 63 characters.
        case label
        /// Anything that can stand in a path: no slash and no percent sign.
        case pathSegment
    }

    var nameRule = NameRule.subdomain
    /// True when `metadata.generation` counts changes of the desired state.
    var hasGeneration = false
    /// True when a PUT without a resource version overwrites whatever is there.
    var allowsUnconditionalUpdate = true
    var allowsStrategicMerge = true
    var allowsDeleteCollection = true
    var servesLogs = false
    /// Fills in what the server decides when an object is created.
    var prepareForCreation: @Sendable (inout JSONValue) -> Void = { _ in }
    /// Fills in what the server decides when an object is changed.
    var prepareForUpdate: @Sendable (_ new: inout JSONValue, _ old: JSONValue) -> Void = { _, _ in }
    /// Tells what is wrong with an object beyond its schema; `old` is nil for a new object.
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

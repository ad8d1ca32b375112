import KubeClient

/// What the server decides about `metadata`, and what it refuses there.
enum MetadataRules {
    /// The fields of metadata, in the order in which they are kept.
    private static let fields = [
        "name", "generateName", "namespace", "uid", "generation", "creationTimestamp", "deletionTimestamp",
        "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers", "managedFields",
    ]
    /// Fields that are accepted and not kept.
    private static let ignoredFields: Set<String> = ["resourceVersion", "selfLink"]

    static func unknownFields(in object: JSONValue) -> [String] {
        (object["metadata"]?.objectValue?.keys ?? [])
            .filter { !fields.contains($0) && !ignoredFields.contains($0) }
            .map { "metadata.\($0)" }
    }

    /// The known fields of metadata in their order, empty ones left out.
    static func canonical(_ metadata: JSONValue) -> JSONValue {
        var result = JSONObject()
        for field in fields {
            if let value = metadata[field], !isEmpty(value) { result[field] = value }
        }
        return .object(result)
    }

    /// The metadata as a client means it: what is empty is the same as what is absent.
    static func withoutEmptyFields(_ metadata: JSONValue) -> JSONValue {
        var result = JSONObject()
        for field in metadata.objectValue ?? JSONObject() where !isEmpty(field.value) {
            result[field.key] = field.value
        }
        return .object(result)
    }

    private static func isEmpty(_ value: JSONValue) -> Bool {
        switch value {
        case .null, "": true
        case .array(let elements): elements.isEmpty
        case .object(let object): object.isEmpty
        default: false
        }
    }

    /// Refuses metadata whose fields have types the API does not know.
    static func checkTypes(of object: JSONValue) throws(StatusError) {
        guard let metadata = object["metadata"], metadata.objectValue != nil else {
            throw .badRequest("the object provided has no metadata object")
        }
        for field in ["name", "generateName", "namespace", "uid", "resourceVersion"] {
            try check(metadata, field, "a string") { $0.stringValue != nil }
        }
        for field in ["labels", "annotations"] {
            try check(metadata, field, "a map of strings") {
                $0.objectValue?.members.allSatisfy { $0.value.stringValue != nil } ?? false
            }
        }
        try check(metadata, "finalizers", "a list of strings") {
            $0.arrayValue?.allSatisfy { $0.stringValue != nil } ?? false
        }
        for field in ["ownerReferences", "managedFields"] {
            try check(metadata, field, "a list of objects") {
                $0.arrayValue?.allSatisfy { $0.objectValue != nil } ?? false
            }
        }
    }

    private static func check(
        _ metadata: JSONValue, _ field: String, _ expected: String, _ holds: (JSONValue) -> Bool
    ) throws(StatusError) {
        guard let value = metadata[field], !value.isNull else { return }
        guard holds(value) else {
            throw .badRequest("metadata.\(field): expected \(expected), got \(value.encodedString.prefix(100))")
        }
    }

    /// Metadata of a new object: what the client may not choose is set.
    static func created(
        _ metadata: JSONValue, namespace: String, name: String, uid: String, at time: Timestamp, hasGeneration: Bool
    ) -> JSONValue {
        var metadata = metadata
        metadata["name"] = .string(name)
        metadata["namespace"] = .string(namespace)
        metadata["uid"] = .string(uid)
        metadata["creationTimestamp"] = .string(time.rfc3339)
        metadata["generation"] = hasGeneration ? 1 : nil
        metadata["deletionTimestamp"] = nil
        metadata["deletionGracePeriodSeconds"] = nil
        return canonical(metadata)
    }

    /// Metadata of a changed object: what can never change is as it was.
    static func updated(_ metadata: JSONValue, from old: JSONValue) -> JSONValue {
        var metadata = metadata
        for field in [
            "name", "generateName", "namespace", "uid", "creationTimestamp", "generation", "deletionTimestamp",
            "deletionGracePeriodSeconds",
        ] {
            metadata[field] = old[field]
        }
        return canonical(metadata)
    }
}

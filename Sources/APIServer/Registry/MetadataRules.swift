import KubeClient

/// The server's rules for `metadata`: types, defaults and validation.
enum MetadataRules {
    /// The stored fields of metadata, in order.
    private static let fields = [
        "name", "generateName", "namespace", "uid", "generation", "creationTimestamp", "deletionTimestamp",
        "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers", "managedFields",
    ]
    /// Fields that are accepted but not stored.
    private static let ignoredFields: Set<String> = ["resourceVersion", "selfLink"]

    static func unknownFields(in object: JSONValue) -> [String] {
        (object["metadata"]?.objectValue?.keys ?? [])
            .filter { !fields.contains($0) && !ignoredFields.contains($0) }
            .map { "metadata.\($0)" }
    }

    /// The stored fields in order, without empty ones.
    static func canonical(_ metadata: JSONValue) -> JSONValue {
        var result = JSONObject()
        for field in fields {
            if let value = metadata[field], !isEmpty(value) { result[field] = value }
        }
        return .object(result)
    }

    /// The metadata without empty fields, which are equivalent to absent ones.
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

    /// Rejects metadata fields of the wrong type.
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

    /// The metadata of a new object, with the fields that the server sets.
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

    /// The metadata of an updated object, with immutable fields restored.
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

extension MetadataRules {
    /// The maximum total size of annotations, in bytes.
    private static let maximumAnnotationBytes = 256 << 10

    /// Validates the metadata of an object; `old` is nil for a new object.
    static func validate(_ metadata: JSONValue, old: JSONValue?, nameRule: ResourceStrategy.NameRule) -> [StatusError
        .Cause]
    {
        var causes: [StatusError.Cause] = []
        let name = metadata["name"]?.stringValue ?? ""
        if old == nil {
            switch nameRule {
            case .subdomain where !NameRules.isSubdomain(name):
                causes.append(.invalid("metadata.name", .string(name), NameRules.subdomainRule))
            case .label where !NameRules.isLabel(name):
                causes.append(.invalid("metadata.name", .string(name), NameRules.labelRule))
            case .pathSegment where !NameRules.isPathSegment(name):
                causes.append(.invalid("metadata.name", .string(name), NameRules.pathSegmentRule))
            default: break
            }
        }
        return causes + labelErrors(metadata) + annotationErrors(metadata) + ownerErrors(metadata)
            + finalizerErrors(metadata, old: old)
    }

    private static func labelErrors(_ metadata: JSONValue) -> [StatusError.Cause] {
        var causes: [StatusError.Cause] = []
        for label in metadata["labels"]?.objectValue?.members ?? [] {
            if !NameRules.isQualifiedName(label.key) {
                causes.append(.invalid("metadata.labels", .string(label.key), NameRules.qualifiedNameRule))
            }
            if !NameRules.isLabelValue(label.value.stringValue ?? "") {
                causes.append(.invalid("metadata.labels", label.value, NameRules.labelValueRule))
            }
        }
        return causes
    }

    private static func annotationErrors(_ metadata: JSONValue) -> [StatusError.Cause] {
        var causes: [StatusError.Cause] = []
        var bytes = 0
        for annotation in metadata["annotations"]?.objectValue?.members ?? [] {
            if !NameRules.isQualifiedName(annotation.key.lowercased()) {
                causes.append(.invalid("metadata.annotations", .string(annotation.key), NameRules.qualifiedNameRule))
            }
            bytes += annotation.key.utf8.count + (annotation.value.stringValue ?? "").utf8.count
        }
        if bytes > maximumAnnotationBytes {
            causes.append(
                StatusError.Cause(
                    reason: "FieldValueTooLong",
                    message: "Too long: may not be more than \(maximumAnnotationBytes) bytes",
                    field: "metadata.annotations"))
        }
        return causes
    }

    private static func ownerErrors(_ metadata: JSONValue) -> [StatusError.Cause] {
        var causes: [StatusError.Cause] = []
        var controllers = 0
        for (index, owner) in (metadata["ownerReferences"]?.arrayValue ?? []).enumerated() {
            for field in ["apiVersion", "kind", "name", "uid"] where (owner[field]?.stringValue ?? "").isEmpty {
                causes.append(.required("metadata.ownerReferences[\(index)].\(field)", "must not be empty"))
            }
            if owner["controller"] == true { controllers += 1 }
        }
        if controllers > 1 {
            causes.append(
                .invalid(
                    "metadata.ownerReferences", metadata["ownerReferences"] ?? .null,
                    "Only one reference can have Controller set to true"))
        }
        return causes
    }

    private static func finalizerErrors(_ metadata: JSONValue, old: JSONValue?) -> [StatusError.Cause] {
        var causes: [StatusError.Cause] = []
        let finalizers = (metadata["finalizers"]?.arrayValue ?? []).compactMap(\.stringValue)
        for finalizer in finalizers where !NameRules.isQualifiedName(finalizer) {
            causes.append(.invalid("metadata.finalizers", .string(finalizer), NameRules.qualifiedNameRule))
        }
        if let old, old["deletionTimestamp"] != nil {
            let before = (old["finalizers"]?.arrayValue ?? []).compactMap(\.stringValue)
            let added = finalizers.filter { !before.contains($0) }
            if !added.isEmpty {
                let list = added.map { "\"\($0)\"" }.joined(separator: ", ")
                causes.append(
                    .forbidden(
                        "metadata.finalizers",
                        "no new finalizers can be added if the object is being deleted, found new finalizers "
                            + "[]string{\(list)}"))
            }
        }
        return causes
    }
}

/// The syntax of names, labels and related texts (RFC 1123 and the API conventions).
enum NameRules {
    static let subdomainRule =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
        + "start and end with an alphanumeric character"
    static let labelRule =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
        + "end with an alphanumeric character"
    static let pathSegmentRule = "may be neither empty, '.' nor '..', and may contain neither '/' nor '%'"
    static let qualifiedNameRule =
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
        + "alphanumeric character, with an optional DNS subdomain prefix and '/'"
    static let labelValueRule =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
        + "start and end with an alphanumeric character, at most 63 characters"

    /// At most 253 characters: labels of lowercase letters, digits and dashes, joined by dots.
    static func isSubdomain(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 253 else { return false }
        return text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy {
            isLabelShaped($0)
        }
    }

    /// At most 63 characters: lowercase letters, digits and dashes.
    static func isLabel(_ text: String) -> Bool {
        text.utf8.count <= 63 && isLabelShaped(Substring(text).utf8)
    }

    /// A valid segment of a URL path.
    static func isPathSegment(_ text: String) -> Bool {
        !["", ".", ".."].contains(text) && !text.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "%") }
    }

    /// A label key: a name of at most 63 characters with an optional subdomain prefix and slash.
    static func isQualifiedName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return !text.isEmpty && isLabelValue(text)
        case 2: return isSubdomain(String(parts[0])) && !parts[1].isEmpty && isLabelValue(String(parts[1]))
        default: return false
        }
    }

    static func isLabelValue(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return true }
        return text.utf8.count <= 63 && isAlphanumeric(first) && isAlphanumeric(last)
            && text.utf8.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
    }

    private static func isLabelShaped(_ text: Substring.UTF8View) -> Bool {
        guard let first = text.first, let last = text.last else { return false }
        let dash = UInt8(ascii: "-")
        return first != dash && last != dash && text.allSatisfy { $0 == dash || isLowerAlphanumeric($0) }
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}

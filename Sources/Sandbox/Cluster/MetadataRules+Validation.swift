import KubeClient

extension MetadataRules {
    /// The bytes that all annotations of an object may have together.
    private static let maximumAnnotationBytes = 256 << 10

    /// Tells what is wrong with the metadata of an object; `old` is nil for a new object.
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
                causes.append(
                    .forbidden(
                        "metadata.finalizers",
                        "no new finalizers can be added if the object is being deleted, found new finalizers \(added)"))
            }
        }
        return causes
    }
}

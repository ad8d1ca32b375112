import KubeClient

extension StructuralSchema {
    /// The fields of every object that CRDs need not declare.
    private static let objectFields: Set<String> = ["apiVersion", "kind", "metadata"]

    private static let metadataFields: Set<String> = [
        "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp",
        "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
        "managedFields",
    ]

    /// Removes unknown fields from an object and returns their paths.
    ///
    /// Strict field validation reports these paths: `spec.unknown`, `spec.list[0].unknown`.
    func pruneResource(_ object: inout JSONValue) -> [String] {
        var removed: [String] = []
        var path = FieldPath()
        if let pruned = pruned(object, isResource: true, at: &path, &removed) { object = pruned }
        return removed
    }

    /// Removes unknown fields from a value inside an object.
    func prune(_ value: inout JSONValue) -> [String] {
        var removed: [String] = []
        var path = FieldPath()
        if let pruned = pruned(value, isResource: isEmbeddedResource, at: &path, &removed) { value = pruned }
        return removed
    }

    /// The value without unknown fields; nil if nothing was removed, which is the most common result.
    private func pruned(
        _ value: JSONValue, isResource: Bool, at path: inout FieldPath, _ removed: inout [String]
    ) -> JSONValue? {
        switch value {
        case .array(let elements):
            guard let items else { return nil }
            var result: [JSONValue]?
            for (index, element) in elements.enumerated() {
                path.segments.append(.index(index))
                if let pruned = items.pruned(element, isResource: items.isEmbeddedResource, at: &path, &removed) {
                    result = result ?? elements
                    result?[index] = pruned
                }
                path.segments.removeLast()
            }
            return result.map(JSONValue.array)
        case .object(let object):
            var members: [JSONObject.Member] = []
            members.reserveCapacity(object.count)
            var isChanged = false
            for member in object {
                path.segments.append(.field(member.key))
                let outcome = pruned(member: member, isResource: isResource, at: &path, &removed)
                path.segments.removeLast()
                switch outcome {
                case .kept: members.append(member)
                case .changed(let value):
                    isChanged = true
                    members.append(JSONObject.Member(key: member.key, value: value))
                case .removed: isChanged = true
                }
            }
            return isChanged ? .object(JSONObject(uniqueMembers: members)) : nil
        default: return nil
        }
    }

    private enum Outcome {
        case kept
        case changed(JSONValue)
        case removed
    }

    private func pruned(
        member: JSONObject.Member, isResource: Bool, at path: inout FieldPath, _ removed: inout [String]
    ) -> Outcome {
        if isResource, Self.objectFields.contains(member.key) {
            return member.key == "metadata" ? Self.prunedMetadata(member.value, at: path, &removed) : .kept
        }
        if let schema = property(member.key) {
            let pruned = schema.pruned(member.value, isResource: schema.isEmbeddedResource, at: &path, &removed)
            return pruned.map(Outcome.changed) ?? .kept
        }
        if preservesUnknownFields { return .kept }
        if case .anything = additionalProperties { return .kept }
        removed.append(path.description)
        return .removed
    }

    private static func prunedMetadata(_ value: JSONValue, at path: FieldPath, _ removed: inout [String]) -> Outcome {
        guard case .object(let metadata) = value else { return .kept }
        var result = metadata
        for key in metadata.keys where !metadataFields.contains(key) {
            removed.append(path.field(key).description)
            result[key] = nil
        }
        return result.count == metadata.count ? .kept : .changed(.object(result))
    }
}

extension StructuralSchema {
    /// Sets defaults of absent fields. A null counts as absent where null is not allowed.
    func applyDefaults(to value: inout JSONValue) {
        guard needsDefaulting || value.holdsNull else { return }
        setDefaults(in: &value)
    }

    private func setDefaults(in value: inout JSONValue) {
        switch value {
        case .array(var elements):
            guard let items else { return }
            value = .null
            for index in elements.indices { items.setDefaults(in: &elements[index]) }
            value = .array(elements)
        case .object(let object):
            var members: [JSONObject.Member] = []
            members.reserveCapacity(object.count)
            var missing = Set(properties.filter { $0.value.defaultValue != nil }.keys)
            for var member in object {
                if let schema = property(member.key) {
                    if member.value.isNull, !schema.isNullable { continue }
                    schema.setDefaults(in: &member.value)
                }
                missing.remove(member.key)
                members.append(member)
            }
            for name in missing.sorted() {
                guard let schema = properties[name], var value = schema.defaultValue else { continue }
                schema.setDefaults(in: &value)
                members.append(JSONObject.Member(key: name, value: value))
            }
            value = .object(JSONObject(uniqueMembers: members))
        default: return
        }
    }
}

extension JSONValue {
    fileprivate var holdsNull: Bool {
        switch self {
        case .null: true
        case .array(let elements): elements.contains(where: \.holdsNull)
        case .object(let object): object.contains(where: \.value.holdsNull)
        default: false
        }
    }
}

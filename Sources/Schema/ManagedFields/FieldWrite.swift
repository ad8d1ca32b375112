import CEL
package import KubeClient

/// One write to an object, for tracking who owns its fields.
package struct FieldWrite: Sendable {
    /// The `fieldManager` of the request.
    let manager: String
    /// The API version in which the object is written.
    let apiVersion: String
    /// The subresource, such as `status`; empty for the object itself.
    let subresource: String
    let shape: MergeShape
    let time: Timestamp
    /// Top-level fields that the endpoint does not write: `status` for the object, `spec` for its status.
    let ignoredFields: Set<String>

    package init(
        manager: String, apiVersion: String, subresource: String = "", shape: MergeShape, time: Timestamp,
        ignoredFields: Set<String> = []
    ) {
        self.manager = manager
        self.apiVersion = apiVersion
        self.subresource = subresource
        self.shape = shape
        self.time = time
        self.ignoredFields = ignoredFields
    }

    func owner(_ operation: ManagedFields.Operation) -> ManagedFields.Owner {
        ManagedFields.Owner(name: manager, operation: operation, subresource: subresource, apiVersion: apiVersion)
    }

    /// Metadata fields without owners: identity and fields that the server sets.
    private static let unowned: Set<String> = [
        "name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields", "resourceVersion",
        "deletionTimestamp", "deletionGracePeriodSeconds",
    ]

    /// The fields that this write can own.
    func ownable(_ fields: FieldSet) -> FieldSet {
        var result = fields
        for name in ignoredFields.union(["apiVersion", "kind"]) { result[field: name] = nil }
        if var metadata = result[field: "metadata"] {
            metadata.isMember = false
            for name in Self.unowned { metadata[field: name] = nil }
            result[field: "metadata"] = metadata
        }
        result.isMember = false
        return result
    }

    /// The difference between two states of the object, without fields that cannot be owned.
    func changes(from old: JSONValue?, to new: JSONValue) -> (written: FieldSet, removed: FieldSet) {
        let changes = FieldChanges(from: old ?? [:], to: new, shape)
        return (ownable(changes.added.union(changes.modified)), ownable(changes.removed))
    }

    // MARK: Updates

    /// Updates the managed fields of an object after a create, update or patch.
    ///
    /// `new` is otherwise ready to be stored. A client resets ownership with a list of one empty entry.
    package func tracked(_ new: JSONValue, replacing old: JSONValue?) -> JSONValue {
        let stored = ManagedFields(old?["metadata"]?["managedFields"])
        var managed = stored
        if let given = new["metadata"]?["managedFields"]?.arrayValue, !given.isEmpty {
            managed = ManagedFields(.array(given))
        }
        let owner = owner(.update)
        let (written, removed) = changes(from: old, to: new)
        managed.remove(written.union(removed), exceptFrom: owner)
        let before = managed[owner]
        managed[owner] = before.union(written).subtracting(removed)
        if managed[owner] != before || !written.isEmpty { managed.setTime(time, of: owner) }
        return Self.setting(managed, in: new)
    }

    static func setting(_ managed: ManagedFields, in object: JSONValue) -> JSONValue {
        var result = object
        var metadata = object["metadata"] ?? [:]
        metadata["managedFields"] = managed.entries.isEmpty ? nil : Optional(managed.encoded)
        result["metadata"] = metadata
        return result
    }
}

extension FieldWrite {
    /// Merges an applied configuration into an object (server-side apply).
    ///
    /// Fields that the manager applied before but no longer does are removed, unless another manager owns them.
    /// Applying the same configuration again changes nothing, not even times. Without a stored object, the
    /// configuration becomes the object.
    package func apply(_ configuration: JSONValue, to live: JSONValue?, force: Bool) throws(ApplyError) -> JSONValue {
        guard case .object = configuration else { throw .malformed("an applied configuration must be an object") }
        if let fields = configuration["metadata"]?["managedFields"], fields != .null, fields != [] {
            throw .malformed("metadata.managedFields must be nil")
        }
        var configuration = configuration
        for name in ignoredFields where name != "metadata" { configuration[name] = nil }
        try checkLists(configuration, shape, at: "", isRoot: true)

        let owner = owner(.apply)
        let before = managedFields(of: live)
        let last = before[owner]
        var managed = before
        managed[owner] = ownable(FieldSet(of: configuration, shape))
        var merged = live.map { ObjectMerge.merge(configuration, into: $0, shape) } ?? configuration
        merged =
            ObjectMerge.removing(last.subtracting(managed.union), keeping: managed.union, from: merged, shape) ?? merged

        let (written, removed) = changes(from: live, to: merged)
        let conflicts = managed.conflicts(with: written, of: owner)
        guard force || conflicts.isEmpty else { throw .conflicts(conflicts) }
        managed.remove(written.union(removed), exceptFrom: owner)
        let isSame = managed.isSameOwnership(as: before) && written.isEmpty && removed.isEmpty
        if isSame, let live { return live }
        managed.setTime(time, of: owner)
        return Self.setting(managed, in: merged)
    }

    /// The owners of an object's fields; without owners, all fields belong to `before-first-apply`.
    private func managedFields(of live: JSONValue?) -> ManagedFields {
        var managed = ManagedFields(live?["metadata"]?["managedFields"])
        guard managed.entries.isEmpty, let live else { return managed }
        let unknown = ManagedFields.Owner(
            name: "before-first-apply", operation: .update, subresource: "", apiVersion: apiVersion)
        managed[unknown] = ownable(FieldSet(of: live, shape))
        managed.setTime(time, of: unknown)
        return managed
    }

    /// Rejects duplicate elements and missing keys in keyed lists and sets.
    private func checkLists(_ value: JSONValue, _ shape: MergeShape, at path: String, isRoot: Bool) throws(ApplyError) {
        switch value {
        case .object(let object):
            for member in object {
                try checkLists(
                    member.value, shape.member(member.key, isRoot: isRoot), at: "\(path).\(member.key)", isRoot: false)
            }
        case .array(let elements) where shape.listType != .atomic:
            var seen = Set<PathElement>()
            for (index, element) in elements.enumerated() {
                guard let step = shape.step(to: element) else {
                    throw .malformed(
                        "failed to create typed patch object: \(path): element \(index): associative list with keys has an element that omits a key field"
                    )
                }
                guard seen.insert(step).inserted else {
                    throw .malformed("failed to create typed patch object: \(path): duplicate entries for key \(step)")
                }
                try checkLists(element, shape.element, at: path + step.description, isRoot: false)
            }
        default: break
        }
    }
}

extension ManagedFields {
    /// The written fields that other managers own.
    fileprivate func conflicts(with written: FieldSet, of owner: Owner) -> [ApplyError.Conflict] {
        entries.filter { $0.owner != owner }.sorted { $0.owner.name < $1.owner.name }.flatMap { entry in
            entry.fields.intersection(written).paths.map { ApplyError.Conflict(owner: entry.owner, field: $0) }
        }
    }
}

/// Why server-side apply fails.
package enum ApplyError: Error, Hashable, Sendable {
    /// The configuration is invalid; the API responds with 400.
    case malformed(String)
    /// Other managers own fields that would change; the API responds with 409 unless the request forces it.
    case conflicts([Conflict])

    /// A field that would change and its owner.
    package struct Conflict: Hashable, Sendable {
        let owner: ManagedFields.Owner
        /// The path of the field, such as `.spec.shutdown`.
        package let field: String

        /// The owner, as the API server's message describes it.
        package var ownerDescription: String {
            var text = "\"\(owner.name)\""
            if !owner.subresource.isEmpty { text += " with subresource \"\(owner.subresource)\"" }
            return owner.operation == .update ? text + " using \(owner.apiVersion)" : text
        }

        /// An element of `details.causes` in a `Status` object.
        var cause: JSONValue {
            [
                "reason": "FieldManagerConflict", "message": .string("conflict with \(ownerDescription)"),
                "field": .string(field),
            ]
        }
    }

    /// The message of the `Status` object.
    package var message: String {
        switch self {
        case .malformed(let message): return message
        case .conflicts(let conflicts):
            if conflicts.count == 1, let conflict = conflicts.first {
                return "Apply failed with 1 conflict: conflict with \(conflict.ownerDescription): \(conflict.field)"
            }
            var owners: [String] = []
            for conflict in conflicts where !owners.contains(conflict.ownerDescription) {
                owners.append(conflict.ownerDescription)
            }
            let lines = owners.map { owner in
                "conflicts with \(owner):\n"
                    + conflicts.filter { $0.ownerDescription == owner }.map { "- " + $0.field }.joined(separator: "\n")
            }
            return "Apply failed with \(conflicts.count) conflicts: " + lines.joined(separator: "\n")
        }
    }
}

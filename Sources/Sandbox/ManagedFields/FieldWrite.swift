import KubeClient

/// One write of an object, as far as the ownership of its fields is concerned.
struct FieldWrite: Sendable {
    /// `fieldManager` of the request.
    let manager: String
    /// The version in which the object is written.
    let apiVersion: String
    /// Such as `status`; empty for the object itself.
    let subresource: String
    let shape: MergeShape
    let time: Timestamp
    /// Top-level fields this endpoint does not write: `status` for the object itself, `spec` for its status.
    let ignoredFields: Set<String>

    init(
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

    /// Fields that belong to nobody: identity and what the server itself writes.
    private static let unowned: Set<String> = [
        "name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields", "resourceVersion",
        "deletionTimestamp", "deletionGracePeriodSeconds",
    ]

    /// The set without what this write can't own.
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

    /// How the object changes, without what nobody owns.
    func changes(from old: JSONValue?, to new: JSONValue) -> (written: FieldSet, removed: FieldSet) {
        let changes = FieldChanges(from: old ?? [:], to: new, shape)
        return (ownable(changes.added.union(changes.modified)), ownable(changes.removed))
    }

    // MARK: Updates

    /// The object of a create, an update or a patch, with the ownership that follows from it.
    ///
    /// `new` is complete, defaulted and otherwise ready to be stored. A client resets the ownership with a list of one
    /// empty entry.
    func tracked(_ new: JSONValue, replacing old: JSONValue?) -> JSONValue {
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

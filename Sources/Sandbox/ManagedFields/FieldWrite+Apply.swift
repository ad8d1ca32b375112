import KubeClient

extension FieldWrite {
    /// Merges an applied configuration into an object (server-side apply).
    ///
    /// Fields that the manager applied before and no longer does are removed unless others own them. Applying the same
    /// again changes nothing, the times included. Without a stored object the configuration becomes one.
    func apply(_ configuration: JSONValue, to live: JSONValue?, force: Bool) throws(ApplyError) -> JSONValue {
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

    /// The owners of an object; all of one that nobody owns belongs to those before the first apply.
    private func managedFields(of live: JSONValue?) -> ManagedFields {
        var managed = ManagedFields(live?["metadata"]?["managedFields"])
        guard managed.entries.isEmpty, let live else { return managed }
        let unknown = ManagedFields.Owner(
            name: "before-first-apply", operation: .update, subresource: "", apiVersion: apiVersion)
        managed[unknown] = ownable(FieldSet(of: live, shape))
        managed.setTime(time, of: unknown)
        return managed
    }

    /// Elements of keyed lists and sets must be told apart.
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
    /// The fields among those written that others own.
    fileprivate func conflicts(with written: FieldSet, of owner: Owner) -> [ApplyError.Conflict] {
        entries.filter { $0.owner != owner }.sorted { $0.owner.name < $1.owner.name }.flatMap { entry in
            entry.fields.intersection(written).paths.map { ApplyError.Conflict(owner: entry.owner, field: $0) }
        }
    }
}

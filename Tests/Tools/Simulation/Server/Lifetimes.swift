import KubeClient
import TowlineAPI

/// Deletion with finalizers and propagation, as in kube-apiserver.
extension SimulatedServer {
    func delete(_ target: RequestTarget, _ options: JSONValue?, by writer: Writer) -> HTTPResponse {
        let key = ObjectKey(namespace: target.namespace ?? "", name: target.name ?? "")
        guard let old = object(target.kind, key) else { return Answer.notFound(target) }
        let preconditions = options?["preconditions"]
        for field in ["uid", "resourceVersion"] {
            if let wanted = preconditions?[field], wanted != old["metadata"]?[field] { return Answer.conflict(target) }
        }
        // With foreground deletion the object remains until the garbage collector has deleted its dependents.
        if options?["propagationPolicy"] == "Foreground", target.kind == .environments {
            removeInForeground(target.kind, key, by: writer)
        } else if options?["propagationPolicy"] == "Foreground", target.kind == .executions {
            if old["metadata"]?["deletionTimestamp"] == nil {
                var marked = old
                marked[path: ["metadata", "deletionTimestamp"]] = .string(clock.now().roundedDownToSeconds.rfc3339)
                commit(.modified, target.kind, key, marked, by: writer)
            }
        } else {
            remove(target.kind, key, by: writer)
        }
        return Answer.object(old.encoded)
    }

    /// Deletes an object, or sets its deletion timestamp if it has a finalizer.
    func remove(_ kind: ResourceKind, _ key: ObjectKey, by writer: Writer) {
        guard var object = object(kind, key) else { return }
        guard object["metadata"]?["finalizers"] != nil else {
            commit(.deleted, kind, key, object, by: writer)
            return
        }
        guard object["metadata"]?["deletionTimestamp"] == nil else { return }
        mark(&object, kind)
        commit(.modified, kind, key, object, by: writer)
    }

    /// Marks an object with the finalizer that the garbage collector removes when its dependents are gone.
    func removeInForeground(_ kind: ResourceKind, _ key: ObjectKey, by writer: Writer) {
        guard var object = object(kind, key), object["metadata"]?["deletionTimestamp"] == nil else { return }
        object[path: ["metadata", "finalizers"]] = .array(Self.finalizers(of: object) + [Self.foregroundDeletion])
        mark(&object, kind)
        commit(.modified, kind, key, object, by: writer)
    }

    /// Sets the deletion timestamp. As in kube-apiserver, that is a new generation.
    private func mark(_ object: inout JSONValue, _ kind: ResourceKind) {
        object[path: ["metadata", "deletionTimestamp"]] = .string(clock.now().roundedDownToSeconds.rfc3339)
        guard kind == .environments else { return }
        object[path: ["metadata", "generation"]] = .integer((object["metadata"]?["generation"]?.integerValue ?? 0) + 1)
    }

    /// Removes the finalizers of an object, which is then deleted if that was requested.
    func release(_ kind: ResourceKind, _ key: ObjectKey, _ uid: String, by writer: Writer) {
        guard let current = current(kind, key), current.uid == uid else { return }
        var object = current.object
        object[path: ["metadata", "finalizers"]] = nil
        let isMarked = object["metadata"]?["deletionTimestamp"] != nil
        commit(isMarked ? .deleted : .modified, kind, key, object, by: writer)
    }

    /// Removes one finalizer of an object, which is deleted with the last one if that was requested.
    func release(_ finalizer: JSONValue, of change: Change, by writer: Writer) {
        guard let current = current(change.kind, change.key), current.uid == change.uid else { return }
        var object = current.object
        let rest = Self.finalizers(of: object).filter { $0 != finalizer }
        object[path: ["metadata", "finalizers"]] = rest.isEmpty ? nil : .array(rest)
        guard object != current.object else { return }
        let isOver = rest.isEmpty && object["metadata"]?["deletionTimestamp"] != nil
        commit(isOver ? .deleted : .modified, change.kind, change.key, object, by: writer)
    }

    /// Stores the finalizers of a write; `new` has its other changes.
    func storeFinalizers(
        of wanted: JSONValue, in new: JSONValue, over old: JSONValue, _ target: RequestTarget, _ key: ObjectKey,
        by writer: Writer
    ) -> HTTPResponse {
        let (finalizers, before) = (Self.finalizers(of: wanted), Self.finalizers(of: old))
        let isMarked = old["metadata"]?["deletionTimestamp"] != nil
        if isMarked, let added = finalizers.first(where: { !before.contains($0) }) {
            let name = added.stringValue ?? ""
            return Answer.status(
                422, "Invalid",
                "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new"
                    + " finalizers []string{\"\(name)\"}")
        }
        var object = new
        object[path: ["metadata", "finalizers"]] = finalizers.isEmpty ? nil : .array(finalizers)
        if object["spec"] != old["spec"] {
            let generation = old["metadata"]?["generation"]?.integerValue ?? 0
            object[path: ["metadata", "generation"]] = .integer(generation + 1)
        }
        let isOver = isMarked && finalizers.isEmpty
        return Answer.object(commit(isOver ? .deleted : .modified, target.kind, key, object, by: writer).encoded)
    }

    static let foregroundDeletion: JSONValue = "foregroundDeletion"

    static func finalizers(of object: JSONValue) -> [JSONValue] { object["metadata"]?["finalizers"]?.arrayValue ?? [] }
}

/// Namespaces, which exist until they are deleted.
extension SimulatedServer {
    /// Starts the deletion of a namespace and of everything in it; `random` determines when which object is deleted.
    func terminate(_ namespace: String, _ random: SeededRandom) {
        terminating.insert(namespace)
        time.schedule(after: random.duration(.milliseconds(10)...(.seconds(2)))) { [weak self] in
            self?.empty(namespace, random)
        }
    }

    private func empty(_ namespace: String, _ random: SeededRandom) {
        let kinds = ResourceKind.allCases.filter { $0 != .leases && $0 != .events }
        let rest = kinds.flatMap { all($0) }.filter { $0.key.namespace == namespace }
        guard !rest.isEmpty else {
            goneNamespaces.insert(namespace)
            return
        }
        for object in rest where random.chance(0.7) { remove(object.kind, object.key, by: .garbageCollector) }
        time.schedule(after: random.duration(.milliseconds(200)...(.seconds(5)))) { [weak self] in
            self?.empty(namespace, random)
        }
    }

    /// The response to a create in a namespace that is being deleted or gone.
    func namespaceRefusal(_ kind: ResourceKind, _ key: ObjectKey) -> HTTPResponse? {
        if goneNamespaces.contains(key.namespace) {
            return Answer.status(
                404, "NotFound", "namespaces \"\(key.namespace)\" not found", name: key.namespace)
        }
        guard terminating.contains(key.namespace) else { return nil }
        let what = "\(kind.type.plural).\(kind.type.group) \"\(key.name)\""
        return Answer.status(
            403, "Forbidden",
            "\(what) is forbidden: unable to create new content in namespace \(key.namespace) because it is being"
                + " terminated", name: key.name, cause: "NamespaceTerminating")
    }
}

extension ResourceKind {
    /// The default of the schema for the status of a new object.
    var defaultStatus: JSONValue? {
        self == .environments ? ["observedGeneration": -1, "phase": "Pending"] : nil
    }
}

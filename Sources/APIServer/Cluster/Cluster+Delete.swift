import KubeClient

/// The options of a deletion.
struct DeleteParameters: Sendable {
    /// How dependents are deleted.
    enum Propagation: String, Sendable {
        case background = "Background"
        case foreground = "Foreground"
        case orphan = "Orphan"
    }

    var propagation = Propagation.background
    var uid: String?
    var resourceVersion: String?
    var isDryRun = false
}

/// The result of a deletion.
enum DeleteResult: Sendable {
    /// The object was removed; this was its last state.
    case removed(JSONValue)
    /// The object stays until its finalizers are removed.
    case marked(JSONValue)
}

extension Cluster {
    func delete(_ target: ObjectTarget, _ parameters: DeleteParameters) throws(StatusError) -> DeleteResult {
        let served = target.served
        for _ in 0..<5 {
            let record = try record(target)
            let current = try object(record, as: served)
            try checkDeletable(current, target, parameters)
            let marked = mark(current, served, parameters.propagation)
            let isHeld = !marked.finalizers.isEmpty || marked.isNamespaceBeingEmptied
            if parameters.isDryRun { return isHeld ? .marked(marked) : .removed(current) }
            if isHeld, marked == current { return .marked(current) }
            do throws(StorageError) {
                if isHeld { return .marked(try store(marked, over: record, of: current, served)) }
                let last = try storage.remove(
                    served.stored.resource, served.draft(of: current), expecting: record.revision)
                didRemove(served, current)
                return .removed(current.stamped(last.revision))
            } catch {
                if error == .notFound { throw .notFound(served.groupResource, target.name) }
            }
        }
        throw .staleWrite(served.groupResource, target.name)
    }

    private func checkDeletable(
        _ current: JSONValue, _ target: ObjectTarget, _ parameters: DeleteParameters
    ) throws(StatusError) {
        let uid = current["metadata"]?["uid"]?.stringValue ?? ""
        if let asked = parameters.uid, asked != uid {
            throw .conflict(
                target.served.groupResource, target.name,
                "Precondition failed: UID in precondition: \(asked), UID in object meta: \(uid)")
        }
        let version = current["metadata"]?["resourceVersion"]?.stringValue ?? ""
        if let asked = parameters.resourceVersion, asked != version {
            throw .conflict(
                target.served.groupResource, target.name,
                "Precondition failed: ResourceVersion in precondition: \(asked), ResourceVersion in object meta: "
                    + version)
        }
        if target.served.kind == "Namespace", target.served.group.isEmpty, Self.initialNamespaces.contains(target.name)
        {
            throw .forbidden(target.served.groupResource, target.name, "this namespace may not be deleted")
        }
    }

    /// The object marked for deletion, as it is stored while finalizers remain.
    private func mark(
        _ current: JSONValue, _ served: ServedResource, _ propagation: DeleteParameters.Propagation
    ) -> JSONValue {
        var object = current
        var finalizers = current.finalizers.filter { !GarbageCollector.finalizers.contains($0) }
        switch propagation {
        case .background: break
        case .foreground: finalizers.append(GarbageCollector.foregroundFinalizer)
        case .orphan: finalizers.append(GarbageCollector.orphanFinalizer)
        }
        object[path: ["metadata", "finalizers"]] =
            finalizers.isEmpty ? nil : .array(finalizers.map { .string($0) })
        guard current["metadata"]?["deletionTimestamp"] == nil else { return object }
        object[path: ["metadata", "deletionTimestamp"]] = .string(environment.clock.now().rfc3339)
        if served.stored.resource != BuiltInResources.namespaces.groupResource {
            object[path: ["metadata", "deletionGracePeriodSeconds"]] = 0
        }
        if let generation = current["metadata"]?["generation"]?.integerValue {
            object[path: ["metadata", "generation"]] = .integer(generation &+ 1)
        }
        if object.isNamespaceBeingEmptied { object[path: ["status", "phase"]] = "Terminating" }
        return object
    }

    /// Deletes all selected objects and returns their last states.
    func deleteCollection(
        _ served: ServedResource, namespace: String?, labels: LabelSelector, fields: FieldSelector,
        _ parameters: DeleteParameters
    ) throws(StatusError) -> [JSONValue] {
        var deleted: [JSONValue] = []
        for record in select(served, namespace: namespace, labels, fields) {
            let target = ObjectTarget(served: served, namespace: record.namespace, name: record.name)
            do {
                switch try delete(target, parameters) {
                case .removed(let object), .marked(let object): deleted.append(object)
                }
            } catch {
                // Another client deleted it first.
                if error.reason != "NotFound" { throw error }
            }
        }
        return deleted
    }

    /// The selected objects, in order.
    func select(
        _ served: ServedResource, namespace: String?, _ labels: LabelSelector, _ fields: FieldSelector
    ) -> [ObjectRecord] {
        let records = (try? storage.snapshot(served.stored.resource).records) ?? []
        let scope = namespace.map { records.slice(inNamespace: $0) } ?? records[...]
        return scope.filter { labels.matches($0.labels) && fields.matches($0) }
    }
}

import KubeClient

extension Cluster {
    /// The maximum number of attempts if other writers interfere.
    private static let attempts = 5

    /// Replaces an object or its status (PUT).
    func replace(
        _ target: ObjectTarget, _ body: ObjectBody, _ parameters: WriteParameters
    ) throws(StatusError) -> WriteResult {
        try BodyRules.checkIdentity(body.object, target.served, namespace: target.namespace, name: target.name)
        let warnings = try BodyRules.checkFields(body, target.served, parameters.fieldValidation)
        let version = body.object["metadata"]?["resourceVersion"]?.stringValue ?? ""
        if version.isEmpty, !target.served.strategy.allowsUnconditionalUpdate {
            _ = try record(target)
            throw .invalid(
                group: target.served.group, kind: target.served.kind, name: target.name,
                causes: [.invalid("metadata.resourceVersion", 0, "must be specified for an update")])
        }
        let object = try modify(target, parameters) { (current) throws(StatusError) in
            try Self.checkUID(of: body.object, against: current, target)
            return body.object
        }
        return WriteResult(object: object, warnings: warnings)
    }

    /// Updates an object: computes a proposal from the current version, applies the rules, and stores the result.
    ///
    /// If another writer interferes, the proposal is computed again, unless it names a resource version: then the write
    /// fails as stale.
    func modify(
        _ target: ObjectTarget, _ parameters: WriteParameters,
        _ propose: (_ current: JSONValue) throws(StatusError) -> JSONValue
    ) throws(StatusError) -> JSONValue {
        let served = target.served
        for _ in 0..<Self.attempts {
            let record = try record(target)
            let current = try object(record, as: served)
            let proposal = try propose(current)
            try checkPreconditions(of: proposal, against: current, target, parameters)
            let new = try merge(proposal, into: current, served, parameters)
            guard !new.isSameObject(as: current) else { return current }
            try validate(new, old: current, served)
            if parameters.isDryRun { return new.stamped(record.revision) }
            do throws(StorageError) {
                return try store(new, over: record, of: current, served)
            } catch {
                if error == .notFound { throw .notFound(served.groupResource, target.name) }
            }
        }
        throw .staleWrite(served.groupResource, target.name)
    }

    /// Rejects a stale resource version, and a patch that sets another UID.
    ///
    /// As on a real API server, the UID in a patch of the status has no effect.
    private func checkPreconditions(
        of proposal: JSONValue, against current: JSONValue, _ target: ObjectTarget, _ parameters: WriteParameters
    ) throws(StatusError) {
        let version = proposal["metadata"]?["resourceVersion"]?.stringValue ?? ""
        if !version.isEmpty, version != current["metadata"]?["resourceVersion"]?.stringValue {
            throw .staleWrite(target.served.groupResource, target.name)
        }
        let uid = proposal["metadata"]?["uid"]?.stringValue ?? ""
        if !uid.isEmpty, uid != current["metadata"]?["uid"]?.stringValue, parameters.subresource == nil {
            throw .invalid(
                group: target.served.group, kind: target.served.kind, name: target.name,
                causes: [.invalid("metadata.uid", .string(uid), "field is immutable")])
        }
    }

    /// Rejects the replacement of an object by a version of another one.
    private static func checkUID(
        of object: JSONValue, against current: JSONValue, _ target: ObjectTarget
    ) throws(StatusError) {
        let uid = object["metadata"]?["uid"]?.stringValue ?? ""
        let currentUID = current["metadata"]?["uid"]?.stringValue ?? ""
        if !uid.isEmpty, uid != currentUID {
            throw .conflict(
                target.served.groupResource, target.name,
                "Precondition failed: UID in precondition: \(uid), UID in object meta: \(currentUID)")
        }
    }

    /// The object that results from a proposal, by the rules of the subresource.
    private func merge(
        _ proposal: JSONValue, into current: JSONValue, _ served: ServedResource, _ parameters: WriteParameters
    ) throws(StatusError) -> JSONValue {
        var new: JSONValue
        if parameters.subresource == "status" {
            new = current
            new["status"] = proposal["status"]
        } else {
            new = proposal
            if served.hasStatusSubresource { new["status"] = current["status"] }
            new["metadata"] = proposal["metadata"]
        }
        new["metadata"] = MetadataRules.updated(new["metadata"] ?? [:], from: current["metadata"] ?? [:])
        served.schema?.prune(&new)
        served.schema?.applyDefaults(to: &new)
        if parameters.subresource == nil { served.strategy.prepareForUpdate(&new, current) }
        if served.strategy.hasGeneration, !new.hasSameDesiredState(as: current, served) {
            let generation = current["metadata"]?["generation"]?.integerValue ?? 0
            new[path: ["metadata", "generation"]] = .integer(generation &+ 1)
        }
        FieldOwnership.record(
            &new, old: current, served, parameters, at: environment.clock.now(),
            keeping: proposal["metadata"]?["managedFields"])
        return new
    }

    /// Stores a new version of `current`. A terminating object without finalizers is removed instead; watches then get
    /// the last stored version, with the finalizers.
    func store(
        _ new: JSONValue, over record: ObjectRecord, of current: JSONValue, _ served: ServedResource
    ) throws(StorageError) -> JSONValue {
        let draft = served.draft(of: new)
        if draft.isTerminating, new.finalizers.isEmpty, !new.isNamespaceBeingEmptied {
            let last = try storage.remove(
                served.stored.resource, served.draft(of: current), expecting: record.revision)
            didRemove(served, new)
            return new.stamped(last.revision)
        }
        let stored = try storage.replace(served.stored.resource, draft, expecting: record.revision)
        let object = new.stamped(stored.revision)
        didStore(served, object)
        return object
    }
}

extension JSONValue {
    var finalizers: [String] {
        (self["metadata"]?["finalizers"]?.arrayValue ?? []).compactMap(\.stringValue)
    }

    /// True for a namespace whose content is not yet deleted.
    var isNamespaceBeingEmptied: Bool {
        self["kind"] == "Namespace" && self["apiVersion"] == "v1"
            && self["spec"]?["finalizers"]?.arrayValue?.isEmpty == false
    }

    /// True if writing this object over the other one would change nothing.
    fileprivate func isSameObject(as other: JSONValue) -> Bool {
        withoutBookkeeping == other.withoutBookkeeping
            && FieldOwnership.isSame(self["metadata"]?["managedFields"], other["metadata"]?["managedFields"])
    }

    private var withoutBookkeeping: JSONValue {
        var copy = self
        copy[path: ["metadata", "managedFields"]] = nil
        copy[path: ["metadata", "resourceVersion"]] = nil
        return copy
    }

    /// True if no field differs that affects `metadata.generation`.
    fileprivate func hasSameDesiredState(as other: JSONValue, _ served: ServedResource) -> Bool {
        func state(_ object: JSONValue) -> JSONValue {
            var object = object
            object["metadata"] = nil
            if served.hasStatusSubresource { object["status"] = nil }
            return object
        }
        return state(self) == state(other)
    }
}

import KubeClient

/// Deletes objects whose owners no longer exist, and completes deletions that wait for other objects.
///
/// It processes only candidates: objects that were written with owners, that are terminating, or that lost an owner or
/// a dependent. Each check is complete, so checking too early is harmless.
struct GarbageCollector: Sendable {
    static let foregroundFinalizer = "foregroundDeletion"
    static let orphanFinalizer = "orphan"
    /// The finalizers that the garbage collector removes.
    static let finalizers: Set<String> = [foregroundFinalizer, orphanFinalizer]

    private let cluster: Cluster

    init(_ cluster: Cluster) {
        self.cluster = cluster
    }

    /// Collects until the task is canceled or storage shuts down.
    func run() async {
        while !Task.isCancelled, !cluster.storage.isShutDown {
            let seen = cluster.storage.revision
            collect()
            await cluster.storage.waitForChange(in: nil, after: seen)
        }
    }

    /// Processes all candidates, including those that result from processing, until none is left.
    func collect() {
        // A candidate that waits for another object stays a candidate; the limit stops two that wait for each other.
        for _ in 0..<1_000 {
            let candidates = cluster.storage.takeCandidates()
            guard !candidates.isEmpty else { return }
            for candidate in candidates { process(candidate) }
        }
    }

    private func process(_ address: ObjectAddress) {
        guard let served = cluster.registry.current.anyVersion(of: address.resource),
            let record = cluster.storage.record(
                address.resource, namespace: address.namespace, name: address.name)
        else { return }
        let target = ObjectTarget(served: served, namespace: address.namespace, name: address.name)
        if record.isTerminating { finishDeletion(of: target, record) }
        if !record.ownerReferences.isEmpty { checkOwners(of: target, record) }
    }

    // MARK: Owners

    private func checkOwners(of target: ObjectTarget, _ record: ObjectRecord) {
        let owners = record.ownerReferences.map { (link: $0, state: state(of: $0, for: record)) }
        let gone = owners.filter { $0.state == .gone }.map(\.link.uid)
        let waiting = owners.filter { $0.state == .waitsForDependents }.map(\.link.uid)
        guard !gone.isEmpty || !waiting.isEmpty else { return }
        if owners.contains(where: { $0.state == .present }) {
            removeOwners(gone + waiting, from: target)
        } else if !record.isTerminating {
            // If an owner waits for its dependents, their dependents are deleted first, too.
            let propagation: DeleteParameters.Propagation =
                !waiting.isEmpty && !cluster.storage.dependents(ofUID: record.uid).isEmpty ? .foreground : .background
            _ = try? cluster.delete(target, DeleteParameters(propagation: propagation, uid: record.uid))
        }
    }

    private enum OwnerState {
        case present, gone, waitsForDependents
    }

    private func state(of owner: OwnerLink, for dependent: ObjectRecord) -> OwnerState {
        guard let served = cluster.registry.current.resource(apiVersion: owner.apiVersion, kind: owner.kind) else {
            // Whether an object of an unknown kind exists cannot be determined.
            return .present
        }
        let namespace = served.isNamespaced ? dependent.namespace : ""
        guard
            let record = cluster.storage.record(served.stored.resource, namespace: namespace, name: owner.name),
            record.uid == owner.uid
        else { return .gone }
        guard record.isTerminating, let object = try? cluster.object(record, as: served) else { return .present }
        return object.finalizers.contains(Self.foregroundFinalizer) ? .waitsForDependents : .present
    }

    private func removeOwners(_ uids: [String], from target: ObjectTarget) {
        change(target) { object in
            let owners = object["metadata"]?["ownerReferences"]?.arrayValue ?? []
            let kept = owners.filter { !uids.contains($0["uid"]?.stringValue ?? "") }
            object[path: ["metadata", "ownerReferences"]] = kept.isEmpty ? nil : .array(kept)
        }
    }

    // MARK: Pending deletions

    private func finishDeletion(of target: ObjectTarget, _ record: ObjectRecord) {
        guard let object = try? cluster.object(record, as: target.served) else { return }
        if object.finalizers.contains(Self.orphanFinalizer) {
            for dependent in dependents(of: record) { removeOwners([record.uid], from: dependent) }
            removeFinalizer(Self.orphanFinalizer, from: target)
        }
        if object.finalizers.contains(Self.foregroundFinalizer) {
            let blocking = dependents(of: record).filter { blocks($0, record.uid) }
            for dependent in dependents(of: record) { process(dependent.address) }
            if blocking.isEmpty { removeFinalizer(Self.foregroundFinalizer, from: target) }
        }
        if object.finalizers.contains(CustomResourceDefinition.cleanupFinalizer) {
            deleteCustomObjects(of: target)
        }
        if object.isNamespaceBeingEmptied { emptyNamespace(target) }
    }

    private func dependents(of record: ObjectRecord) -> [ObjectTarget] {
        cluster.storage.dependents(ofUID: record.uid).compactMap { address in
            cluster.registry.current.anyVersion(of: address.resource).map {
                ObjectTarget(served: $0, namespace: address.namespace, name: address.name)
            }
        }
    }

    private func blocks(_ dependent: ObjectTarget, _ owner: String) -> Bool {
        guard let record = try? cluster.record(dependent) else { return false }
        return record.ownerReferences.contains { $0.uid == owner && $0.blocksDeletion }
    }

    private func deleteCustomObjects(of target: ObjectTarget) {
        let resources = cluster.registry.current.all.filter { $0.definition == target.name }
        guard let served = resources.first else {
            return removeFinalizer(CustomResourceDefinition.cleanupFinalizer, from: target)
        }
        _ = try? cluster.deleteCollection(
            served, namespace: nil, labels: .everything, fields: .everything, DeleteParameters())
        if cluster.select(served, namespace: nil, .everything, .everything).isEmpty {
            removeFinalizer(CustomResourceDefinition.cleanupFinalizer, from: target)
        } else {
            recheckLater(target)
        }
    }

    private func emptyNamespace(_ target: ObjectTarget) {
        var remainder = NamespaceRemainder()
        var seen: Set<GroupResource> = []
        for served in cluster.registry.current.all where served.isNamespaced {
            guard seen.insert(served.stored.resource).inserted else { continue }
            _ = try? cluster.deleteCollection(
                served, namespace: target.name, labels: .everything, fields: .everything, DeleteParameters())
            for record in cluster.select(served, namespace: target.name, .everything, .everything) {
                remainder.add(served, finalizers: (try? cluster.object(record, as: served))?.finalizers ?? [])
            }
        }
        guard remainder.isEmpty else {
            let now = cluster.environment.clock.now()
            change(target) { remainder.report(in: &$0, at: now) }
            return recheckLater(target)
        }
        change(target) { $0["spec"] = [:] }
    }

    /// Checks the target again after another object is removed.
    private func recheckLater(_ target: ObjectTarget) {
        cluster.storage.recheckAfterNextRemoval(target.address)
    }

    private func removeFinalizer(_ finalizer: String, from target: ObjectTarget) {
        change(target) { object in
            let kept = object.finalizers.filter { $0 != finalizer }
            object[path: ["metadata", "finalizers"]] = kept.isEmpty ? nil : .array(kept.map { .string($0) })
        }
    }

    /// Stores a change that is exempt from the rules for clients.
    private func change(_ target: ObjectTarget, _ body: (inout JSONValue) -> Void) {
        for _ in 0..<5 {
            guard let record = try? cluster.record(target),
                var object = try? cluster.object(record, as: target.served)
            else { return }
            let before = object
            body(&object)
            if object == before { return }
            if (try? cluster.store(object, over: record, of: before, target.served)) != nil { return }
        }
    }
}

/// What is left in a terminating namespace, as the conditions of the namespace report it.
private struct NamespaceRemainder {
    private var objects: [String: Int] = [:]
    private var finalizers: [String: Int] = [:]

    var isEmpty: Bool { objects.isEmpty }

    /// Counts an object.
    mutating func add(_ served: ServedResource, finalizers: [String]) {
        objects["\(served.resource.resource).\(served.group)", default: 0] += 1
        for finalizer in finalizers { self.finalizers[finalizer, default: 0] += 1 }
    }

    /// Sets the conditions of the namespace.
    func report(in namespace: inout JSONValue, at now: Timestamp) {
        func list(_ counts: [String: Int], _ word: String) -> String {
            counts.sorted { $0.key < $1.key }.map { "\($0.key) \(word) \($0.value) resource instances" }
                .joined(separator: ", ")
        }
        let conditions = [
            (
                "NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered",
                "All resources successfully discovered"
            ),
            (
                "NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions",
                "All legacy kube types successfully parsed"
            ),
            (
                "NamespaceDeletionContentFailure", false, "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization"
            ),
            (
                "NamespaceContentRemaining", true, "SomeResourcesRemain",
                "Some resources are remaining: \(list(objects, "has"))"
            ),
            finalizers.isEmpty
                ? (
                    "NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers",
                    "All content-preserving finalizers finished"
                )
                : (
                    "NamespaceFinalizersRemaining", true, "SomeFinalizersRemain",
                    "Some content in the namespace has finalizers remaining: \(list(finalizers, "in"))"
                ),
        ]
        let before = namespace[path: ["status", "conditions"]]?.arrayValue ?? []
        let after: [JSONValue] = conditions.map { type, isTrue, reason, message in
            let status: JSONValue = isTrue ? "True" : "False"
            let known = before.first { $0["type"]?.stringValue == type && $0["status"] == status }
            return [
                "type": .string(type), "status": status,
                "lastTransitionTime": known?["lastTransitionTime"] ?? .string(now.rfc3339),
                "reason": .string(reason), "message": .string(message),
            ]
        }
        namespace[path: ["status", "conditions"]] = .array(after)
    }
}

extension ObjectTarget {
    var address: ObjectAddress {
        ObjectAddress(resource: served.stored.resource, namespace: namespace, name: name)
    }
}

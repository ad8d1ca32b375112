/// The state of ``ObjectStorage``: all objects and the revision counter. It is a value without locks.
///
/// All collections share one counter, so resource versions order all writes.
struct StorageState: Sendable {
    private(set) var revision: Int64
    private let initialRevision: Int64
    private let limits: EventHistory.Limits
    private var collections: [GroupResource: ObjectCollection] = [:]
    /// The owner references, updated by each write.
    var ownership = OwnershipIndex()

    init(initialRevision: Int64, limits: EventHistory.Limits) {
        revision = initialRevision
        self.initialRevision = initialRevision
        self.limits = limits
    }

    /// The collection of a resource; empty if nothing was ever stored.
    func collection(_ resource: GroupResource) -> ObjectCollection {
        collections[resource] ?? ObjectCollection(limits: limits, startingAt: initialRevision)
    }

    mutating func create(_ resource: GroupResource, _ draft: ObjectDraft) throws(StorageError) -> ObjectRecord {
        guard collection(resource).record(namespace: draft.namespace, name: draft.name) == nil else {
            throw .alreadyExists
        }
        return put(resource, draft, replacing: nil)
    }

    /// Stores a new version if the current revision is `expected`.
    mutating func replace(
        _ resource: GroupResource, _ draft: ObjectDraft, expecting expected: Int64
    ) throws(StorageError) -> ObjectRecord {
        let present = try present(resource, draft, expecting: expected)
        return put(resource, draft, replacing: present)
    }

    /// Removes an object if its current revision is `expected`; `draft` is the last state for watches.
    mutating func remove(
        _ resource: GroupResource, _ draft: ObjectDraft, expecting expected: Int64
    ) throws(StorageError) -> ObjectRecord {
        let present = try present(resource, draft, expecting: expected)
        revision += 1
        let last = ObjectRecord(draft: draft, revision: revision)
        collections[resource]?.remove(last)
        ownership.update(resource, old: present, new: nil)
        return last
    }

    private func present(
        _ resource: GroupResource, _ draft: ObjectDraft, expecting expected: Int64
    ) throws(StorageError) -> ObjectRecord {
        guard let present = collection(resource).record(namespace: draft.namespace, name: draft.name) else {
            throw .notFound
        }
        guard present.revision == expected else { throw .conflict }
        return present
    }

    private mutating func put(
        _ resource: GroupResource, _ draft: ObjectDraft, replacing old: ObjectRecord?
    ) -> ObjectRecord {
        revision += 1
        let record = ObjectRecord(draft: draft, revision: revision)
        collections[
            resource, default: ObjectCollection(limits: limits, startingAt: initialRevision)
        ].put(record)
        ownership.update(resource, old: old, new: record)
        return record
    }

    /// Drops the changes of all collections up to and including `revision`.
    mutating func compact(through revision: Int64) {
        for resource in collections.keys { collections[resource]?.compact(through: revision) }
    }
}

/// Why a storage operation failed.
enum StorageError: Error, Hashable, Sendable {
    /// The name is taken.
    case alreadyExists
    case notFound
    /// The write is not based on the current version.
    case conflict
    /// Changes after the revision are compacted.
    case compacted
    /// The revision is in the future.
    case notReached(current: Int64)
}

/// The location of an object in storage.
struct ObjectAddress: Hashable, Sendable {
    let resource: GroupResource
    let namespace: String
    let name: String
}

/// Owner references by UID, and the candidates for garbage collection.
///
/// An object becomes a candidate if it is written with owners, is terminating, or loses an owner or a dependent.
struct OwnershipIndex: Sendable {
    private var addresses: [String: ObjectAddress] = [:]
    private var dependents: [String: Set<ObjectAddress>] = [:]
    private var candidates: Set<ObjectAddress> = []
    /// Terminating objects that wait for the removal of others.
    private var waiting: Set<ObjectAddress> = []

    mutating func update(_ resource: GroupResource, old: ObjectRecord?, new: ObjectRecord?) {
        guard let present = new ?? old else { return }
        let address = ObjectAddress(resource: resource, namespace: present.namespace, name: present.name)
        if old?.ownerReferences != new?.ownerReferences || new == nil {
            for owner in old?.ownerReferences ?? [] { unlink(address, from: owner.uid) }
            for owner in new?.ownerReferences ?? [] { dependents[owner.uid, default: []].insert(address) }
        }
        if let new {
            addresses[new.uid] = address
            if !new.ownerReferences.isEmpty || new.isTerminating { candidates.insert(address) }
        } else {
            addresses[present.uid] = nil
            candidates.remove(address)
            candidates.formUnion(dependents[present.uid] ?? [])
            candidates.formUnion(waiting)
            waiting = []
        }
    }

    private mutating func unlink(_ address: ObjectAddress, from owner: String) {
        dependents[owner]?.remove(address)
        if dependents[owner]?.isEmpty == true { dependents[owner] = nil }
        if let place = addresses[owner] { candidates.insert(place) }
    }

    func dependents(ofUID uid: String) -> Set<ObjectAddress> { dependents[uid] ?? [] }

    /// Makes an object a candidate after the next removal of any object.
    mutating func recheckAfterNextRemoval(_ address: ObjectAddress) {
        waiting.insert(address)
    }

    mutating func takeCandidates() -> Set<ObjectAddress> {
        defer { candidates = [] }
        return candidates
    }
}

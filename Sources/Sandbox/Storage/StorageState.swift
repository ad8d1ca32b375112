/// All objects of the sandbox and the counter of their revisions: the pure part of ``ObjectStorage``.
///
/// One counter serves all collections, so a resource version orders every write of the whole sandbox.
struct StorageState: Sendable {
    private(set) var revision: Int64
    private let initialRevision: Int64
    private let limits: EventHistory.Limits
    private var collections: [GroupResource: ObjectCollection] = [:]
    /// Who owns whom, kept current by every write.
    var ownership = OwnershipIndex()

    init(initialRevision: Int64, limits: EventHistory.Limits) {
        revision = initialRevision
        self.initialRevision = initialRevision
        self.limits = limits
    }

    /// The collection of a resource; an empty one when nothing was ever stored.
    func collection(_ resource: GroupResource) -> ObjectCollection {
        collections[resource] ?? ObjectCollection(limits: limits, startingAt: initialRevision)
    }

    mutating func create(_ resource: GroupResource, _ draft: ObjectDraft) throws(StorageError) -> ObjectRecord {
        guard collection(resource).record(namespace: draft.namespace, name: draft.name) == nil else {
            throw .alreadyExists
        }
        return put(resource, draft, replacing: nil)
    }

    /// Stores a new version of an object whose present version is that of `expected`.
    mutating func replace(
        _ resource: GroupResource, _ draft: ObjectDraft, expecting expected: Int64
    ) throws(StorageError) -> ObjectRecord {
        let present = try present(resource, draft, expecting: expected)
        return put(resource, draft, replacing: present)
    }

    /// Removes an object whose present version is that of `expected`; `draft` is what watchers see last.
    mutating func remove(
        _ resource: GroupResource, _ draft: ObjectDraft, expecting expected: Int64
    ) throws(StorageError) -> ObjectRecord {
        let present = try present(resource, draft, expecting: expected)
        revision += 1
        let last = ObjectRecord(draft: draft, revision: revision)
        collections[resource]?.remove(last)
        ownership.note(resource, old: present, new: nil)
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
        ownership.note(resource, old: old, new: record)
        return record
    }

    /// Forgets the changes of all collections up to and including `revision`.
    mutating func compact(through revision: Int64) {
        for resource in collections.keys { collections[resource]?.compact(through: revision) }
    }
}

import KubeClient

/// The sandbox's memory: objects by resource, one counter of revisions, and a bounded history that watches read from.
///
/// Nothing is buffered per watch. A watch keeps the revision it has seen, reads what came after it and waits, so a
/// slow client costs nothing but the risk that the history it needs is compacted away.
final class ObjectStorage: Sendable {
    private struct Guarded: Sendable {
        var state: StorageState
        var waiters = WaiterList()
    }

    private let guarded: Locked<Guarded>

    /// Revisions count up from `initialRevision`; a watch that starts below it is told that its version expired.
    init(initialRevision: Int64 = 1, limits: EventHistory.Limits = EventHistory.Limits()) {
        guarded = Locked(Guarded(state: StorageState(initialRevision: initialRevision, limits: limits)))
    }

    /// The revision of the latest write.
    var revision: Int64 { guarded.withLock { $0.state.revision } }

    func record(_ resource: GroupResource, namespace: String, name: String) -> ObjectRecord? {
        guarded.withLock { $0.state.collection(resource).record(namespace: namespace, name: name) }
    }

    /// All records of a resource, ordered, now or as they were right after an earlier revision.
    func snapshot(
        _ resource: GroupResource, at revision: Int64? = nil
    ) throws(StorageError) -> (records: [ObjectRecord], revision: Int64) {
        let (collection, current) = guarded.withLock { ($0.state.collection(resource), $0.state.revision) }
        guard let revision else { return (collection.records, current) }
        guard revision <= current else { throw .notReached(current: current) }
        guard let records = collection.records(at: revision) else { throw .compacted }
        return (records, revision)
    }

    /// The changes of a resource after `revision`, at most `limit`, and the revision up to which they are complete.
    func events(
        _ resource: GroupResource, after revision: Int64, limit: Int
    ) throws(StorageError) -> (events: [StorageEvent], through: Int64) {
        try guarded.withLock { (guarded) throws(StorageError) in
            let current = guarded.state.revision
            guard revision <= current else { throw .notReached(current: current) }
            guard let events = guarded.state.collection(resource).history.events(after: revision) else {
                throw .compacted
            }
            let part = events.prefix(limit)
            let through = part.count < events.count ? part.last?.revision ?? revision : current
            // A copy, so that the history is not copied by the next write while a watch holds part of it.
            return (Array(part), through)
        }
    }

    func compact(through revision: Int64) {
        guarded.withLock { $0.state.compact(through: min(revision, $0.state.revision)) }
    }
}

extension ObjectStorage {
    func create(_ resource: GroupResource, _ draft: ObjectDraft) throws(StorageError) -> ObjectRecord {
        try write(resource) { (state) throws(StorageError) in try state.create(resource, draft) }
    }

    func replace(
        _ resource: GroupResource, _ draft: ObjectDraft, expecting revision: Int64
    ) throws(StorageError) -> ObjectRecord {
        try write(resource) { (state) throws(StorageError) in
            try state.replace(resource, draft, expecting: revision)
        }
    }

    func remove(
        _ resource: GroupResource, _ draft: ObjectDraft, expecting revision: Int64
    ) throws(StorageError) -> ObjectRecord {
        try write(resource) { (state) throws(StorageError) in
            try state.remove(resource, draft, expecting: revision)
        }
    }

    private func write(
        _ resource: GroupResource, _ body: (inout StorageState) throws(StorageError) -> ObjectRecord
    ) throws(StorageError) -> ObjectRecord {
        let (record, waiting) = try guarded.withLock { (guarded) throws(StorageError) in
            let record = try body(&guarded.state)
            return (record, guarded.waiters.takeWaiters(on: resource))
        }
        for waiter in waiting { waiter.resume() }
        return record
    }
}

extension ObjectStorage {
    /// Returns once the resource (any resource, when nil) may have changed after `revision`.
    ///
    /// It also returns on ``wakeAll()``, on ``shutDown()`` and when the task is cancelled: callers look again.
    func waitForChange(in resource: GroupResource?, after revision: Int64) async {
        let id = guarded.withLock { $0.waiters.makeID() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let mustWait = guarded.withLock { guarded in
                    let latest = resource.map { guarded.state.collection($0).revision } ?? guarded.state.revision
                    guard latest <= revision, !Task.isCancelled else { return false }
                    return guarded.waiters.add(id, resource, continuation)
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            guarded.withLock { $0.waiters.take(id) }?.resume()
        }
    }

    /// Wakes everybody who waits for a change, so that they look at the clock.
    func wakeAll() {
        for waiter in guarded.withLock({ $0.waiters.takeAll() }) { waiter.resume() }
    }

    /// Ends all waiting, now and in future.
    func shutDown() {
        for waiter in guarded.withLock({ $0.waiters.close() }) { waiter.resume() }
    }

    var isShutDown: Bool { guarded.withLock { $0.waiters.isClosed } }

    /// Takes the objects that garbage collection has to look at.
    func takeSuspects() -> Set<ObjectAddress> {
        guarded.withLock { $0.state.ownership.takeSuspects() }
    }

    /// Has garbage collection look at an object once any other is removed.
    func suspectOnNextRemoval(_ address: ObjectAddress) {
        guarded.withLock { $0.state.ownership.suspectOnNextRemoval(address) }
    }

    /// The objects that name the object with a UID as an owner.
    func dependents(ofUID uid: String) -> Set<ObjectAddress> {
        guarded.withLock { $0.state.ownership.dependents(ofUID: uid) }
    }
}

/// The tasks that wait for a change of a resource.
struct WaiterList: Sendable {
    typealias Continuation = CheckedContinuation<Void, Never>

    private struct Waiter: Sendable {
        let resource: GroupResource?
        let continuation: Continuation
    }

    private var waiters: [UInt64: Waiter] = [:]
    private var byResource: [GroupResource?: Set<UInt64>] = [:]
    private var lastID: UInt64 = 0
    private(set) var isClosed = false

    mutating func makeID() -> UInt64 {
        lastID += 1
        return lastID
    }

    /// Keeps a continuation; false when waiting has ended and the caller resumes it at once.
    mutating func add(_ id: UInt64, _ resource: GroupResource?, _ continuation: Continuation) -> Bool {
        guard !isClosed else { return false }
        waiters[id] = Waiter(resource: resource, continuation: continuation)
        byResource[resource, default: []].insert(id)
        return true
    }

    /// Takes one waiter out.
    mutating func take(_ id: UInt64) -> Continuation? {
        guard let waiter = waiters.removeValue(forKey: id) else { return nil }
        byResource[waiter.resource]?.remove(id)
        return waiter.continuation
    }

    /// Takes those who wait for a resource or for any change.
    mutating func takeWaiters(on resource: GroupResource) -> [Continuation] {
        var taken: [Continuation] = []
        for place in [resource, nil] {
            for id in byResource.removeValue(forKey: place) ?? [] {
                if let waiter = waiters.removeValue(forKey: id) { taken.append(waiter.continuation) }
            }
        }
        return taken
    }

    mutating func takeAll() -> [Continuation] {
        defer {
            waiters = [:]
            byResource = [:]
        }
        return waiters.values.map(\.continuation)
    }

    mutating func close() -> [Continuation] {
        isClosed = true
        return takeAll()
    }
}

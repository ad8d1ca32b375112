import KubeClient

/// In-memory storage: objects by resource, a revision counter, and a bounded history for watches.
///
/// Watches have no buffers: each keeps its last revision, reads later changes, and waits. A slow client costs nothing,
/// but fails if the history it needs is compacted.
final class ObjectStorage: Sendable {
    private struct Guarded: Sendable {
        var state: StorageState
        var waiters = WaiterList()
    }

    private let guarded: Locked<Guarded>

    /// Revisions start at `initialRevision`; a watch from an earlier revision fails as expired.
    init(initialRevision: Int64 = 1, limits: EventHistory.Limits = EventHistory.Limits()) {
        guarded = Locked(Guarded(state: StorageState(initialRevision: initialRevision, limits: limits)))
    }

    /// The revision of the last write.
    var revision: Int64 { guarded.withLock { $0.state.revision } }

    func record(_ resource: GroupResource, namespace: String, name: String) -> ObjectRecord? {
        guarded.withLock { $0.state.collection(resource).record(namespace: namespace, name: name) }
    }

    /// All records of a resource in order, current or as of an earlier revision.
    func snapshot(
        _ resource: GroupResource, at revision: Int64? = nil
    ) throws(StorageError) -> (records: [ObjectRecord], revision: Int64) {
        let (collection, current) = guarded.withLock { ($0.state.collection(resource), $0.state.revision) }
        guard let revision else { return (collection.records, current) }
        guard revision <= current else { throw .notReached(current: current) }
        guard let records = collection.records(at: revision) else { throw .compacted }
        return (records, revision)
    }

    /// At most `limit` changes of a resource after `revision`, and the revision up to which they are complete.
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
            // Copied, so that the next write does not copy the history while a watch holds a slice of it.
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
    /// Returns when the resource, or any resource if nil, may have changed after `revision`.
    ///
    /// Also returns on ``wakeAll()``, ``shutDown()`` and cancellation, so callers must check again.
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

    /// Wakes all waiting tasks, so that they check the time.
    func wakeAll() {
        for waiter in guarded.withLock({ $0.waiters.takeAll() }) { waiter.resume() }
    }

    /// Ends all current and future waits.
    func shutDown() {
        for waiter in guarded.withLock({ $0.waiters.close() }) { waiter.resume() }
    }

    var isShutDown: Bool { guarded.withLock { $0.waiters.isClosed } }

    /// Takes the candidates for garbage collection.
    func takeCandidates() -> Set<ObjectAddress> {
        guarded.withLock { $0.state.ownership.takeCandidates() }
    }

    /// Makes an object a candidate after the next removal of any object.
    func recheckAfterNextRemoval(_ address: ObjectAddress) {
        guarded.withLock { $0.state.ownership.recheckAfterNextRemoval(address) }
    }

    /// The objects with an owner reference to the UID.
    func dependents(ofUID uid: String) -> Set<ObjectAddress> {
        guarded.withLock { $0.state.ownership.dependents(ofUID: uid) }
    }
}

/// The tasks that wait for a change.
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

    /// Adds a continuation. Returns false after `close()`; the caller must then resume it.
    mutating func add(_ id: UInt64, _ resource: GroupResource?, _ continuation: Continuation) -> Bool {
        guard !isClosed else { return false }
        waiters[id] = Waiter(resource: resource, continuation: continuation)
        byResource[resource, default: []].insert(id)
        return true
    }

    /// Removes and returns a waiter.
    mutating func take(_ id: UInt64) -> Continuation? {
        guard let waiter = waiters.removeValue(forKey: id) else { return nil }
        byResource[waiter.resource]?.remove(id)
        return waiter.continuation
    }

    /// Removes and returns the waiters for a resource or for any change.
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

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

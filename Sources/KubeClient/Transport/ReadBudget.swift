/// Limits how many large responses are in memory at a time, so that hostile objects cannot exhaust it.
///
/// A response of up to ``freeSize`` needs nothing. A larger one needs a lease until its caller has decoded and dropped it.
/// If no lease is free, a GET is aborted, waits for one in the order of arrival, and is sent again. Other requests are not
/// aborted, because the server may have executed them. Their number is limited by the number of workers, and the size of
/// their responses by ``CurlTransfer/maximumBodyOfWrite``.
final class ReadBudget: Sendable {
    /// The largest response that needs no lease, in bytes.
    static let freeSize = 256 << 10
    /// The number of leases.
    static let leaseCount = 2

    private struct State {
        var free = ReadBudget.leaseCount
        var lastWaiter: UInt64 = 0
        var waiters: [(id: UInt64, continuation: CheckedContinuation<ResponseLease?, Never>)] = []
    }

    private let state = Locked(State())

    /// The number of requests that wait for a lease.
    var waiterCount: Int { state.withLock { $0.waiters.count } }

    /// A free lease; nil if there is none, or if others wait for one.
    func take() -> ResponseLease? {
        state.withLock { state in
            guard state.free > 0, state.waiters.isEmpty else { return nil }
            state.free -= 1
            return ResponseLease(self)
        }
    }

    /// Waits for a lease; nil if none is free until `deadline`, or if the task is canceled.
    func wait(until deadline: ContinuousClock.Instant) async -> ResponseLease? {
        await withTaskGroup(of: ResponseLease?.self) { group in
            group.addTask { await self.wait() }
            group.addTask {
                try? await Task.sleep(until: deadline, clock: .continuous)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    /// Waits for a lease; nil if the task is canceled.
    func wait() async -> ResponseLease? {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let lease = state.withLock { state -> ResponseLease?? in
                    if Task.isCancelled { return .some(nil) }
                    guard state.free > 0, state.waiters.isEmpty else {
                        state.waiters.append((id, continuation))
                        return nil
                    }
                    state.free -= 1
                    return ResponseLease(self)
                }
                if let lease { continuation.resume(returning: lease) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume(returning: nil)
        }
    }

    /// Passes a lease to the request that waits longest.
    fileprivate func giveBack() {
        let next = state.withLock { state in
            if state.waiters.isEmpty {
                state.free += 1
                return nil as CheckedContinuation<ResponseLease?, Never>?
            }
            return state.waiters.removeFirst().continuation
        }
        next?.resume(returning: ResponseLease(self))
    }
}

/// The right to hold one large response; releasing the last reference gives it back.
///
/// Responses with different leases are equal.
final class ResponseLease: Sendable, Hashable {
    private let budget: ReadBudget

    init(_ budget: ReadBudget) {
        self.budget = budget
    }

    deinit { budget.giveBack() }

    static func == (left: ResponseLease, right: ResponseLease) -> Bool { true }

    func hash(into hasher: inout Hasher) {}
}

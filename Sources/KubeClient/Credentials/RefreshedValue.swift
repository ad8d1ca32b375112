import Dispatch

/// A value that is loaded on demand and anew when it has aged, by one load at a time.
///
/// The loader may block: it runs on a queue of its own, not on the threads that tasks share. A caller that is
/// cancelled stops waiting; the load goes on, and its result serves the next caller.
final class RefreshedValue<Value: Sendable>: Sendable {
    typealias Loaded = RefreshState<Value>.Loaded
    typealias Answer = Result<Value, CredentialError>

    private struct State: Sendable {
        var refresh: RefreshState<Value>
        var continuations: [UInt64: CheckedContinuation<Answer, Never>] = [:]
        var lastWaiter: UInt64 = 0
    }

    private let state: Locked<State>
    private let clock: WallClock
    private let load: @Sendable () -> Result<Loaded, CredentialError>
    private let queue: DispatchQueue

    /// - Parameters:
    ///   - label: the name of the queue that `load` runs on.
    ///   - settlingTime: how soon after a load a forced refresh is not worth another.
    init(
        label: String, settlingTime: Duration, clock: WallClock,
        load: @escaping @Sendable () -> Result<Loaded, CredentialError>
    ) {
        self.state = Locked(State(refresh: RefreshState(settlingTime: settlingTime)))
        self.clock = clock
        self.load = load
        self.queue = DispatchQueue(label: label)
    }

    func current(refresh: Bool = false) async throws(CredentialError) -> Value {
        let waiter = state.withLock { state in
            state.lastWaiter &+= 1
            return state.lastWaiter
        }
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                ask(waiter, refresh: refresh, continuation)
                // The handler may have run before there was anything to abandon.
                if Task.isCancelled { abandon(waiter) }
            }
        } onCancel: {
            abandon(waiter)
        }
        return try answer.get()
    }

    private func ask(_ waiter: UInt64, refresh: Bool, _ continuation: CheckedContinuation<Answer, Never>) {
        let now = clock.now()
        let answer = state.withLock { state in
            let answer = state.refresh.request(waiter, refresh: refresh, now: now)
            if case .wait = answer { state.continuations[waiter] = continuation }
            return answer
        }
        switch answer {
        case .value(let value): continuation.resume(returning: .success(value))
        case .failure(let error): continuation.resume(returning: .failure(error))
        case .wait(let startsLoad):
            if startsLoad { queue.async { self.finish(self.load()) } }
        }
    }

    private func finish(_ result: Result<Loaded, CredentialError>) {
        let now = clock.now()
        let answered = state.withLock { state in
            state.refresh.finish(result, now: now).map { waiter, answer in
                (state.continuations.removeValue(forKey: waiter), answer)
            }
        }
        for (continuation, answer) in answered { continuation?.resume(returning: answer) }
    }

    private func abandon(_ waiter: UInt64) {
        let continuation = state.withLock { state in
            state.refresh.abandon(waiter) ? state.continuations.removeValue(forKey: waiter) : nil
        }
        continuation?.resume(returning: .failure(.cancelled))
    }
}

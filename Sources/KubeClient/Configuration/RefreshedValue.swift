import Dispatch

/// Decides when a value that ages is loaded anew, and who gets what: a state machine without clock or I/O.
struct RefreshState<Value: Sendable>: Sendable {
    /// What a loader returns.
    struct Loaded: Sendable {
        let value: Value
        /// From here on the next request loads anew; nil for never.
        let refreshAt: Timestamp?
        /// Until here the value serves when a load fails; nil for ever.
        var usableUntil: Timestamp?
    }

    enum Answer: Sendable {
        case value(Value)
        case failure(CredentialError)
        /// The answer comes with the end of the load that is under way, or that the caller starts now.
        case wait(startsLoad: Bool)
    }

    /// A forced refresh this soon after a load gets what that load brought: many requests fail at once on one
    /// rejected credential, and one load serves them all.
    let settlingTime: Duration
    /// How long a failure answers the next requests, so that a broken loader is not run in a hot loop.
    static var failureMemory: Duration { .seconds(2) }

    private var current: Loaded?
    private var loadedAt = Timestamp.earliest
    private var failure: (error: CredentialError, at: Timestamp)?
    private var isLoading = false
    /// Who waits, and whether the present value would not do for it.
    private var waiters: [UInt64: Bool] = [:]

    init(settlingTime: Duration) {
        self.settlingTime = settlingTime
    }

    mutating func request(_ waiter: UInt64, refresh: Bool, now: Timestamp) -> Answer {
        let hasSettled = !isWithin(settlingTime, of: loadedAt, now)
        let isForced = refresh && hasSettled
        if let current, !isForced, !isDue(current, now) { return .value(current.value) }
        let usable = isForced ? nil : usableValue(now)
        if let usable, isLoading { return .value(usable) }
        if let failure, !isLoading, isWithin(Self.failureMemory, of: failure.at, now) {
            return usable.map { .value($0) } ?? .failure(failure.error)
        }
        let startsLoad = !isLoading
        isLoading = true
        waiters[waiter] = isForced
        return .wait(startsLoad: startsLoad)
    }

    /// Ends the load and returns the answer for each that waited.
    mutating func finish(
        _ result: Result<Loaded, CredentialError>, now: Timestamp
    ) -> [(waiter: UInt64, answer: Result<Value, CredentialError>)] {
        isLoading = false
        let waiting = waiters
        waiters = [:]
        switch result {
        case .success(let loaded):
            current = loaded
            loadedAt = now
            failure = nil
            return waiting.keys.map { ($0, .success(loaded.value)) }
        case .failure(let error):
            failure = (error, now)
            let usable = usableValue(now)
            return waiting.map { waiter, isForced in
                guard !isForced, let usable else { return (waiter, .failure(error)) }
                return (waiter, .success(usable))
            }
        }
    }

    /// Takes back a request; false when it was answered already.
    mutating func abandon(_ waiter: UInt64) -> Bool {
        waiters.removeValue(forKey: waiter) != nil
    }

    /// A load that lies in the future means that the clock was set back: it says nothing about the value's age.
    private func isDue(_ loaded: Loaded, _ now: Timestamp) -> Bool {
        guard let refreshAt = loaded.refreshAt else { return false }
        return now >= refreshAt || now < loadedAt
    }

    private func usableValue(_ now: Timestamp) -> Value? {
        guard let current else { return nil }
        if let end = current.usableUntil, now >= end { return nil }
        return current.value
    }

    private func isWithin(_ duration: Duration, of time: Timestamp, _ now: Timestamp) -> Bool {
        now >= time && now < time + duration
    }
}

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

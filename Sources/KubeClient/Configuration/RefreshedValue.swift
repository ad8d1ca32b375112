import Dispatch

/// Decides when a cached value is reloaded and how waiting requests are answered: a state machine without I/O.
struct RefreshState<Value: Sendable>: Sendable {
    /// The result of a load.
    struct Loaded: Sendable {
        let value: Value
        /// The next request after this time reloads the value; nil for never.
        let refreshAt: Timestamp?
        /// If a reload fails, the value remains in use until this time; nil for no limit.
        var usableUntil: Timestamp?
    }

    enum Answer: Sendable {
        case value(Value)
        case failure(CredentialError)
        /// The request waits for the load in progress, or for the load that the caller starts now.
        case wait(startsLoad: Bool)
    }

    /// A forced refresh within this time after a load gets the value of that load: one rejected credential fails many
    /// requests at once, and one load serves them all.
    let minimumInterval: Duration
    /// How long a failure is cached, so that a failing loader does not run in a hot loop.
    static var failureCacheDuration: Duration { .seconds(2) }

    private var current: Loaded?
    private var loadedAt = Timestamp.earliest
    private var failure: (error: CredentialError, at: Timestamp)?
    private var isLoading = false
    /// The waiting requests, and whether each is a forced refresh.
    private var waiters: [UInt64: Bool] = [:]

    init(minimumInterval: Duration) {
        self.minimumInterval = minimumInterval
    }

    mutating func request(_ waiter: UInt64, refresh: Bool, now: Timestamp) -> Answer {
        let hasSettled = !isWithin(minimumInterval, of: loadedAt, now)
        let isForced = refresh && hasSettled
        if let current, !isForced, !isDue(current, now) { return .value(current.value) }
        let usable = isForced ? nil : usableValue(now)
        if let usable, isLoading { return .value(usable) }
        if let failure, !isLoading, isWithin(Self.failureCacheDuration, of: failure.at, now) {
            return usable.map { .value($0) } ?? .failure(failure.error)
        }
        let startsLoad = !isLoading
        isLoading = true
        waiters[waiter] = isForced
        return .wait(startsLoad: startsLoad)
    }

    /// Ends the load and returns the answer for each waiting request.
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

    /// Removes a waiting request; false if it was already answered.
    mutating func abandon(_ waiter: UInt64) -> Bool {
        waiters.removeValue(forKey: waiter) != nil
    }

    /// True if the value must be reloaded, including when the clock was set back and the value's age is unknown.
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

/// A value that is loaded on demand and reloaded after some time, by one load at a time.
///
/// The loader may block, because it runs on a separate queue. If a caller is canceled, it stops waiting; the load
/// continues, and its result serves the next caller.
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
    ///   - minimumInterval: a forced refresh within this time after a load does not start another load.
    init(
        label: String, minimumInterval: Duration, clock: WallClock,
        load: @escaping @Sendable () -> Result<Loaded, CredentialError>
    ) {
        self.state = Locked(State(refresh: RefreshState(minimumInterval: minimumInterval)))
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
                // The cancellation handler may have run before the request was registered.
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

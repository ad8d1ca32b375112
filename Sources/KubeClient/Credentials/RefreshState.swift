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

/// Decides which requests may be sent while a server seems to be away: one now and then, and all once one is answered.
///
/// Pure; ``PatientTransport`` feeds it.
struct Outage: Sendable {
    typealias Instant = ContinuousClock.Instant

    enum State: Hashable {
        /// Requests are answered; so many of the last ones in a row were not. Goes to `pausing` at the limit.
        case none(failures: Int)
        /// Nothing is sent before this time. Goes to `probing`.
        case pausing(attempt: Int, until: Instant)
        /// One request is on its way to find out; if it never comes back, another one goes at this time. Goes to `none`
        /// when it is answered, else to `pausing`.
        case probing(attempt: Int, until: Instant)
    }

    enum Admission: Hashable {
        case send
        /// Ask again at this time, or when the outage is over.
        case wait(until: Instant)
    }

    /// What became of the server for those who wait.
    enum Change: Hashable {
        case began
        case ended
    }

    /// From how many unanswered requests in a row on the server counts as away.
    static let limit = 5
    /// How long a probe may take until another one is sent.
    static let probeTime = Duration.seconds(5)

    let backoff: Backoff
    private(set) var state = State.none(failures: 0)

    init(backoff: Backoff) {
        self.backoff = backoff
    }

    mutating func admit(_ now: Instant) -> Admission {
        switch state {
        case .none: return .send
        case .pausing(let attempt, let until), .probing(let attempt, let until):
            guard now >= until else { return .wait(until: until) }
            state = .probing(attempt: attempt, until: now.advanced(by: Self.probeTime))
            return .send
        }
    }

    /// Takes in that a request was answered, whatever the answer.
    mutating func answered() -> Change? {
        defer { state = .none(failures: 0) }
        if case .none = state { return nil }
        return .ended
    }

    /// Takes in that the server could not be reached, or was lost on the way; `random` is uniform in `0..<1`.
    mutating func failed(_ now: Instant, random: Double) -> Change? {
        switch state {
        case .none(let failures):
            guard failures + 1 >= Self.limit else {
                state = .none(failures: failures + 1)
                return nil
            }
            pause(attempt: 1, now, random)
            return .began
        case .probing(let attempt, _):
            pause(attempt: attempt + 1, now, random)
            return nil
        case .pausing:
            // Sent before the pause began.
            return nil
        }
    }

    private mutating func pause(attempt: Int, _ now: Instant, _ random: Double) {
        state = .pausing(attempt: attempt, until: now.advanced(by: backoff.delay(attempt: attempt, random: random)))
    }
}

public import KubeClient

/// Holds requests back while the server is away, so that its return is not met by a storm.
///
/// After five requests in a row without any answer, one is sent at a time, with growing random pauses up to five
/// seconds; the others wait, at most for as long as they may take. The first answer, whatever it says, lets all pass.
public final class PatientTransport: HTTPTransport {
    private struct State {
        var outage: Outage
        /// Set when the present outage is over.
        var isOver = Latch()
        /// Called when an outage is over.
        var observers: [@Sendable () -> Void] = []
    }

    private let transport: any HTTPTransport
    private let time: any TimeSource
    private let random: @Sendable () -> Double
    private let logger: Logger
    private let state: Locked<State>

    /// The pauses between two looks for the server.
    public static let backoff = Backoff(base: .milliseconds(200), cap: .seconds(5), jitter: .half)

    /// - Parameter random: uniform in `0..<1`.
    public init(
        _ transport: any HTTPTransport, time: any TimeSource, backoff: Backoff = PatientTransport.backoff,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }, logger: Logger
    ) {
        self.transport = transport
        self.time = time
        self.random = random
        self.logger = logger
        state = Locked(State(outage: Outage(backoff: backoff)))
    }

    /// Calls `action` whenever the server answers again after an outage.
    public func whenServerReturns(_ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.observers.append(action) }
    }

    public func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        try await inTurn(request) { () throws(TransportError) in try await transport.send(request) }
    }

    public func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        try await inTurn(request) { () throws(TransportError) in try await transport.open(request) }
    }

    private func inTurn<Answer>(
        _ request: HTTPRequest, _ exchange: () async throws(TransportError) -> Answer
    ) async throws(TransportError) -> Answer {
        try await waitForTurn(request)
        do {
            let answer = try await exchange()
            noteAnswer()
            return answer
        } catch {
            note(error)
            throw error
        }
    }

    private func waitForTurn(_ request: HTTPRequest) async throws(TransportError) {
        let deadline = time.now.advanced(by: request.timeout)
        while true {
            let now = time.now
            let (admission, isOver) = state.withLock { ($0.outage.admit(now), $0.isOver) }
            guard case .wait(let until) = admission else { return }
            guard now < deadline else { throw TransportError(.unreachable, "not sent, because the server is away") }
            await isOver.wait(for: now.duration(to: min(until, deadline)), time)
            if Task.isCancelled { throw TransportError(.cancelled, "cancelled while the server is away") }
        }
    }

    private func noteAnswer() {
        let ended: (isOver: Latch, observers: [@Sendable () -> Void])? = state.withLock { state in
            guard state.outage.answered() == .ended else { return nil }
            defer { state.isOver = Latch() }
            return (state.isOver, state.observers)
        }
        guard let ended else { return }
        logger.info("The API server answers again")
        ended.isOver.set()
        for observer in ended.observers { observer() }
    }

    private func note(_ error: TransportError) {
        guard error.kind == .unreachable || error.kind == .connectionLost else { return }
        let (now, random) = (time.now, random())
        guard state.withLock({ $0.outage.failed(now, random: random) }) == .began else { return }
        logger.warn("The API server is away; requests are held back", ["error": .foreign("\(error)")])
    }
}

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

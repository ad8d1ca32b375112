public import KubeClient

/// Holds requests back while the API server is unreachable, so that its recovery does not cause a request storm.
///
/// After five requests in a row without a response, one request at a time is sent as a probe, with random delays that
/// grow to five seconds. The other requests wait, at most for their own timeout. Any response, including an error, lets
/// all requests through again. ``CircuitBreaker`` implements the rules.
public final class CircuitBreakerTransport: HTTPTransport {
    private struct State {
        var breaker: CircuitBreaker
        /// Set when the current outage ends.
        var recovered = Latch()
        var observers: [@Sendable () -> Void] = []
    }

    private let transport: any HTTPTransport
    private let time: any TimeSource
    private let random: @Sendable () -> Double
    private let logger: Logger
    private let state: Locked<State>

    /// The pauses between two probes.
    public static let backoff = Backoff(base: .milliseconds(200), cap: .seconds(5), jitter: .half)

    /// - Parameter random: uniform in `0..<1`.
    public init(
        _ transport: any HTTPTransport, time: any TimeSource, backoff: Backoff = CircuitBreakerTransport.backoff,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }, logger: Logger
    ) {
        self.transport = transport
        self.time = time
        self.random = random
        self.logger = logger
        state = Locked(State(breaker: CircuitBreaker(backoff: backoff)))
    }

    /// Calls `action` each time the server responds again after an outage.
    public func whenServerRecovers(_ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.observers.append(action) }
    }

    public func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        try await guarded(request) { () throws(TransportError) in try await transport.send(request) }
    }

    public func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        try await guarded(request) { () throws(TransportError) in try await transport.open(request) }
    }

    private func guarded<Answer>(
        _ request: HTTPRequest, _ exchange: () async throws(TransportError) -> Answer
    ) async throws(TransportError) -> Answer {
        try await waitForAdmission(request)
        do {
            let answer = try await exchange()
            recordAnswer()
            return answer
        } catch {
            record(error)
            throw error
        }
    }

    private func waitForAdmission(_ request: HTTPRequest) async throws(TransportError) {
        let deadline = time.now.advanced(by: request.timeout)
        while true {
            let now = time.now
            let (admission, recovered) = state.withLock { ($0.breaker.admit(now), $0.recovered) }
            guard case .wait(let until) = admission else { return }
            guard now < deadline else {
                throw TransportError(.unreachable, "not sent, because the API server is unreachable")
            }
            await recovered.wait(for: now.duration(to: min(until, deadline)), time)
            if Task.isCancelled { throw TransportError(.cancelled, "canceled while waiting for the API server") }
        }
    }

    private func recordAnswer() {
        let outage: (recovered: Latch, observers: [@Sendable () -> Void])? = state.withLock { state in
            guard state.breaker.answered() == .closed else { return nil }
            defer { state.recovered = Latch() }
            return (state.recovered, state.observers)
        }
        guard let outage else { return }
        logger.info("API server reachable again")
        outage.recovered.set()
        for observer in outage.observers { observer() }
    }

    private func record(_ error: TransportError) {
        guard error.kind == .unreachable || error.kind == .connectionLost else { return }
        let (now, random) = (time.now, random())
        guard state.withLock({ $0.breaker.failed(now, random: random) }) == .opened else { return }
        logger.warn("API server unreachable; holding requests back", ["error": .foreign("\(error)")])
    }
}

/// Decides which requests are sent while a server does not respond: single probes, and all requests after a response.
///
/// Pure; ``CircuitBreakerTransport`` passes the results of requests to it.
struct CircuitBreaker: Sendable {
    typealias Instant = ContinuousClock.Instant

    enum State: Hashable {
        /// Requests are sent; the last `failures` of them in a row had no response. Goes to `open` at ``limit``.
        case closed(failures: Int)
        /// Nothing is sent before `until`. Goes to `halfOpen` with the first request after that.
        case open(attempt: Int, until: Instant)
        /// A probe is in flight; if it gets no response, another one is sent at `until`. Goes to `closed` when a
        /// request is answered, to `open` when the probe fails.
        case halfOpen(attempt: Int, until: Instant)
    }

    enum Admission: Hashable {
        case send
        /// Ask again at `until`, or when the server responds.
        case wait(until: Instant)
    }

    /// A transition that waiting requests need to know about.
    enum Change: Hashable {
        case opened
        case closed
    }

    /// How many unanswered requests in a row open the breaker.
    static let limit = 5
    /// How long a probe may stay unanswered before another one is sent.
    static let probeTime = Duration.seconds(5)

    let backoff: Backoff
    private(set) var state = State.closed(failures: 0)

    init(backoff: Backoff) {
        self.backoff = backoff
    }

    mutating func admit(_ now: Instant) -> Admission {
        switch state {
        case .closed: return .send
        case .open(let attempt, let until), .halfOpen(let attempt, let until):
            guard now >= until else { return .wait(until: until) }
            state = .halfOpen(attempt: attempt, until: now.advanced(by: Self.probeTime))
            return .send
        }
    }

    /// Records a request that was answered, with any status.
    mutating func answered() -> Change? {
        defer { state = .closed(failures: 0) }
        if case .closed = state { return nil }
        return .closed
    }

    /// Records a request without an answer; `random` is uniform in `0..<1`.
    mutating func failed(_ now: Instant, random: Double) -> Change? {
        switch state {
        case .closed(let failures):
            guard failures + 1 >= Self.limit else {
                state = .closed(failures: failures + 1)
                return nil
            }
            open(attempt: 1, now, random)
            return .opened
        case .halfOpen(let attempt, _):
            open(attempt: attempt + 1, now, random)
            return nil
        case .open:
            // The request was sent before the breaker opened.
            return nil
        }
    }

    private mutating func open(attempt: Int, _ now: Instant, _ random: Double) {
        state = .open(attempt: attempt, until: now.advanced(by: backoff.delay(attempt: attempt, random: random)))
    }
}

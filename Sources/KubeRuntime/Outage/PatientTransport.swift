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

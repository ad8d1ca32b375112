public import KubeClient

/// What the `Date` headers of answers say about the API server's clock, as an interval that contains it.
///
/// Pure. A `Date` has whole seconds, and was written somewhere between sending the request and having its answer. Each
/// one narrows the interval; one that contradicts it replaces it, since the server's clock was set, or drifts.
struct ServerTimeEstimate: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// An instant, and between which times the server's clock was there.
    private var known: (at: Instant, earliest: ServerTime, latest: ServerTime)?

    /// Takes in the `Date` of an answer.
    ///
    /// - Parameters:
    ///   - sent: when the request was sent; not after `received`.
    ///   - received: when the answer's head was there.
    mutating func observe(_ date: ServerTime, sent: Instant, received: Instant) {
        let earliest = date
        let latest = date + .seconds(1) + sent.duration(to: received)
        guard let known else {
            known = (received, earliest, latest)
            return
        }
        let elapsed = known.at.duration(to: received)
        let narrowed = (max(known.earliest + elapsed, earliest), min(known.latest + elapsed, latest))
        self.known = narrowed.0 <= narrowed.1 ? (received, narrowed.0, narrowed.1) : (received, earliest, latest)
    }

    /// The earliest time the server's clock can show at an instant; nil before the first `Date`.
    ///
    /// It is behind the server's by less than a second plus the time of a request, and never ahead: what has to wait
    /// for a time on that clock does not happen early.
    func time(at instant: Instant) -> ServerTime? {
        known.map { $0.earliest + $0.at.duration(to: instant) }
    }
}

/// The API server's time of day, told from the `Date` of its answers and this process's monotonic clock.
///
/// So the times in a status, and `creationTimestamp`, are of one clock, whichever operator wrote them and whatever its
/// own clock says. Before the first answer with a `Date`, and behind a proxy that removes it, this machine's clock has
/// to do.
public final class ServerClock: Sendable {
    private let estimate = Locked(ServerTimeEstimate())
    private let time: any TimeSource
    private let fallback: WallClock

    public init(time: any TimeSource, fallback: WallClock) {
        self.time = time
        self.fallback = fallback
    }

    /// The API server's time of day now: at most about a second behind, never ahead.
    public func now() -> ServerTime {
        let instant = time.now
        return estimate.withLock { $0.time(at: instant) } ?? ServerTime(assuming: fallback.now())
    }

    /// The same, but nil while no answer has told it: for limits, which must not rest on this machine's clock.
    public func known() -> ServerTime? {
        let instant = time.now
        return estimate.withLock { $0.time(at: instant) }
    }

    /// Takes in the `Date` of an answer, unless a proxy or load balancer with a clock of its own may have written it.
    ///
    /// Only what succeeded certainly comes from the API server: error pages of what stands before it look like errors.
    fileprivate func observe(_ status: Int, _ headers: HTTPHeaders, sent: ContinuousClock.Instant) {
        guard (200..<300).contains(status), let date = headers["Date"].flatMap({ ServerTime(httpDate: $0) }) else {
            return
        }
        let received = time.now
        estimate.withLock { $0.observe(date, sent: min(sent, received), received: received) }
    }

    /// Returns a transport that lets this clock see the answers which pass through it.
    public func following(_ transport: any HTTPTransport) -> any HTTPTransport {
        DatedTransport(transport: transport, clock: self, time: time)
    }
}

/// Shows each answer's `Date` to a ``ServerClock``.
private struct DatedTransport: HTTPTransport {
    let transport: any HTTPTransport
    let clock: ServerClock
    let time: any TimeSource

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let sent = time.now
        let response = try await transport.send(request)
        clock.observe(response.status, response.headers, sent: sent)
        return response
    }

    func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        let sent = time.now
        let stream = try await transport.open(request)
        clock.observe(stream.status, stream.headers, sent: sent)
        return stream
    }
}

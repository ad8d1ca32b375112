public import KubeClient

/// An interval that contains the API server's time, estimated from the `Date` headers of its responses.
///
/// Pure. A `Date` has whole seconds, and was written between the request and its response. Each one narrows the
/// interval; one that contradicts it replaces it, because the server's clock was set or drifts.
struct ServerTimeEstimate: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// The bounds of the server's time at an instant.
    private var known: (at: Instant, earliest: ServerTime, latest: ServerTime)?

    /// Records the `Date` of a response.
    ///
    /// - Parameters:
    ///   - sent: when the request was sent; not after `received`.
    ///   - received: when the response's head arrived.
    mutating func observe(_ date: ServerTime, sent: Instant, received: Instant) {
        let earliest = date
        let latest = date + .seconds(1) + sent.duration(to: received)
        guard let known else {
            known = (received, earliest, latest)
            return
        }
        let elapsed = known.at.duration(to: received)
        let (shortest, longest) = (elapsed - Self.drift(in: elapsed), elapsed + Self.drift(in: elapsed))
        let narrowed = (max(known.earliest + shortest, earliest), min(known.latest + longest, latest))
        self.known = narrowed.0 <= narrowed.1 ? (received, narrowed.0, narrowed.1) : (received, earliest, latest)
    }

    /// The earliest time that the server's clock can show at `instant`; nil before the first `Date`.
    ///
    /// It is behind the server's clock by less than a second plus the time of a request, and never ahead, so nothing
    /// that waits for a time on that clock happens early.
    func time(at instant: Instant) -> ServerTime? {
        guard let known else { return nil }
        let elapsed = known.at.duration(to: instant)
        return known.earliest + (elapsed - Self.drift(in: elapsed))
    }

    /// How far the server's clock can be ahead of or behind the monotonic clock after some time. NTP clients correct a
    /// clock by at most half of it.
    private static func drift(in elapsed: Duration) -> Duration { max(.zero, elapsed) / 1000 }
}

/// The API server's wall-clock time, derived from the `Date` of its responses and the monotonic clock.
///
/// All times in a status use this clock, which also sets `creationTimestamp`, no matter which operator writes them.
/// Before the first response with a `Date`, or behind a proxy that removes it, this machine's clock is used.
public final class ServerClock: Sendable {
    private let estimate = Locked(ServerTimeEstimate())
    private let time: any TimeSource
    private let fallback: WallClock

    public init(time: any TimeSource, fallback: WallClock) {
        self.time = time
        self.fallback = fallback
    }

    /// The API server's time now: at most about a second behind, never ahead.
    public func now() -> ServerTime {
        let instant = time.now
        return estimate.withLock { $0.time(at: instant) } ?? ServerTime(assuming: fallback.now())
    }

    /// Like ``now()``, but nil before the first `Date`: limits must not depend on this machine's clock.
    public func known() -> ServerTime? {
        let instant = time.now
        return estimate.withLock { $0.time(at: instant) }
    }

    /// Records the `Date` of a response, unless a proxy or load balancer may have written it.
    ///
    /// Only a success certainly comes from the API server: a proxy's error pages look like the API server's errors.
    fileprivate func observe(_ status: Int, _ headers: HTTPHeaders, sent: ContinuousClock.Instant) {
        guard (200..<300).contains(status), let date = headers["Date"].flatMap({ ServerTime(httpDate: $0) }) else {
            return
        }
        let received = time.now
        estimate.withLock { $0.observe(date, sent: min(sent, received), received: received) }
    }

    /// Returns a transport that passes each response's `Date` to this clock.
    public func following(_ transport: any HTTPTransport) -> any HTTPTransport {
        DatedTransport(transport: transport, clock: self, time: time)
    }
}

/// Passes each response's `Date` to a ``ServerClock``.
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

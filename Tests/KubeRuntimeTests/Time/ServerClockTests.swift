import KubeClient
import Testing

@testable import KubeRuntime

/// What the `Date` headers of an API server reveal about its clock.
@Suite struct ServerClockTests {
    private let date = ServerTime(seconds: 1_767_261_600)
    private let instant = ContinuousClock.now

    @Test func `knows nothing before the first date`() {
        #expect(ServerTimeEstimate().time(at: instant) == nil)
    }

    /// The server's clock may be a thousandth slower than the monotonic clock.
    @Test func `advances a little slower than the monotonic time`() {
        var estimate = ServerTimeEstimate()
        estimate.observe(date, sent: instant, received: instant)
        #expect(estimate.time(at: instant + .seconds(7)) == date + .milliseconds(6993))
    }

    /// Random responses of a server whose clock runs a little too fast or too slow: the estimate is never ahead of it, and
    /// soon close behind.
    @Test func `is never ahead of the server's clock`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var numbers = SeededNumbers(state: seed)
        var estimate = ServerTimeEstimate()
        // The fraction of a second that the server's clock shows at `instant`.
        let base = date + .milliseconds(Int64.random(in: 0..<1000, using: &numbers))
        let drift = Double(Int64.random(in: -1000...1000, using: &numbers)) / 1_000_000
        func server(_ elapsed: Duration) -> ServerTime { base + elapsed + elapsed * drift }
        var elapsed = Duration.zero
        for round in 0..<200 {
            elapsed += .milliseconds(Int64.random(in: 0...5000, using: &numbers))
            let sent = elapsed
            let written = sent + .milliseconds(Int64.random(in: 0...400, using: &numbers))
            elapsed = written + .milliseconds(Int64.random(in: 0...400, using: &numbers))
            estimate.observe(server(written).roundedDownToSeconds, sent: instant + sent, received: instant + elapsed)
            let estimate = estimate.time(at: instant + elapsed) ?? .latest
            #expect(estimate <= server(elapsed), "seed \(seed), round \(round)")
            #expect(server(elapsed) - estimate <= .milliseconds(1850), "seed \(seed), round \(round)")
        }
    }

    @Test(arguments: [-86_400, -30, 30, 86_400] as [Int64]) func `follows a change of the clock`(_ jump: Int64) {
        var estimate = ServerTimeEstimate()
        estimate.observe(date, sent: instant, received: instant)
        let set = date + .seconds(10 + jump)
        estimate.observe(set, sent: instant + .seconds(10), received: instant + .seconds(10))
        #expect(estimate.time(at: instant + .seconds(11)) == set + .milliseconds(999))
    }

    @Test func `returns the server's time for any clock of this machine`() async throws {
        let time = VirtualTime()
        let wall = time.wallClock(startingAt: Timestamp(seconds: 5))
        let clock = ServerClock(time: time, fallback: wall)
        #expect(clock.now() == ServerTime(seconds: 5) && clock.known() == nil)
        let transport = clock.following(DatingTransport(date: date.httpDate))
        _ = try await transport.send(HTTPRequest(.get, "/"))
        #expect(clock.now() == date && clock.known() == date)
        time.advance(by: .seconds(3))
        #expect(clock.now() == date + .milliseconds(2997))
    }

    /// A load balancer that answers for a server it cannot reach has a different clock.
    @Test(arguments: [301, 404, 429, 500, 502, 503])
    func `ignores the date of a response that may not come from the server`(
        _ status: Int
    ) async throws {
        let time = VirtualTime()
        let clock = ServerClock(time: time, fallback: .system)
        _ = try await clock.following(DatingTransport(date: date.httpDate)).send(HTTPRequest(.get, "/"))
        let wrong = (date + .seconds(86_400)).httpDate
        _ = try await clock.following(DatingTransport(date: wrong, status: status)).send(HTTPRequest(.get, "/"))
        #expect(clock.known() == date)
    }

    @Test func `ignores an invalid date`() async throws {
        let clock = ServerClock(time: VirtualTime(), fallback: .system)
        _ = try await clock.following(DatingTransport(date: "yesterday")).send(HTTPRequest(.get, "/"))
        #expect(clock.known() == nil)
    }
}

private struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Answers all requests with a `Date`.
private struct DatingTransport: HTTPTransport {
    let date: String
    var status = 200

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        HTTPResponse(status: status, headers: ["Date": date])
    }

    func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        throw TransportError(.unreachable, "nothing is streamed here")
    }
}

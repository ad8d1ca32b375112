import Eventually
import KubeClient
import Testing

@testable import KubeRuntime

@Suite struct CircuitBreakerTests {
    let start = ContinuousClock.now

    /// A breaker that has just opened.
    func opened() -> CircuitBreaker {
        var breaker = CircuitBreaker(backoff: CircuitBreakerTransport.backoff)
        for _ in 1..<CircuitBreaker.limit { #expect(breaker.failed(start, random: 0) == nil) }
        #expect(breaker.failed(start, random: 0) == .opened)
        return breaker
    }

    @Test func `stays closed while failures in a row are below the limit`() {
        var breaker = CircuitBreaker(backoff: CircuitBreakerTransport.backoff)
        for _ in 0..<100 {
            for _ in 1..<CircuitBreaker.limit { #expect(breaker.failed(start, random: 0) == nil) }
            #expect(breaker.admit(start) == .send)
            #expect(breaker.answered() == nil)
        }
    }

    @Test func `sends one probe at a time with growing pauses while open`() {
        var breaker = opened()
        let until = start + .milliseconds(100)
        #expect(breaker.admit(start) == .wait(until: until))
        #expect(breaker.admit(until) == .send)
        #expect(breaker.admit(until) == .wait(until: until + CircuitBreaker.probeTime))
        #expect(breaker.failed(until, random: 0) == nil)
        #expect(breaker.admit(until) == .wait(until: until + .milliseconds(200)), "the pauses grow")
        #expect(breaker.admit(until + .milliseconds(200)) == .send)
        #expect(breaker.answered() == .closed)
        #expect(breaker.admit(until) == .send)
    }

    @Test func `sends another probe when one never returns`() {
        var breaker = opened()
        let until = start + .milliseconds(100)
        #expect(breaker.admit(until) == .send)
        #expect(breaker.admit(until + CircuitBreaker.probeTime) == .send)
    }
}

@Suite(.timeLimit(.minutes(1))) struct CircuitBreakerTransportTests {
    /// A server that is unreachable until `isBack` is set, and counts requests.
    final class Server: HTTPTransport {
        let isBack = Latch()
        let count = Locked(0)

        func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
            count.withLock { $0 += 1 }
            guard isBack.isSet else { throw TransportError(.unreachable, "refused") }
            return HTTPResponse(status: 503)
        }

        func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
            throw TransportError(.unreachable, "refused")
        }
    }

    let server = Server()
    let time = VirtualTime()

    var transport: CircuitBreakerTransport {
        CircuitBreakerTransport(server, time: time, random: { 0.5 }, logger: Logger(LogSink(write: { _ in })))
    }

    @Test func `fifty clients that retry at once send few requests to an unreachable server`() async {
        let transport = transport
        await withDiscardingTaskGroup { group in
            for _ in 0..<50 {
                group.addTask {
                    while (try? await transport.send(HTTPRequest(.get, "/"))) == nil, !Task.isCancelled {}
                }
            }
            let start = time.now
            await eventually("a minute has passed") {
                time.advance(by: .milliseconds(50))
                return start.duration(to: time.now) >= .seconds(60)
            }
            #expect(server.count.withLock { $0 } < 150)
            server.isBack.set()
            await eventually("all requests are answered") {
                time.advance(by: .milliseconds(50))
                return server.count.withLock { $0 } >= 60 && time.scheduledCount == 0
            }
        }
    }

    @Test func `a held request fails at its own timeout`() async {
        let transport = transport
        for _ in 0..<CircuitBreaker.limit { _ = try? await transport.send(HTTPRequest(.get, "/")) }
        let before = server.count.withLock { $0 }
        let request = HTTPRequest(.get, "/", timeout: .milliseconds(10))
        let outcome = Task { try await transport.send(request) }
        await eventually("the request is held") { time.scheduledCount == 1 }
        time.advance(by: .milliseconds(10))
        await #expect { try await outcome.value } throws: { ($0 as? TransportError)?.kind == .unreachable }
        #expect(server.count.withLock { $0 } == before)
    }
}

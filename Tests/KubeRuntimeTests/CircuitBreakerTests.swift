import KubeClient
import Testing

@testable import KubeRuntime

@Suite struct OutageTests {
    let start = ContinuousClock.now

    /// An outage that has just begun.
    func begun() -> Outage {
        var outage = Outage(backoff: PatientTransport.backoff)
        for _ in 1..<Outage.limit { #expect(outage.failed(start, random: 0) == nil) }
        #expect(outage.failed(start, random: 0) == .began)
        return outage
    }

    @Test func fewFailuresAreNone() {
        var outage = Outage(backoff: PatientTransport.backoff)
        for _ in 0..<100 {
            for _ in 1..<Outage.limit { #expect(outage.failed(start, random: 0) == nil) }
            #expect(outage.admit(start) == .send)
            #expect(outage.answered() == nil)
        }
    }

    @Test func oneRequestAtATimeLooksForTheServer() {
        var outage = begun()
        let until = start + .milliseconds(100)
        #expect(outage.admit(start) == .wait(until: until))
        #expect(outage.admit(until) == .send)
        #expect(outage.admit(until) == .wait(until: until + Outage.probeTime))
        #expect(outage.failed(until, random: 0) == nil)
        #expect(outage.admit(until) == .wait(until: until + .milliseconds(200)), "the pauses grow")
        #expect(outage.admit(until + .milliseconds(200)) == .send)
        #expect(outage.answered() == .ended)
        #expect(outage.admit(until) == .send)
    }

    @Test func aProbeThatNeverComesBackIsReplaced() {
        var outage = begun()
        let until = start + .milliseconds(100)
        #expect(outage.admit(until) == .send)
        #expect(outage.admit(until + Outage.probeTime) == .send)
    }
}

@Suite(.timeLimit(.minutes(1))) struct PatientTransportTests {
    /// A server that is away until it is told to answer, and counts who asked.
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

    var transport: PatientTransport {
        PatientTransport(server, time: time, random: { 0.5 }, logger: Logger(LogSink(write: { _ in })))
    }

    /// Fifty clients that ask again at once when they get no answer: the server sees a few requests in a minute.
    @Test func aServerThatIsAwayIsNotStormed() async {
        let transport = transport
        await withDiscardingTaskGroup { group in
            for _ in 0..<50 {
                group.addTask {
                    while (try? await transport.send(HTTPRequest(.get, "/"))) == nil, !Task.isCancelled {}
                }
            }
            let start = time.now
            await eventually("a minute passes") {
                time.advance(by: .milliseconds(50))
                return start.duration(to: time.now) >= .seconds(60)
            }
            #expect(server.count.withLock { $0 } < 150)
            server.isBack.set()
            await eventually("all are answered") {
                time.advance(by: .milliseconds(50))
                return server.count.withLock { $0 } >= 60 && time.scheduledCount == 0
            }
        }
    }

    @Test func nobodyWaitsForLongerThanTheRequestMayTake() async {
        let transport = transport
        for _ in 0..<Outage.limit { _ = try? await transport.send(HTTPRequest(.get, "/")) }
        let before = server.count.withLock { $0 }
        let request = HTTPRequest(.get, "/", timeout: .milliseconds(10))
        let outcome = Task { try await transport.send(request) }
        await eventually("it waits") { time.scheduledCount == 1 }
        time.advance(by: .milliseconds(10))
        await #expect { try await outcome.value } throws: { ($0 as? TransportError)?.kind == .unreachable }
        #expect(server.count.withLock { $0 } == before)
    }
}

import Eventually
import KubeClient
import Testing

@testable import KubeRuntime

@Suite(.timeLimit(.minutes(1))) struct LeaderElectorTests {
    /// One candidate, with what its work observed.
    struct Candidate {
        let elector: LeaderElector
        let stop = Latch()
        let mayStop = Latch()
        let isWorking = Latch()
        let wasAskedToStop = Latch()
        let wasCancelled = Latch()

        func run() async throws(LeadershipLoss) {
            try await elector.run(until: stop) { [isWorking, mayStop, wasAskedToStop, wasCancelled] stop in
                isWorking.set()
                await stop.wait()
                if Task.isCancelled { return wasCancelled.set() }
                wasAskedToStop.set()
                await mayStop.wait()
            }
        }
    }

    let server = LeaseServer()
    let time = VirtualTime()
    let metrics = MetricsRegistry()

    func candidate(_ identity: String) -> Candidate {
        let settings = ElectionSettings(lease: ObjectKey(namespace: "ns", name: "op"), identity: identity)
        return Candidate(
            elector: LeaderElector(
                settings: settings, client: KubeClient(transport: server), time: time, clock: time.wallClock(),
                random: { 0.5 }, logger: Logger(LogSink(write: { _ in })), metrics: metrics))
    }

    /// Advances the time in small steps until the condition holds.
    func passing(_ what: String, _ condition: () -> Bool) async {
        await eventually(what) {
            time.advance(by: .milliseconds(20))
            return condition()
        }
    }

    @Test func `writes a lease that other clients understand`() async throws {
        let one = candidate("one")
        let task = Task { try await one.run() }
        await eventually("it leads") { one.isWorking.isSet }
        #expect(one.elector.token.isValid)
        let spec = try #require(server.object?["spec"])
        #expect(spec["holderIdentity"] == "one")
        #expect(spec["leaseDurationSeconds"] == 15)
        #expect(spec["leaseTransitions"] == 0)
        #expect(spec["acquireTime"] == "2026-01-01T00:00:00.000000Z")
        let text = String(decoding: metrics.exposition(), as: UTF8.self)
        #expect(text.contains("leader_election_master_status{name=\"op\"} 1"))
        await passing("it renews") { server.object?[path: ["spec", "renewTime"]] != spec["renewTime"] }
        #expect(server.object?[path: ["spec", "acquireTime"]] == spec["acquireTime"])
        one.mayStop.set()
        one.stop.set()
        try await task.value
    }

    @Test func `hands over without a delay after the work has ended`() async throws {
        let (one, two) = (candidate("one"), candidate("two"))
        let first = Task { try await one.run() }
        await eventually("one leads") { one.isWorking.isSet }
        let second = Task { try await two.run() }
        await passing("two waits") { time.scheduledCount >= 4 }
        one.stop.set()
        await eventually("the work is asked to stop") { one.wasAskedToStop.isSet }
        await passing("the lease is renewed meanwhile") { (server.lease?.resourceVersion.text ?? "") >= "105" }
        #expect(server.holders == ["one"])
        let released = time.now
        one.mayStop.set()
        await eventually("two leads") { two.isWorking.isSet }
        #expect(time.now == released, "the watch reported it")
        try await first.value
        #expect(!one.elector.token.isValid)
        #expect(server.holders == ["one", "", "two"])
        #expect(server.lease?.transitions == 1)
        two.mayStop.set()
        two.stop.set()
        try await second.value
        #expect(server.holders.last == "")
    }

    @Test func `stops leading at the renew deadline when the server is unreachable`() async {
        let one = candidate("one")
        let task = Task { try await one.run() }
        await eventually("it leads") { one.isWorking.isSet }
        let start = time.now
        server.fail(503)
        await passing("the work is cancelled") { one.wasCancelled.isSet }
        await #expect(throws: LeadershipLoss.expired) { try await task.value }
        #expect(start.duration(to: time.now) >= .milliseconds(9900))
        #expect(!one.elector.token.isValid)
    }

    @Test func `no write is sent after the token has expired`() async {
        let token = LeadershipToken(time: time)
        let transport = FencedTransport(server, token: token)
        #expect(!token.isValid)
        token.extend(.init(validUntil: time.now + .seconds(10), soleUntil: time.now + .seconds(15)))
        #expect(token.timeLeft == .seconds(15))
        await #expect(throws: Never.self) { try await transport.send(HTTPRequest(.delete, "/x")) }
        time.advance(by: .seconds(10))
        #expect(token.timeLeft == nil)
        await #expect { try await transport.send(HTTPRequest(.patch, "/x")) } throws: {
            ($0 as? TransportError)?.kind == .cancelled
        }
        await #expect(throws: Never.self) { try await transport.send(HTTPRequest(.get, "/x")) }
        token.revoke()
        await #expect(throws: TransportError.self) { try await transport.send(HTTPRequest(.post, "/x")) }
    }

    @Test func `stops leading when another process holds the lease`() async {
        let one = candidate("one")
        let task = Task { try await one.run() }
        await eventually("it leads") { one.isWorking.isSet }
        await passing("it watches") { time.scheduledCount > 1 }
        server.edit { $0[path: ["spec", "holderIdentity"]] = "two" }
        await passing("the work is cancelled") { one.wasCancelled.isSet }
        await #expect(throws: LeadershipLoss.taken(by: "two")) { try await task.value }
    }

    @Test func `steps down gracefully for the preferred holder`() async {
        let one = candidate("one")
        let task = Task { try await one.run() }
        await eventually("it leads") { one.isWorking.isSet }
        server.edit { $0[path: ["spec", "preferredHolder"]] = "two" }
        await passing("the work is asked to stop") { one.wasAskedToStop.isSet }
        one.mayStop.set()
        await #expect(throws: LeadershipLoss.steppedDown(for: "two")) { try await task.value }
        #expect(server.holders == ["one", ""])
    }

    @Test func `a renewal with a conflict is counted as a slow path`() async throws {
        let one = candidate("one")
        let task = Task { try await one.run() }
        await eventually("it leads") { one.isWorking.isSet }
        func slowWays() -> Bool {
            String(decoding: metrics.exposition(), as: UTF8.self).contains(
                "leader_election_slowpath_total{name=\"op\"} 1\n")
        }
        #expect(!slowWays())
        server.edit(silently: true) { $0[path: ["metadata", "annotations"]] = ["touched": "by somebody"] }
        let touched = server.object?[path: ["spec", "renewTime"]]
        await passing("it reads the lease and renews it") { server.object?[path: ["spec", "renewTime"]] != touched }
        #expect(slowWays())
        #expect(one.elector.token.isValid)
        one.mayStop.set()
        one.stop.set()
        try await task.value
    }

    @Test func `cancellation does not release the lease`() async throws {
        let one = candidate("one")
        let task = Task { try await one.run() }
        await eventually("it leads") { one.isWorking.isSet }
        task.cancel()
        try await task.value
        #expect(server.holders == ["one"], "nothing is released")
        #expect(!one.elector.token.isValid)
        #expect(time.scheduledCount == 0)
    }
}

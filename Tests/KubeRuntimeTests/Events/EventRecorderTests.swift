import Eventually
import KubeClient
import Testing

@testable import KubeRuntime

@Suite struct EventRecorderTests {
    /// A recorder with its API server and its clock.
    struct Stage {
        let server = EventServer()
        let time = VirtualTime()
        let stop = Latch()
        let registry = MetricsRegistry()
        let lines = Locked(0)
        let recorder: EventRecorder

        init() {
            let sink = LogSink { [lines] _ in lines.withLock { $0 += 1 } }
            recorder = EventRecorder(
                client: KubeClient(transport: server), source: EventFixtures.source, time: time,
                clock: time.wallClock(), random: { 0 }, logger: Logger(sink), metrics: registry)
        }

        func metric(_ line: String) -> Bool {
            String(decoding: registry.exposition(), as: UTF8.self).contains(line + "\n")
        }

        /// Runs the recorder while `body` runs, then stops it and waits for its end.
        func run(_ body: () async -> Void) async {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await recorder.run(until: stop) }
                await body()
                stop.set()
            }
        }
    }

    @Test func `repetitions become one object`() async throws {
        let stage = Stage()
        await stage.run {
            stage.recorder.record(EventFixtures.event())
            await eventually("the first is created") { stage.server.requests.count == 1 }
            stage.recorder.record(EventFixtures.event())
            await eventually("the second is a patch") { stage.server.requests.count == 2 }
        }
        let first = try #require(stage.server.requests.first)
        let second = try #require(stage.server.requests.dropFirst().first)
        #expect(first.method == .post)
        #expect(first.target == "/apis/events.k8s.io/v1/namespaces/ns/events?fieldManager=operator")
        #expect(second.method == .patch)
        #expect(second.target.hasPrefix("/apis/events.k8s.io/v1/namespaces/ns/events/one."))
        #expect(second.contentType == "application/merge-patch+json")
        #expect(String(decoding: second.body, as: UTF8.self).hasPrefix(#"{"series":{"count":2,"#))
        #expect(stage.metric(#"events_published_total{method="POST"} 1"#))
        #expect(stage.metric(#"events_published_total{method="PATCH"} 1"#))
        #expect(stage.time.scheduledCount == 0)
    }

    @Test func `retries with the same name`() async {
        let stage = Stage()
        stage.server.answer(503, 500)
        await stage.run {
            stage.recorder.record(EventFixtures.event())
            await eventually("the third attempt") {
                // In steps: what a step wakes may schedule the next attempt before the step ends.
                if stage.server.requests.count < 3 { stage.time.advance(by: .milliseconds(100)) }
                return stage.server.requests.count == 3
            }
        }
        #expect(Set(stage.server.requests.map(\.body)).count == 1)
        #expect(stage.metric(#"events_published_total{method="POST"} 1"#))
    }

    @Test func `logs once that a cluster forbids events`() async {
        let stage = Stage()
        stage.server.answer(Array(repeating: 403, count: 50))
        await stage.run {
            for index in 0..<50 { stage.recorder.record(EventFixtures.event(object: "\(index)")) }
            await eventually("all were tried once") { stage.metric("events_failed_total 50") }
        }
        #expect(stage.server.requests.count == 50)
        await eventually("one line is written") { stage.lines.withLock { $0 } == 1 }
    }

    @Test func `recording never waits and drops events beyond the bounds`() {
        let stage = Stage()
        // No task publishes. One namespace gets half of the 1,000 places.
        for index in 0..<1_100 { stage.recorder.record(EventFixtures.event(object: "\(index)")) }
        #expect(stage.metric(#"events_dropped_total{reason="queue_full"} 600"#))
    }

    @Test func `sends the remaining events at the end`() async {
        let stage = Stage()
        for index in 0..<20 { stage.recorder.record(EventFixtures.event(object: "\(index)")) }
        await stage.run {}
        #expect(stage.server.requests.count == 20)
        #expect(stage.time.scheduledCount == 0)
    }

    @Test func `a server that hangs delays the end by one second`() async {
        let stage = Stage()
        stage.server.hang()
        stage.recorder.record(EventFixtures.event())
        async let end: Void = stage.run {
            await eventually("it is sent") { stage.server.requests.count == 1 }
        }
        await eventually("the end is limited") { stage.time.scheduledCount == 1 }
        stage.time.advance(by: .seconds(1))
        await end
        #expect(stage.time.scheduledCount == 0)
    }

    @Test func `cancellation ends it immediately`() async {
        let stage = Stage()
        let task = Task { await stage.recorder.run(until: stage.stop) }
        stage.recorder.record(EventFixtures.event())
        await eventually("it waits") { stage.time.scheduledCount == 1 }
        task.cancel()
        await task.value
        #expect(stage.time.scheduledCount == 0)
    }

    @Test func `an idle recorder holds nothing`() async {
        let stage = Stage()
        await stage.run {
            stage.recorder.record(EventFixtures.event())
            await eventually("it waits until the event is over") { stage.time.scheduledCount == 1 }
            stage.time.advance(by: .seconds(360))
            await eventually("it has no timer") { stage.time.scheduledCount == 0 }
        }
    }
}

/// An API server that accepts events.
final class EventServer: HTTPTransport {
    private struct State {
        var requests: [HTTPRequest] = []
        var codes: [Int] = []
        var hangs = false
    }

    private let state = Locked(State())

    var requests: [HTTPRequest] { state.withLock { $0.requests } }

    /// The status codes of the next responses; the ones after them are successes.
    func answer(_ codes: Int...) { answer(codes) }
    func answer(_ codes: [Int]) { state.withLock { $0.codes = codes } }

    /// Makes each request wait until it is cancelled.
    func hang() { state.withLock { $0.hangs = true } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let (code, hangs) = state.withLock { state in
            state.requests.append(request)
            return (state.codes.isEmpty ? 201 : state.codes.removeFirst(), state.hangs)
        }
        if hangs { await Latch().wait() }
        if Task.isCancelled { throw TransportError(.cancelled, "cancelled") }
        return HTTPResponse(status: code, body: Array(#"{"kind":"Status","code":\#(code)}"#.utf8))
    }

    func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        throw TransportError(.invalidRequest, "events are not watched")
    }
}

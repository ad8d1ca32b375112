import Eventually
import Executions
import KubeClient
import KubeRuntime
import Testing

@Suite(.timeLimit(.minutes(1))) struct StandbyTests {
    let server = LeasedServer()
    let time = VirtualTime()
    let stop = Latch()

    private func makeController() -> (manager: ControllerManager, controller: Controller) {
        let logger = Logger(LogSink(write: { _ in }))
        let registry = MetricsRegistry()
        let client = KubeClient(transport: server)
        let settings = ElectionSettings(lease: ObjectKey(namespace: "towline-system", name: "op"), identity: "me")
        let elector = LeaderElector(
            settings: settings, client: client, time: time, clock: time.wallClock(), logger: logger, metrics: registry)
        let manager = ControllerManager(
            client: client, elector: elector, events: .towline(instance: "test"), time: time,
            clock: time.wallClock(startingAt: Timestamp(assuming: Fixtures.start)), logger: logger, metrics: registry)
        return (manager, ExecutionController(configuration: ExecutionConfiguration(), managedBy: manager).controller)
    }

    /// Lets time pass in small steps until something has happened.
    private func passing(_ what: String, _ condition: () -> Bool) async {
        await eventually(what) {
            time.advance(by: .milliseconds(10))
            return condition()
        }
    }

    @Test func `a standby is ready and writes nothing until it leads`() async throws {
        let (manager, controller) = makeController()
        let task = Task { try await manager.run([controller], until: stop) }
        let start = time.now
        await passing("it is ready") { controller.readinessProblem == nil }
        await passing("it waits for its turn") { start.duration(to: time.now) >= .seconds(5) }
        #expect(server.server.count(.post) == 0)
        #expect(server.holder == "other")

        server.free()
        await passing("it works") { server.server.count(.post) == 1 }
        #expect(server.holder == "me")
        #expect(server.server.executionReads > 0, "its cache may be older than what the other one wrote")

        stop.set()
        await passing("some of the grace period passes") { start.duration(to: time.now) >= .seconds(12) }
        #expect(server.holder == "me", "the lease is kept until the work has ended")
        server.server.answersCreates.set()
        try await task.value
        #expect(server.holder == "")
    }

    @Test func `a standby that is stopped ends at once`() async throws {
        let (manager, controller) = makeController()
        let task = Task { try await manager.run([controller], until: stop) }
        await passing("it is ready") { controller.readinessProblem == nil }
        stop.set()
        try await task.value
        #expect(server.holder == "other")
        #expect(server.server.count(.post) == 0)
    }
}

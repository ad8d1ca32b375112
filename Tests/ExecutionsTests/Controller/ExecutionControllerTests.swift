import Eventually
import Executions
import KubeClient
import KubeRuntime
import Testing

@Suite(.timeLimit(.minutes(1))) struct ExecutionControllerTests {
    let server = HeldServer()
    let time = VirtualTime()
    let stop = Latch()
    let hasEnded = Latch()
    let registry = MetricsRegistry()

    private func manager(_ server: HeldServer) -> ControllerManager {
        ControllerManager(
            client: KubeClient(transport: server), events: .towline(instance: "test"), time: time,
            clock: time.wallClock(startingAt: Timestamp(assuming: Fixtures.start)),
            logger: Logger(LogSink(write: { _ in })), metrics: registry)
    }

    /// Runs a controller until a worker waits for the answer to a create, and then does `body`.
    func whileCreating(_ body: (Task<Void, Never>) async -> Void) async {
        let manager = manager(server)
        let executions = ExecutionController(configuration: ExecutionConfiguration(), managedBy: manager)
        let task = Task {
            try? await manager.run([executions.controller], until: stop)
            hasEnded.set()
        }
        await eventually("the create is under way") { server.count(.post) == 1 }
        await body(task)
        await task.value
        #expect(time.scheduledCount == 0)
    }

    @Test func `a running reconciliation ends normally after a stop`() async {
        let start = time.now
        await whileCreating { _ in
            stop.set()
            await eventually("some of the grace period passes") {
                time.advance(by: .milliseconds(10))
                return start.duration(to: time.now) >= .seconds(5)
            }
            #expect(!hasEnded.isSet)
            server.answersCreates.set()
        }
        #expect(server.count(.patch) == 1, "the failed create is reported in the status")
    }

    @Test func `a reconciliation that outlasts the grace period is canceled`() async {
        let start = time.now
        await whileCreating { _ in
            stop.set()
            await eventually("the controller ends") {
                time.advance(by: .milliseconds(10))
                return hasEnded.isSet
            }
        }
        #expect(server.count(.patch) == 0)
        #expect(start.duration(to: time.now) >= .seconds(10))
    }

    @Test func `a reconciliation that hangs is canceled and retried`() async {
        await whileCreating { _ in
            let start = time.now
            await eventually("it is tried again") {
                time.advance(by: .milliseconds(100))
                return server.count(.post) == 2
            }
            #expect(start.duration(to: time.now) >= .seconds(110))
            stop.set()
            server.answersCreates.set()
        }
        let text = String(decoding: registry.exposition(), as: UTF8.self)
        #expect(text.contains("controller_runtime_reconcile_timeouts_total{controller=\"workflowexecution\"} 1"))
        #expect(text.contains("workqueue_retries_total"))
    }

    /// One that may not be read must not keep the others waiting; but the operator is not ready.
    @Test func `a forbidden namespace does not delay the others`() async {
        let server = HeldServer(forbidding: "orders")
        let manager = manager(server)
        let executions = ExecutionController(
            configuration: ExecutionConfiguration(namespaces: ["payments", "orders"]), managedBy: manager)
        let task = Task { try? await manager.run([executions.controller], until: stop) }
        let start = time.now
        await eventually("the execution of the other is worked on") {
            time.advance(by: .milliseconds(100))
            return server.count(.post) == 1
        }
        #expect(start.duration(to: time.now) >= .seconds(14), "it could still be filled")
        let problem = "the workflowexecutions of namespace orders have not been listed yet"
        #expect(executions.controller.readinessProblem == problem)
        let text = String(decoding: registry.exposition(), as: UTF8.self)
        #expect(text.contains("towline_engine_available{engine=\"tekton\"} 0"))
        #expect(!text.contains("reflector_consecutive_failures{type=\"workflowexecutions.towline.dev\"} 0"))
        stop.set()
        server.answersCreates.set()
        await task.value
    }

    @Test func `cancellation ends the controller at once`() async {
        await whileCreating { task in task.cancel() }
        #expect(server.count(.patch) == 0)
    }
}

import Eventually
import KubeClient
import Testing

@testable import KubeRuntime

/// A second kind on the generic controller alone, with a server in memory and virtual time.
@Suite(.timeLimit(.minutes(1))) struct ControllerTests {
    let server = WidgetServer()
    let time = VirtualTime()
    let stop = Latch()
    let registry = MetricsRegistry()
    let log = Locked("")

    private func manager(elector: LeaderElector? = nil) -> ControllerManager {
        let retry = RetryPolicy(limit: 0, sleep: { [time] in try await time.sleep(for: $0) }, random: { 0.5 })
        return ControllerManager(
            client: KubeClient(transport: server, retry: retry), elector: elector,
            events: EventSource(controller: "example.dev/test", instance: "test", fieldManager: "test"), time: time,
            clock: time.wallClock(), random: { 0.5 }, makeReconcileID: { "id" },
            logger: Logger(
                LogSink(level: .info) { [log] bytes in log.withLock { $0 += String(decoding: bytes, as: UTF8.self) } }),
            metrics: registry)
    }

    private func elector(_ server: LeaseServer, _ identity: String) -> LeaderElector {
        LeaderElector(
            settings: ElectionSettings(lease: ObjectKey(namespace: "ns", name: "op"), identity: identity),
            client: KubeClient(transport: server), time: time, clock: time.wallClock(), random: { 0.5 },
            logger: Logger(LogSink(write: { _ in })), metrics: registry)
    }

    /// Runs controllers while `body` runs, then stops them and lets time pass until they have ended.
    private func running(
        _ manager: ControllerManager, _ controllers: [Controller], _ body: () async -> Void
    ) async throws {
        let hasEnded = Latch()
        let task = Task { [stop] in
            defer { hasEnded.set() }
            try await manager.run(controllers, until: stop)
        }
        await body()
        stop.set()
        await passing("the controllers end") { hasEnded.isSet }
        try await task.value
        #expect(time.scheduledCount == 0, "no timer is left")
    }

    /// Lets time pass in small steps until a condition holds; returns how long that took.
    @discardableResult
    private func passing(
        _ what: String, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () -> Bool
    ) async -> Duration {
        let start = time.now
        await eventually(what, sourceLocation: sourceLocation) {
            if condition() { return true }
            time.advance(by: .milliseconds(20))
            return false
        }
        return start.duration(to: time.now)
    }

    private func summary(_ name: String, _ type: ResourceType = .widgets, in namespace: String = "ns")
        -> String?
    {
        server.status(type, name, in: namespace)?["summary"]?.stringValue
    }

    private func metric(_ text: String) -> Bool {
        String(decoding: registry.exposition(), as: UTF8.self).contains(text)
    }

    @Test func `reconciles the objects that exist at the start, and each one that changes`() async throws {
        server.put(.widgets, "a", spec: ["size": 1])
        let manager = manager()
        let controller = WidgetController(.widgets, managedBy: manager).controller
        try await running(manager, [controller]) {
            await passing("the widget that existed is reconciled") { summary("a") == "size 1, 0 parts" }
            server.put(.widgets, "b", spec: ["size": 2])
            await passing("a new widget is reconciled") { summary("b") == "size 2, 0 parts" }
            server.put(.widgets, "a", spec: ["size": 3])
            await passing("a changed widget is reconciled") { summary("a") == "size 3, 0 parts" }
        }
        #expect(metric(#"controller_runtime_reconcile_total{controller="widget",result="success"}"#))
        // These metrics are read from the controller's queue and caches.
        withExtendedLifetime(controller) {
            #expect(metric(#"workqueue_depth{name="widget",controller="widget",priority="0"} 0"#))
            #expect(metric(#"reflector_objects{type="widgets.example.dev"} 2"#))
        }
    }

    @Test func `a change of a secondary object reconciles the object it belongs to`() async throws {
        server.put(.widgets, "a", spec: ["size": 1])
        let manager = manager()
        try await running(manager, [WidgetController(.widgets, managedBy: manager).controller]) {
            await passing("it is reconciled") { summary("a") == "size 1, 0 parts" }
            server.put(.parts, "wheel", spec: ["owner": "a"])
            await passing("it is reconciled again") { summary("a") == "size 1, 1 parts" }
        }
    }

    @Test func `two kinds run in one process, and a kind that hangs does not delay the other`() async throws {
        for name in ["a", "b", "c"] { server.put(.gadgets, name, spec: ["size": 2]) }
        let hold = Latch()
        server.hold(patchesOf: "/gadgets/", until: hold)
        let manager = manager()
        let controllers = [ResourceType.widgets, .gadgets].map { WidgetController($0, managedBy: manager).controller }
        try await running(manager, controllers) {
            await passing("the gadgets take all their workers") { server.patches.count == 2 }
            server.put(.widgets, "a", spec: ["size": 1])
            let passed = await passing("the widget is reconciled") { summary("a") == "size 1, 0 parts" }
            #expect(passed < .seconds(1))
            hold.set()
            await passing("the gadgets are reconciled") { summary("c", .gadgets) == "size 2, 0 parts" }
        }
        for kind in ["widget", "gadget"] {
            #expect(metric(#"controller_runtime_max_concurrent_reconciles{controller="\#(kind)"} 2"#))
        }
    }

    @Test func `retries a failed reconciliation with pauses that grow`() async throws {
        server.put(.widgets, "a", spec: ["size": 1])
        server.put(.widgets, "b", spec: ["size": 1])
        server.fail(patchesOf: "/widgets/a/")
        let manager = manager()
        try await running(manager, [WidgetController(.widgets, managedBy: manager).controller]) {
            await passing("the other widget is reconciled") { summary("b") != nil }
            await passing("one fails several times") { server.patches.count { $0.contains("/a/") } >= 5 }
            let first = time.now
            await passing("it is retried") { server.patches.count { $0.contains("/a/") } >= 7 }
            #expect(first.duration(to: time.now) > .milliseconds(100))
            server.fail(patchesOf: nil)
            await passing("it works") { summary("a") == "size 1, 0 parts" }
        }
        #expect(!metric(#"controller_runtime_reconcile_errors_total{controller="widget"} 0"#))
    }

    @Test func `cancels a reconciliation that hangs, and retries it`() async throws {
        server.put(.widgets, "a", spec: ["size": 1])
        let hold = Latch()
        server.hold(until: hold)
        let manager = manager()
        try await running(manager, [WidgetController(.widgets, managedBy: manager).controller]) {
            await passing("it hangs") { server.patches.count == 1 }
            let passed = await passing("it is retried") { server.patches.count == 2 }
            #expect(passed >= .seconds(29))
            server.hold(until: nil)
            hold.set()
            await passing("it works") { summary("a") != nil }
        }
        #expect(metric(#"controller_runtime_reconcile_timeouts_total{controller="widget"} 1"#))
    }

    @Test func `a forbidden namespace delays the others by the cache timeout, and no longer`() async throws {
        server.forbid(namespace: "secret")
        server.put(.widgets, "a", in: "open", spec: ["size": 1])
        let manager = manager()
        let widgets = WidgetController(.widgets, namespaces: ["open", "secret"], managedBy: manager)
        try await running(manager, [widgets.controller]) {
            let passed = await passing("the widget is reconciled") { summary("a", in: "open") != nil }
            #expect(passed >= .seconds(14) && passed < .seconds(17))
            #expect(
                widgets.controller.readinessProblem
                    == "the widgets of namespace secret have not been listed yet")
        }
    }

    @Test func `a secondary type that is not served holds up nothing`() async throws {
        server.stopServing("parts")
        server.put(.widgets, "a", spec: ["size": 1])
        let manager = manager()
        let widgets = WidgetController(.widgets, managedBy: manager)
        try await running(manager, [widgets.controller]) {
            let passed = await passing("the widget is reconciled") { summary("a") != nil }
            #expect(passed < .seconds(5))
            #expect(widgets.controller.readinessProblem == nil)
        }
    }

    @Test func `is not ready while its own type is not served, and says what to do`() async throws {
        server.stopServing("widgets")
        let manager = manager()
        let widgets = WidgetController(.widgets, managedBy: manager)
        try await running(manager, [widgets.controller]) {
            await passing("it is missed") {
                widgets.controller.readinessProblem
                    == "the API server does not serve widgets.example.dev: install it"
            }
            await eventually("the log says what to do") {
                log.withLock { $0.contains(#""fix":"install it""#) && !$0.contains("404 page not found") }
            }
            server.put(.widgets, "a", spec: ["size": 1])
            server.stopServing(nil)
            await passing("it is found") { summary("a") != nil }
            #expect(widgets.controller.readinessProblem == nil)
        }
    }

    @Test func `a standby fills its caches, and writes only once it leads`() async throws {
        server.put(.widgets, "a", spec: ["size": 1])
        let leases = LeaseServer()
        let release = Latch()
        let other = elector(leases, "other")
        let leader = Task { try await other.run(until: release) { stop in await stop.wait() } }
        await passing("the other one leads") { leases.holder == "other" }
        let manager = manager(elector: elector(leases, "me"))
        let widgets = WidgetController(.widgets, managedBy: manager)
        try await running(manager, [widgets.controller]) {
            await passing("it is ready") { widgets.controller.readinessProblem == nil }
            let start = time.now
            await passing("it waits") { start.duration(to: time.now) > .seconds(20) }
            #expect(server.patches.isEmpty)
            release.set()
            await passing("it works") { summary("a") == "size 1, 0 parts" }
            #expect(leases.holder == "me")
        }
        try await leader.value
        #expect(leases.holder == "", "the lease is released")
    }

    @Test func `ends its work when leadership is lost`() async throws {
        server.put(.widgets, "a", spec: ["size": 1])
        let hold = Latch()
        server.hold(until: hold)
        let leases = LeaseServer()
        let manager = manager(elector: elector(leases, "me"))
        let widgets = WidgetController(.widgets, managedBy: manager)
        let result = Locked<Result<Void, any Error>?>(nil)
        let task = Task { [stop] in
            do {
                try await manager.run([widgets.controller], until: stop)
                result.withLock { $0 = .success(()) }
            } catch {
                result.withLock { $0 = .failure(error) }
            }
        }
        await passing("a reconciliation is running") { server.patches.count == 1 }
        leases.fail(503)
        await passing("it ends") { result.withLock { $0 != nil } }
        await task.value
        #expect(throws: LeadershipLoss.self) { try result.withLock { try $0?.get() } }
        hold.set()
        #expect(summary("a") == nil, "its write was canceled")
    }

    @Test func `shutdown lets a running reconciliation end, and starts no other`() async throws {
        for name in ["a", "b", "c", "d"] { server.put(.widgets, name, spec: ["size": 1]) }
        let hold = Latch()
        server.hold(until: hold)
        let manager = manager()
        try await running(manager, [WidgetController(.widgets, managedBy: manager).controller]) {
            await passing("reconciliations are running") { !server.patches.isEmpty }
            let count = server.patches.count
            stop.set()
            let start = time.now
            await passing("some of the grace period passes") { start.duration(to: time.now) > .seconds(5) }
            hold.set()
            await eventually("they end") { server.patches.count { summary(Self.name($0)) != nil } == count }
            #expect(server.patches.count == count)
        }
    }

    @Test func `shutdown cancels a reconciliation that outlasts the grace period`() async throws {
        server.put(.widgets, "a", spec: ["size": 1])
        server.hold(until: Latch())
        let manager = manager()
        let start = Locked<ContinuousClock.Instant?>(nil)
        try await running(manager, [WidgetController(.widgets, managedBy: manager).controller]) {
            await passing("it hangs") { server.patches.count == 1 }
            start.withLock { $0 = time.now }
        }
        let passed = try #require(start.withLock { $0 }).duration(to: time.now)
        #expect(passed >= .seconds(10) && passed < .seconds(12))
    }

    @Test func `background services start with the workers and stop before them`() async throws {
        server.put(.widgets, "a", spec: ["size": 1])
        let events = Locked<[String]>([])
        let note: @Sendable (String) -> Void = { event in events.withLock { $0.append(event) } }
        let service = BackgroundService(start: { note("start") }, stop: { note("stop") }) {
            note("run")
            await Latch().wait()
            note("canceled")
        }
        let manager = manager()
        let widgets = WidgetController(.widgets, services: [service], managedBy: manager)
        try await running(manager, [widgets.controller]) {
            await passing("the widget is reconciled") { summary("a") != nil }
            await eventually("the service runs") { events.withLock { $0 } == ["start", "run"] }
        }
        #expect(events.withLock { $0.filter { $0 != "stop" } } == ["start", "run", "canceled"])
        #expect(events.withLock { $0.prefix(3) } == ["start", "run", "stop"])
    }

    private static func name(_ path: String) -> String {
        path.split(separator: "/").dropLast().last.map(String.init) ?? ""
    }
}

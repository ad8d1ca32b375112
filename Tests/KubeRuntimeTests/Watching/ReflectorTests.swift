import Eventually
import KubeClient
import TestSupport
import Testing

@testable import KubeRuntime

@Suite struct ReflectorTests {
    let server = FakeTransport()
    let time = VirtualTime()
    let store = Store<Item>()
    let changes = Locked([StoreChange<Item>]())
    let metrics = MetricsRegistry()
    let type = ResourceType(group: "example.dev", version: "v1", plural: "items", kind: "Item")

    /// Runs a reflector while the test runs, then stops it.
    func running(
        _ change: (inout ReflectorSettings) -> Void = { _ in }, _ body: () async throws -> Void
    ) async rethrows {
        var settings = ReflectorSettings()
        change(&settings)
        let reflector = Reflector(
            client: KubeClient(transport: server), type: type, scope: ReflectorScope(labelSelector: "a=b"),
            settings: settings, decoding: Item.decoder, into: store, time: time, random: { 0.5 },
            logger: Logger(LogSink(write: { _ in })), metrics: metrics
        ) { [changes] change in changes.withLock { $0.append(change) } }
        let task = Task { await reflector.run() }
        try await body()
        task.cancel()
        await task.value
    }

    func eventuallyChanges(_ expected: [StoreChange<Item>]) async {
        await eventually("\(expected)") { changes.withLock { $0.count } >= expected.count }
        #expect(changes.withLock { $0 } == expected)
    }

    /// Waits until the reflector's next deadline is at most `limit` away, and advances the time to it.
    ///
    /// Not beyond it: the reflector may set its next deadline while the time advances.
    func advance(atMost limit: Duration) async {
        var pause = Duration.zero
        await eventually("the reflector waits") {
            guard let deadline = time.nextDeadline else { return false }
            pause = time.now.duration(to: deadline)
            return pause <= limit
        }
        time.advance(by: pause)
    }

    @Test func `lists in pages, then watches`() async {
        server.answer(200, page([object("a", 1)], at: 10, token: "next"))
        server.answer(200, page([object("b", 2)], at: 10))
        let watch = server.stream()
        await running {
            watch.event("MODIFIED", "a", 11)
            watch.event("DELETED", "b", 12)
            watch.event("ADDED", "c", 13)
            watch.push(#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"20"}}}"# + "\n")
            await eventuallyChanges([
                .added(Item("a", 1)), .added(Item("b", 2)), .synced,
                .changed(old: Item("a", 1), new: Item("a", 11)), .deleted(Item("b", 12)), .added(Item("c", 13)),
            ])
            await eventually("the bookmark is observed") { store.observedResourceVersion.text == "20" }
        }
        #expect(watch.isCancelled)
        let path = "/apis/example.dev/v1/items?"
        #expect(
            server.targets.map { $0.replacing("%3D", with: "=") } == [
                path + "labelSelector=a=b&limit=500",
                path + "labelSelector=a=b&limit=500&continue=next",
                path + "watch=true&labelSelector=a=b&resourceVersion=10&allowWatchBookmarks=true&timeoutSeconds=22",
            ])
    }

    @Test func `finds deletions that happened during a gap`() async {
        server.answer(200, page([object("a", 1), object("b", 2)], at: 10))
        let watch = server.stream()
        server.answer(200, page([object("b", 2), object("c", 15)], at: 30))
        _ = server.stream()
        await running {
            watch.push(#"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}"#)
            await eventually("the relist") { store.observedResourceVersion.text == "30" }
            #expect(changes.withLock { $0.suffix(2) } == [.added(Item("c", 15)), .deleted(Item("a", 1))])
        }
        #expect(server.targets[2].contains("resourceVersion=10&resourceVersionMatch=NotOlderThan"))
    }

    @Test func `one undecodable object does not affect the others`() async {
        server.answer(200, page([object("a", 1), object("bad", 2, extra: #","broken":true"#)], at: 10))
        let watch = server.stream()
        await running {
            watch.event("MODIFIED", "a", 11, extra: #","broken":true"#)
            watch.event("ADDED", "c", 12)
            await eventually("the stream continues") { store.object(for: Item("c", 0).key) != nil }
            #expect(store.isStale(Item("a", 0).key))
            #expect(store.quarantined.count == 2)
            watch.event("MODIFIED", "a", 13)
            await eventually("the object can be decoded again") { !store.isStale(Item("a", 0).key) }
        }
        let text = String(decoding: metrics.exposition(), as: UTF8.self)
        #expect(text.contains(#"reflector_undecodable_objects_total{type="items.example.dev"} 2"#))
        #expect(text.contains(#"reflector_quarantined_objects{type="items.example.dev"} 1"#))
        #expect(text.contains(#"reflector_last_resource_version{type="items.example.dev"} 13"#))
    }

    @Test func `an undecodable deletion deletes`() async {
        server.answer(200, page([object("a", 1), object("b", 2)], at: 10))
        let watch = server.stream()
        await running {
            watch.event("DELETED", "a", 11, extra: #","broken":true"#)
            await eventuallyChanges([.added(Item("a", 1)), .added(Item("b", 2)), .synced, .deleted(Item("a", 1))])
            #expect(store.quarantined.isEmpty)
            #expect(store.observedResourceVersion.text == "11")
        }
        #expect(server.targets.count == 2)
        let text = String(decoding: metrics.exposition(), as: UTF8.self)
        #expect(text.contains(#"reflector_undecodable_objects_total{type="items.example.dev"} 1"#))
    }

    @Test func `an unidentified deletion is followed by a list`() async {
        server.answer(200, page([object("a", 1), object("b", 2)], at: 10))
        let watch = server.stream()
        server.answer(200, page([object("b", 2)], at: 12))
        _ = server.stream()
        await running {
            watch.push(#"{"type":"DELETED","object":{"metadata":{"name":7}}}"# + "\n")
            await advance(atMost: .seconds(2))
            await eventuallyChanges([.added(Item("a", 1)), .added(Item("b", 2)), .synced, .deleted(Item("a", 1))])
        }
    }

    @Test func `an undecodable bookmark quarantines no object`() async {
        server.answer(200, page([object("a", 1)], at: 10))
        let watch = server.stream()
        await running {
            watch.push(#"{"type":"BOOKMARK","object":{"metadata":{"name":"a","namespace":"ns"}}}"# + "\n")
            watch.event("ADDED", "c", 12)
            await eventually("the stream continues") { store.count == 2 }
            #expect(store.quarantined.isEmpty)
        }
    }

    @Test func `watches from the last version after a lost connection`() async {
        server.answer(200, page([], at: 10))
        let watch = server.stream()
        server.fail(.unreachable)
        let second = server.stream()
        await running {
            watch.event("ADDED", "a", 11)
            await eventually("the event") { store.count == 1 }
            watch.cancel()
            await advance(atMost: .seconds(1))
            await advance(atMost: .seconds(2))
            second.event("ADDED", "b", 12)
            await eventually("the watch continues") { store.count == 2 }
        }
        #expect(server.targets.count == 4)
        #expect(server.targets.last?.contains("resourceVersion=11") == true)
    }

    @Test func `a missing type that appears is listed without a restart`() async {
        server.answer(404, "404 page not found\n")
        server.answer(404, "404 page not found\n")
        server.answer(200, page([object("a", 1)], at: 10))
        let watch = server.stream()
        server.answer(404, "404 page not found\n")
        await running {
            await eventuallyChanges([.unavailable("404: 404 page not found")])
            #expect(!store.isAvailable && !store.isSynced)
            await advance(atMost: .seconds(40))
            await advance(atMost: .seconds(40))
            await eventuallyChanges([.unavailable("404: 404 page not found"), .added(Item("a", 1)), .synced])
            // The type is removed while it is watched: the objects are frozen, not deleted.
            watch.event("MODIFIED", "a", 11)
            watch.end()
            await eventually("the type is gone") {
                changes.withLock { $0.last } == .unavailable("404: 404 page not found")
            }
            #expect(!store.isAvailable)
            #expect(store.count == 1)
        }
    }

    @Test func `replaces a silent watch`() async {
        server.answer(200, page([], at: 10))
        let watch = server.stream()
        let second = server.stream()
        await running {
            await eventually("the watch is read") { time.scheduledCount == 1 }
            time.advance(by: .seconds(27))
            #expect(!watch.isCancelled)
            await advance(atMost: .milliseconds(500))
            second.event("ADDED", "a", 11)
            await eventually("the second watch is read") { store.count == 1 }
            #expect(watch.isCancelled)
        }
        #expect(server.targets.last?.contains("resourceVersion=10&") == true)
    }

    @Test func `the watch event of an own write is not a change`() async {
        server.answer(200, page([object("a", 1)], at: 10))
        let watch = server.stream()
        await running {
            await eventually("the first sync") { store.isSynced }
            #expect(store.apply(Item("a", 15)).count == 1)
            watch.event("MODIFIED", "a", 14)
            watch.event("MODIFIED", "a", 15)
            await eventually("the echo") { store.hasObserved(ResourceVersion("15")) }
            #expect(changes.withLock { $0 } == [.added(Item("a", 1)), .synced])
        }
    }

    @Test func `streams the initial list if the server supports it`() async {
        let watch = server.stream()
        await running {
            $0.synchronization = .streaming
        } _: {
            watch.event("ADDED", "b", 7)
            watch.event("ADDED", "a", 3)
            let annotation = #""annotations":{"k8s.io/initial-events-end":"true"}"#
            watch.push(#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9",\#(annotation)}}}"#)
            await eventuallyChanges([.added(Item("b", 7)), .added(Item("a", 3)), .synced])
        }
        #expect(server.targets.first?.contains("sendInitialEvents=true&resourceVersionMatch=NotOlderThan") == true)
    }
}

/// Real connections to a server that accepts a watch and then stays silent, even when it should end the watch.
@Suite(.timeLimit(.minutes(1))) struct SilentServerTests {
    @Test func `replaces a watch that does not end at its timeout`() async throws {
        let watches = Locked(0)
        let server = try HTTPServer(host: "127.0.0.1", port: 0) { request in
            guard request.queryValue("watch") != nil else {
                return .text(page([object("a", 1)], at: 10), status: 200)
            }
            let isFirst = watches.withLock { count in
                count += 1
                return count == 1
            }
            return HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    if !isFirst {
                        let event = #"{"type":"ADDED","object":\#(object("b", 11))}"# + "\n"
                        try await writer.write(Array(event.utf8))
                    }
                    try await Task.sleep(for: .seconds(600))
                })
        }
        let transport = try CurlTransport(
            configuration: ClusterConfiguration(server: "http://127.0.0.1:\(server.port)", origin: "test"),
            userAgent: "towline/test")
        var settings = ReflectorSettings()
        settings.watchTimeout = .milliseconds(100)...(.milliseconds(200))
        settings.watchMargin = .milliseconds(100)
        let store = Store<Item>()
        let reflector = Reflector(
            client: KubeClient(transport: transport),
            type: ResourceType(group: "example.dev", version: "v1", plural: "items", kind: "Item"), settings: settings,
            decoding: Item.decoder, into: store, time: SystemTime(), logger: Logger(LogSink(write: { _ in }))
        ) { _ in }
        let task = Task { await reflector.run() }
        await eventually("the second watch delivers the missing event") { store.count == 2 }
        task.cancel()
        await task.value
        await transport.shutdown()
        await server.shutdown()
    }

    @Test func `finds a silently dead connection within half a minute`() {
        let settings = ReflectorSettings()
        #expect(settings.watchTimeout.upperBound + settings.watchMargin <= .seconds(30))
    }
}

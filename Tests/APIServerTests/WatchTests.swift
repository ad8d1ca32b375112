import KubeClient
import SandboxSupport
import Testing

@testable import APIServer

@Suite struct WatchTests {
    private let widgets = "/apis/example.com/v1/namespaces/default/widgets"

    private func names(_ events: [JSONValue]) -> [String] {
        events.map { event in
            "\(event["type"]?.stringValue ?? "") \(event["object"]?["metadata"]?["name"]?.stringValue ?? "")"
        }
    }

    @Test func `a watch resumes at its resource version`() async throws {
        try await RunningServer.run { (server) async throws in
            let first = try await server.send(.post, widgets, Fixture.widget("one"))
            let version = first.body["metadata"]?["resourceVersion"]?.stringValue ?? ""
            _ = try await server.send(
                .patch, widgets + "/one", ["spec": ["color": "green"]], type: "application/merge-patch+json")
            _ = try await server.send(.post, widgets, Fixture.widget("two"))
            _ = try await server.send(.delete, widgets + "/one")
            let events = try await server.watch(widgets + "?watch=true&resourceVersion=\(version)", count: 3)
            #expect(names(events) == ["MODIFIED one", "ADDED two", "DELETED one"])
            let all = try await server.watch(widgets + "?watch=true", count: 1)
            #expect(names(all) == ["ADDED two"])
        }
    }

    @Test func `a watch reports objects that start or stop matching as added and deleted`() async throws {
        try await RunningServer.run { (server) async throws in
            let version = String(server.server.cluster.storage.revision)
            _ = try await server.send(.post, widgets, Fixture.widget("one"))
            for color in ["green", "red"] {
                _ = try await server.send(
                    .patch, widgets + "/one", ["spec": ["color": .string(color)]],
                    type: "application/merge-patch+json")
            }
            let target = widgets + "?watch=true&resourceVersion=\(version)&fieldSelector=spec.color%3Dred"
            let events = try await server.watch(target, count: 3)
            #expect(names(events) == ["ADDED one", "DELETED one", "ADDED one"])
            #expect(events[1]["object"]?["spec"]?["color"] == "red")
            let versions = events.compactMap { $0["object"]?["metadata"]?["resourceVersion"]?.stringValue }
            #expect(versions == versions.sorted())
        }
    }

    @Test func `a watch selects by labels`() async throws {
        try await RunningServer.run { (server) async throws in
            let version = String(server.server.cluster.storage.revision)
            func label(_ name: String, _ labels: JSONValue) async throws {
                _ = try await server.send(
                    .patch, widgets + "/\(name)", ["metadata": ["labels": labels]],
                    type: "application/merge-patch+json")
            }
            _ = try await server.send(.post, widgets, Fixture.widget("without"))
            _ = try await server.send(
                .post, widgets, Fixture.widget("with", labels: ["example.com/uid": "u", "example.com/phase": "a"]))
            _ = try await server.send(.post, widgets, Fixture.widget("later", labels: ["example.com/phase": "c"]))
            try await label("later", ["example.com/phase": "b"])
            try await label("with", ["example.com/uid": .null])
            try await label("later", ["example.com/attempt": "3"])
            _ = try await server.send(.delete, widgets + "/with")
            func events(_ selector: String, count: Int) async throws -> [String] {
                names(
                    try await server.watch(
                        widgets + "?watch=true&resourceVersion=\(version)&labelSelector=\(selector)", count: count))
            }
            #expect(try await events("example.com%2Fuid", count: 2) == ["ADDED with", "DELETED with"])
            #expect(
                try await events("example.com%2Fphase%20in%20(a,b),example.com%2Fattempt!%3D3", count: 5)
                    == ["ADDED with", "ADDED later", "MODIFIED with", "DELETED later", "DELETED with"])
        }
    }

    /// A watch reports the last stored version, not the write that removed the last finalizer.
    @Test func `the end of a held deletion reports the object with its finalizer`() async throws {
        try await RunningServer.run { (server) async throws in
            let held = Fixture.widget("held", finalizers: ["example.com/teardown"])
            let version = String(server.server.cluster.storage.revision)
            _ = try await server.send(.post, widgets, held)
            #expect(try await server.send(.delete, widgets + "/held").status == 200)
            let last = try await server.send(
                .patch, widgets + "/held",
                [
                    ["op": "test", "path": "/metadata/finalizers/0", "value": "example.com/teardown"],
                    ["op": "remove", "path": "/metadata/finalizers/0"],
                ], type: "application/json-patch+json")
            #expect(last.status == 200)
            #expect(last.body["metadata"]?["finalizers"] == nil)
            let events = try await server.watch(widgets + "?watch=true&resourceVersion=\(version)", count: 3)
            #expect(names(events) == ["ADDED held", "MODIFIED held", "DELETED held"])
            #expect(events[2]["object"]?["metadata"]?["finalizers"] == ["example.com/teardown"])
            #expect(events[2]["object"]?["metadata"]?["deletionTimestamp"] != nil)
        }
    }

    @Test func `a streamed list ends with a bookmark`() async throws {
        try await RunningServer.run { (server) async throws in
            _ = try await server.send(.post, widgets, Fixture.widget("one"))
            let options =
                "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
            let events = try await server.watch(widgets + options, count: 2)
            #expect(names(events) == ["ADDED one", "BOOKMARK "])
            #expect(
                events[1]["object"]?["metadata"]?["annotations"]?["k8s.io/initial-events-end"] == "true")
            let refused = try await server.send(.get, widgets + "?watch=true&sendInitialEvents=true")
            #expect(refused.status == 422)
        }
    }

    @Test func `a watch from a compacted version sends an error`() async throws {
        try await RunningServer.run { (server) async throws in
            let version = String(server.server.cluster.storage.revision)
            _ = try await server.send(.post, widgets, Fixture.widget("one"))
            server.server.cluster.storage.compact(through: server.server.cluster.storage.revision)
            let events = try await server.watch(widgets + "?watch=true&resourceVersion=\(version)")
            #expect(events.count == 1)
            #expect(events.first?["type"] == "ERROR")
            #expect(events.first?["object"]?["code"] == 410)
        }
    }

    @Test func `a watch sends bookmarks until it times out`() async throws {
        let time = ManualTime()
        try await RunningServer.run(.deterministic(time)) { (server) async throws in
            let reading = Task {
                try await server.watch(widgets + "?watch=true&allowWatchBookmarks=true&timeoutSeconds=90")
            }
            // The first event shows that the watch has started.
            _ = try await server.send(.post, widgets, Fixture.widget("one"))
            let deadline = ContinuousClock.now + .seconds(20)
            let moving = Task {
                while ContinuousClock.now < deadline, !Task.isCancelled {
                    time.advance(.seconds(10))
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            let read = try await reading.value
            moving.cancel()
            let kinds = read.compactMap { $0["type"]?.stringValue }
            #expect(kinds.first == "ADDED")
            #expect(kinds.dropFirst().allSatisfy { $0 == "BOOKMARK" })
            #expect(kinds.count >= 2)
        }
    }

    @Test func `a shutdown ends watches`() async throws {
        try await RunningServer.run { (server) async throws in
            _ = try await server.send(.post, widgets, Fixture.widget("one"))
            let reading = Task { try await server.watch(widgets + "?watch=true") }
            await server.server.shutdown()
            // The watch may start before the shutdown or not at all; it ends in both cases.
            _ = await reading.result
        }
    }

    @Test func `a change stream yields existing objects and then changes`() async throws {
        let cluster = try Fixture.cluster()
        try cluster.create(Fixture.widgets, namespace: "default", Fixture.widget("one"), fieldManager: "t")
        var changes = cluster.changes(of: Fixture.widgets, namespace: nil).makeAsyncIterator()
        guard case .added(let first) = try await changes.next() else {
            Issue.record("expected the present object")
            return
        }
        #expect(first["metadata"]?["name"] == "one")
        #expect(try await changes.next() == .synced)
        try cluster.delete(Fixture.widgets, namespace: "default", name: "one", uid: nil)
        guard case .deleted(let last) = try await changes.next() else {
            Issue.record("expected the deletion")
            return
        }
        #expect(last["metadata"]?["uid"] == first["metadata"]?["uid"])
        cluster.storage.shutDown()
        #expect(try await changes.next() == nil)
    }
}

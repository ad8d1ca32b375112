import TestSupport
import Testing

@testable import KubeClient

@Suite struct WatchStreamTests {
    private typealias Event = WatchEvent<String>

    /// The events of a body that arrives in these pieces.
    private func events(
        _ pieces: [[UInt8]], bound: Int = 1 << 20, failure: TransportError? = nil
    ) async throws -> [WatchEvent<String>] {
        var stream = WatchStream(body: FakeBody(pieces, failure: failure), decoding: nameDecoder, bound: bound)
        var events: [WatchEvent<String>] = []
        while let event = try await stream.next() { events.append(event) }
        return events
    }

    private func events(_ text: String, bound: Int = 1 << 20) async throws -> [WatchEvent<String>] {
        try await events([Array(text.utf8)], bound: bound)
    }

    private let all = #"""
        {"type":"ADDED","object":{"metadata":{"name":"a\"}{"}}}
        {"type":"MODIFIED","object":{"metadata":{"name":"ü\\"}}}
        {"object":{"metadata":{"name":"c"}},"type":"DELETED"}{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"12"}}}
        {"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"13","annotations":{"k8s.io/initial-events-end":"true"}}}}
        {
          "type": "ERROR",
          "object": {
            "kind": "Status", "code": 410,
            "reason": "Expired", "message": "too old"
          }
        }

        """#

    private var expected: [WatchEvent<String>] {
        [
            .added(#"a"}{"#), .modified(#"ü\"#), .deleted("c"),
            .bookmark(ResourceVersion("12"), endsInitialEvents: false),
            .bookmark(ResourceVersion("13"), endsInitialEvents: true),
            .failed(APIStatus(code: 410, reason: "Expired", message: "too old")),
        ]
    }

    @Test func `reads every type of event`() async throws {
        #expect(try await events(all) == expected)
    }

    @Test func `reads events from pieces of any size`() async throws {
        let bytes = Array(all.utf8)
        for place in 0...bytes.count {
            #expect(
                try await events([Array(bytes[..<place]), Array(bytes[place...])]) == expected, "split at \(place)")
        }
        #expect(try await events(bytes.map { [$0] }) == expected)
    }

    @Test func `a truncated event means a lost connection`() async throws {
        let bytes = Array(#"{"type":"ADDED","object":{"metadata":{"name":"a"}}}"#.utf8)
        for place in 1..<bytes.count {
            let error = await #expect(throws: KubeError.self) { try await events([Array(bytes[..<place])]) }
            #expect(error == .transport(TransportError(.connectionLost, "the watch ended inside an event")))
        }
        #expect(try await events([bytes]) == [.added("a")])
    }

    @Test func `reports earlier events before a lost connection`() async throws {
        let lost = TransportError(.connectionLost, "reset")
        let body = FakeBody([Array(#"{"type":"ADDED","object":{"metadata":{"name":"a"}}}"#.utf8)], failure: lost)
        var stream = WatchStream(body: body, decoding: nameDecoder)
        #expect(try await stream.next() == .added("a"))
        await #expect(throws: KubeError.transport(lost)) { try await stream.next() }
    }

    @Test(arguments: [
        #"{"type":"ADDED","object":{"metadata":{"name":"b","namespace":"n","resourceVersion":"4","generation":"x"}}}"#,
        #"{"object":{"metadata":{"name":"b","namespace":"n","resourceVersion":"4"}},"type":"RENAMED"}"#,
        #"{"object":{"metadata":{"name":"b","namespace":"n","resourceVersion":"4"}}}"#,
    ])
    func `continues after an undecodable event`(text: String) async throws {
        let good = #"{"type":"ADDED","object":{"metadata":{"name":"a"}}}"#
        let events = try await events("\(good)\n\(text)\n\(good)")
        #expect(events.first == .added("a") && events.last == .added("a"))
        guard events.count == 3, case .undecodable(let object) = events[1] else {
            Issue.record("\(events)")
            return
        }
        #expect(object.key == ObjectKey(namespace: "n", name: "b") && object.metadata.resourceVersion.text == "4")
        #expect(!object.error.isEmpty)
    }

    @Test(arguments: [
        #"{"type":"DELETED","object":{"metadata":{"name":"b","namespace":"n","resourceVersion":"4","generation":"x"}}}"#,
        #"{"object":{"metadata":{"name":"b","namespace":"n","resourceVersion":"4","labels":7}},"type":"DELETED"}"#,
    ])
    func `reports an undecodable deletion as a deletion`(text: String) async throws {
        guard case .undecodableDeletion(let object) = try await events(text).first else {
            Issue.record("it is another event")
            return
        }
        #expect(object.key == ObjectKey(namespace: "n", name: "b") && object.metadata.resourceVersion.text == "4")
    }

    @Test(arguments: [#"{"type":"DELETED","object":{}}"#, #"{"type":"DELETED","object":[]}"#, #"{"type":"DELETED"}"#])
    func `reports a deletion without metadata as a deletion`(text: String) async throws {
        guard case .undecodableDeletion(let object) = try await events(text).first else {
            Issue.record("it is another event")
            return
        }
        #expect(object.metadata == ObjectMetadata())
    }

    @Test func `reports an oversized deletion as a deletion`() async throws {
        let padding = String(repeating: "x", count: 1000)
        let text = #"{"type":"DELETED","object":{"metadata":{"name":"b","uid":"u"},"data":"\#(padding)"}}"#
        guard case .undecodableDeletion(let object) = try await events(text, bound: 500).first else {
            Issue.record("it is another event")
            return
        }
        #expect(object.metadata.name == "b" && object.metadata.uid == "u")
    }

    @Test func `an undecodable object keeps its readable labels`() async throws {
        let metadata = #"{"generation":"x","labels":{"a":"1","b":2},"name":"b"}"#
        guard
            case .undecodable(let object) = try await events(#"{"type":"ADDED","object":{"metadata":\#(metadata)}}"#)
                .first
        else {
            Issue.record("it is another event")
            return
        }
        #expect(object.metadata.labels == [Label(key: "a", value: "1")])
        #expect(object.metadata.name == "b")
    }

    @Test(arguments: [("short", 1), ("long", 0)])
    func `an undecodable object keeps a controller whose fields are short`(_ kind: String, _ count: Int) async throws {
        let kind = kind == "long" ? String(repeating: "x", count: 129) : kind
        let owners = #"[{"uid":"v"},7,{"uid":"u","kind":"\#(kind)","apiVersion":"a/v1","controller":true}]"#
        let metadata = #"{"generation":"x","ownerReferences":\#(owners),"name":"b"}"#
        guard
            case .undecodable(let object) = try await events(#"{"type":"ADDED","object":{"metadata":\#(metadata)}}"#)
                .first
        else {
            Issue.record("it is another event")
            return
        }
        #expect(object.metadata.ownerReferences.count == count)
        guard let owner = object.metadata.controller else { return }
        #expect(owner.uid == "u" && owner.kind == kind && owner.apiVersion == "a/v1")
    }

    @Test(arguments: [#"{}"#, #"{"metadata":{"name":"b"}}"#, #"{"metadata":{"resourceVersion":7,"name":"b"}}"#, "[]"])
    func `a bookmark without a version affects no object`(object: String) async throws {
        guard case .undecodable(let object) = try await events(#"{"type":"BOOKMARK","object":\#(object)}"#).first else {
            Issue.record("it is another event")
            return
        }
        #expect(object.metadata == ObjectMetadata())
    }

    @Test func `reads a bookmark with unexpected fields`() async throws {
        let metadata =
            #"{"annotations":{"a":1,"k8s.io/initial-events-end":"true"},"generation":"x","resourceVersion":"7"}"#
        let events = try await events(#"{"type":"BOOKMARK","object":{"spec":7,"metadata":\#(metadata)}}"#)
        #expect(events == [.bookmark(ResourceVersion("7"), endsInitialEvents: true)])
    }

    @Test func `an unreadable status ends the watch`() async throws {
        let events = try await events(#"{"type":"ERROR","object":[]}"#)
        guard case .failed(let status) = events.first else {
            Issue.record("\(events)")
            return
        }
        #expect(status.code == 500)
    }

    @Test func `replaces malformed UTF-8`() async throws {
        let bytes =
            Array(#"{"type":"ADDED","object":{"metadata":{"name":""#.utf8) + [0xFF, 0xC3] + Array(#""}}}"#.utf8)
        #expect(try await events([bytes]) == [.added("\u{FFFD}\u{FFFD}")])
    }

    @Test(arguments: ["<html>", "[]", "}", "null", #""a""#, #"{"type":"ADDED","object":{]}"#, #"{"type" "ADDED"}"#])
    func `throws if the body is not a watch`(text: String) async throws {
        let error = await #expect(throws: KubeError.self) { try await events(text) }
        guard case .undecodable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `an object nested deeper than can be decoded does not end the watch`() async throws {
        let good = #"{"type":"ADDED","object":{"metadata":{"name":"a"}}}"#
        let deep = String(repeating: #"{"a":["#, count: 5_000) + "1" + String(repeating: "]}", count: 5_000)
        let unread = #"{"type":"ADDED","object":{"spec":\#(deep),"metadata":{"name":"b"}}}"#
        #expect(try await events("\(good)\n\(unread)\n\(good)") == [.added("a"), .added("b"), .added("a")])
    }

    @Test(arguments: [1, 7, 64, 4096])
    func `skips an oversized event`(pieceSize: Int) async throws {
        let good = #"{"type":"ADDED","object":{"metadata":{"name":"a"}}}"#
        let padding = String(repeating: "x{", count: 1000)
        let large = #"{"type":"ADDED","object":{"metadata":{"name":"b","uid":"u"},"data":"\#(padding)"}}"#
        let bytes = Array("\(good)\(large)\n\(good)".utf8)
        let pieces = stride(from: 0, to: bytes.count, by: pieceSize).map {
            Array(bytes[$0..<min($0 + pieceSize, bytes.count)])
        }
        let events = try await events(pieces, bound: 500)
        #expect(events.count == 3 && events.first == .added("a") && events.last == .added("a"))
        guard events.count == 3, case .undecodable(let object) = events[1] else { return }
        #expect(object.metadata.name == "b" && object.metadata.uid == "u")
        #expect(object.error == "the watch event is larger than 500 bytes")
    }

    @Test func `throws the status of a rejected watch`() async throws {
        let status = #"{"kind":"Status","code":422,"reason":"Invalid","message":"no initial events"}"#
        let client = KubeClient(transport: FakeTransport(HTTPResponse(422, status)))
        let options = WatchOptions(start: .initialEvents(notOlderThan: nil))
        await #expect(throws: KubeError.status(APIStatus(code: 422, reason: "Invalid", message: "no initial events"))) {
            try await client.watch(podType, namespace: "n", options, decoding: nameDecoder)
        }
    }

    @Test(arguments: [
        (
            WatchOptions(start: .after(ResourceVersion("7")), labelSelector: "a=b", timeout: .seconds(290)),
            "watch=true&labelSelector=a%3Db&resourceVersion=7&allowWatchBookmarks=true&timeoutSeconds=290"
        ),
        (
            WatchOptions(start: .initialEvents(notOlderThan: ResourceVersion("7"))),
            "watch=true&sendInitialEvents=true&resourceVersion=7&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        ),
        (
            WatchOptions(start: .any, timeout: .milliseconds(1), allowBookmarks: false),
            "watch=true&resourceVersion=0&timeoutSeconds=1"
        ),
    ])
    func `encodes the options in the query`(options: WatchOptions, query: String) async throws {
        let transport = FakeTransport(HTTPResponse(200, #"{"type":"ADDED","object":{"metadata":{"name":"a"}}}"#))
        var stream = try await KubeClient(transport: transport).watch(
            podType, namespace: nil, options, decoding: nameDecoder)
        #expect(try await stream.next() == .added("a"))
        #expect(transport.requests.map(\.target) == ["/api/v1/pods?\(query)"])
    }
}

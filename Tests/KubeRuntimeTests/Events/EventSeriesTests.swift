import KubeClient
import Testing

@testable import KubeRuntime

@Suite struct EventSeriesTests {
    private func tree(_ bytes: [UInt8]) throws -> JSONValue {
        var cursor = JSONCursor(bytes)
        return try cursor.readValue()
    }

    @Test func `the manifest has the API's fields`() throws {
        let event = EventFixtures.event(related: "run")
        let series = EventSeries(of: event, at: EventFixtures.date + .microseconds(12), stamp: 0x1f)
        let expected: JSONValue = [
            "apiVersion": "events.k8s.io/v1", "kind": "Event",
            "metadata": ["name": "one.1f", "namespace": "ns"],
            "eventTime": "2026-01-01T00:00:00.000012Z",
            "reportingController": "example.com/operator", "reportingInstance": "pod-1",
            "type": "Normal", "reason": "RunCreated", "action": "Create", "note": "Created it.",
            "regarding": [
                "apiVersion": "example.com/v1", "kind": "Thing", "namespace": "ns", "name": "one", "uid": "uid-one",
                "resourceVersion": "7",
            ],
            "related": [
                "apiVersion": "example.com/v1", "kind": "Run", "namespace": "ns", "name": "run", "uid": "uid-run",
                "resourceVersion": "7",
            ],
        ]
        #expect(try tree(series.manifest(from: EventFixtures.source)) == expected)
    }

    @Test func `a series has its count and its last time`() throws {
        var series = EventSeries(of: EventFixtures.event(), at: EventFixtures.date, stamp: 1)
        series.repeats(at: EventFixtures.date + .seconds(2))
        // A clock that was set back does not move times back.
        series.repeats(at: EventFixtures.date)
        let expected: JSONValue = ["count": 3, "lastObservedTime": "2026-01-01T00:00:02.000000Z"]
        #expect(try tree(series.patch) == ["series": expected])
        #expect(try tree(series.manifest(from: EventFixtures.source))["series"] == expected)
    }

    @Test func `text is cut to the API's bounds`() {
        let word = String(repeating: "W", count: 300)
        let event = ObjectEvent(
            .warning, reason: word, action: word, note: String(repeating: "é", count: 800),
            regarding: EventFixtures.reference("Thing", "one"))
        #expect(event.reason.utf8.count == 128)
        #expect(event.action.utf8.count == 128)
        #expect((1022...1024).contains(event.note.utf8.count))
        #expect(event.note.hasSuffix("é…"))
        #expect(EventSource(controller: "a/b", instance: word, fieldManager: "m").instance.utf8.count == 128)
        #expect(EventSource(controller: "a/b", instance: "", fieldManager: "m").instance == "m")
    }

    @Test func `names are unique and valid for any clock and object name`() {
        var journal = EventJournal()
        let stamps = [EventFixtures.date, EventFixtures.date, .earliest, .latest, .latest, EventFixtures.date]
            .map { journal.nextStamp(at: $0) }
        #expect(Set(stamps).count == stamps.count)
        let long = String(repeating: "a", count: 235) + "-" + String(repeating: "b", count: 17)
        let name = EventSeries(of: EventFixtures.event(object: long), at: .earliest, stamp: .max).key.name
        #expect(name.utf8.count == 252)
        #expect(name.hasSuffix("a.ffffffffffffffff"))
    }
}

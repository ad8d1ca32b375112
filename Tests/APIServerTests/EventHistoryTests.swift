import Testing

@testable import APIServer

@Suite struct EventHistoryTests {
    private struct Reference {
        weak var record: ObjectRecord?
    }

    @Test func `dropped events are freed`() {
        var history = EventHistory(limits: EventHistory.Limits(events: 100, bytes: 1 << 20), startingAt: 0)
        var references: [Reference] = []
        var alive: Int { references.count { $0.record != nil } }
        for revision in 1...500 as ClosedRange<Int64> {
            let record = ObjectRecord(draft: ObjectDraft(["metadata": [:]], fields: [:]), revision: revision)
            history.append(StorageEvent(kind: .created, record: record, previous: nil))
            references.append(Reference(record: record))
        }
        #expect(history.events(after: 400)?.count == 100)
        #expect(alive < 120)
        history.compact(through: 500)
        #expect(alive == 0)
        #expect(history.events(after: 500)?.isEmpty == true)
    }
}

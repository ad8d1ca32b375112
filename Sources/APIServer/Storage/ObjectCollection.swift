/// The objects of one resource, ordered by namespace and name, and their recent changes.
struct ObjectCollection: Sendable {
    private(set) var records: [ObjectRecord] = []
    private(set) var history: EventHistory
    /// The revision of the last change.
    private(set) var revision: Int64

    init(limits: EventHistory.Limits, startingAt revision: Int64) {
        history = EventHistory(limits: limits, startingAt: revision)
        self.revision = revision
    }

    func record(namespace: String, name: String) -> ObjectRecord? {
        let index = records.insertionIndex(namespace: namespace, name: name)
        guard index < records.count, records[index].namespace == namespace, records[index].name == name else {
            return nil
        }
        return records[index]
    }

    /// Inserts or replaces a record and adds the change to the history.
    mutating func put(_ record: ObjectRecord) {
        let index = records.insertionIndex(namespace: record.namespace, name: record.name)
        if let previous = self.record(namespace: record.namespace, name: record.name) {
            records[index] = record
            addToHistory(StorageEvent(kind: .modified, record: record, previous: previous))
        } else {
            records.insert(record, at: index)
            addToHistory(StorageEvent(kind: .created, record: record, previous: nil))
        }
    }

    /// Removes an object, if it exists; `last` is its final version.
    mutating func remove(_ last: ObjectRecord) {
        guard let previous = record(namespace: last.namespace, name: last.name) else { return }
        records.remove(at: records.insertionIndex(namespace: last.namespace, name: last.name))
        addToHistory(StorageEvent(kind: .deleted, record: last, previous: previous))
    }

    mutating func compact(through revision: Int64) {
        history.compact(through: revision)
    }

    private mutating func addToHistory(_ event: StorageEvent) {
        history.append(event)
        revision = event.revision
    }

    /// The records as of `revision`; nil if later changes were compacted.
    func records(at revision: Int64) -> [ObjectRecord]? {
        guard let since = history.events(after: revision) else { return nil }
        guard !since.isEmpty else { return records }
        var earlier: [RecordName: ObjectRecord?] = [:]
        for event in since {
            let name = RecordName(namespace: event.record.namespace, name: event.record.name)
            if earlier[name] == nil { earlier[name] = .some(event.previous) }
        }
        var result = records.filter { earlier[RecordName(namespace: $0.namespace, name: $0.name)] == nil }
        result.append(contentsOf: earlier.values.compactMap { $0 })
        result.sort { $0.precedes(namespace: $1.namespace, name: $1.name) }
        return result
    }

    private struct RecordName: Hashable {
        let namespace: String
        let name: String
    }
}

extension [ObjectRecord] {
    /// The index of the first record at or after the name.
    func insertionIndex(namespace: String, name: String) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if self[middle].precedes(namespace: namespace, name: name) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The records of one namespace.
    func slice(inNamespace namespace: String) -> ArraySlice<ObjectRecord> {
        let start = insertionIndex(namespace: namespace, name: "")
        // No valid namespace sorts between this one and the same text with a zero byte appended.
        let end = insertionIndex(namespace: namespace + "\u{0}", name: "")
        return self[start..<Swift.max(start, end)]
    }
}

/// A change in the history.
struct StorageEvent: Sendable {
    enum Kind: Sendable {
        case created, modified, deleted
    }

    let kind: Kind
    /// The new version; for a deletion, the last version with the revision of the deletion.
    let record: ObjectRecord
    /// The previous version; nil for a creation.
    let previous: ObjectRecord?

    var revision: Int64 { record.revision }
}

/// The recent changes of a collection, oldest first; older ones are compacted.
package struct EventHistory: Sendable {
    /// Both limits apply.
    package struct Limits: Sendable {
        package var events: Int
        package var bytes: Int

        package init(events: Int = 10_000, bytes: Int = 32 << 20) {
            self.events = events
            self.bytes = bytes
        }
    }

    private let limits: Limits
    private var events: [StorageEvent] = []
    /// The index of the oldest kept change in `events`.
    private var start = 0
    private var bytes = 0
    /// The revision up to which changes are compacted.
    private(set) var compactedRevision: Int64

    init(limits: Limits, startingAt revision: Int64) {
        self.limits = limits
        compactedRevision = revision
    }

    mutating func append(_ event: StorageEvent) {
        events.append(event)
        bytes += event.record.text.count
        while bytes > limits.bytes || events.count - start > limits.events { dropOldest() }
        free()
    }

    /// Drops all changes up to and including `revision`.
    mutating func compact(through revision: Int64) {
        while start < events.count, events[start].revision <= revision { dropOldest() }
        compactedRevision = max(compactedRevision, revision)
        free()
    }

    /// Frees dropped events. Moving the rest each time would be expensive, so up to an eighth may stay.
    private mutating func free() {
        guard start > events.count / 8 else { return }
        events.removeFirst(start)
        start = 0
    }

    private mutating func dropOldest() {
        guard start < events.count else { return }
        bytes -= events[start].record.text.count
        compactedRevision = events[start].revision
        start += 1
    }

    /// The changes after `revision`, oldest first; nil if some of them are compacted.
    func events(after revision: Int64) -> ArraySlice<StorageEvent>? {
        guard revision >= compactedRevision else { return nil }
        var low = start
        var high = events.count
        while low < high {
            let middle = low + (high - low) / 2
            if events[middle].revision <= revision { low = middle + 1 } else { high = middle }
        }
        return events[low...]
    }
}

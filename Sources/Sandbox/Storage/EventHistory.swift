/// A change as storage remembers it.
struct StorageEvent: Sendable {
    enum Kind: Sendable {
        case created, modified, deleted
    }

    let kind: Kind
    /// The new version; of a deletion, the last one, stamped with the deletion's revision.
    let record: ObjectRecord
    /// The version before; nil for a creation.
    let previous: ObjectRecord?

    var revision: Int64 { record.revision }
}

/// The latest changes of one collection, oldest first; older ones are compacted away.
struct EventHistory: Sendable {
    /// How much is kept; both bounds hold.
    struct Limits: Sendable {
        var events = 10_000
        var bytes = 32 << 20
    }

    private let limits: Limits
    private var events: [StorageEvent] = []
    /// The index in `events` of the oldest change that is still kept.
    private var start = 0
    private var bytes = 0
    /// The revision below which changes are no longer known.
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

    /// Forgets every change up to and including `revision`.
    mutating func compact(through revision: Int64) {
        while start < events.count, events[start].revision <= revision { dropOldest() }
        compactedRevision = max(compactedRevision, revision)
        free()
    }

    /// Gives back what was dropped. Moving the rest each time would cost too much, so an eighth may wait.
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

    /// The changes after `revision`, oldest first; nil when some of them were compacted away.
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

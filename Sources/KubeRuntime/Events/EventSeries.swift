import KubeClient

/// One event and its repetitions: a single object in the API, however often it happened.
struct EventSeries: Hashable, Sendable {
    /// What makes two occurrences the same event.
    struct Identity: Hashable, Sendable {
        let regarding: String
        let related: String?
        let type: ObjectEvent.EventType
        let reason: String
        let action: String
        let note: String

        init(_ event: ObjectEvent) {
            regarding = event.regarding.uid
            related = event.related?.uid
            type = event.type
            reason = event.reason
            action = event.action
            note = event.note
        }
    }

    let event: ObjectEvent
    /// Where the event is stored.
    private(set) var key: ObjectKey
    /// When it happened first.
    private(set) var eventTime: Timestamp
    private(set) var lastObservedTime: Timestamp
    /// How often it happened; never falls.
    private(set) var count = 1

    /// - Parameter stamp: makes the name one of its own.
    init(of event: ObjectEvent, at time: Timestamp, stamp: UInt64) {
        self.event = event
        key = Self.key(for: event, stamp)
        eventTime = time
        lastObservedTime = time
    }

    mutating func repeats(at time: Timestamp) {
        // Beyond what the API's 32 bits hold, more makes no difference.
        if count < Int32.max { count += 1 }
        lastObservedTime = max(time, lastObservedTime)
    }

    /// Begins anew, under another name, with the last occurrence.
    mutating func restart(stamp: UInt64) {
        key = Self.key(for: event, stamp)
        eventTime = lastObservedTime
        count = 1
    }

    /// An event lives beside its object; one about an object without a namespace lives in `default`.
    private static func key(for event: ObjectEvent, _ stamp: UInt64) -> ObjectKey {
        let object = event.regarding.key
        return ObjectKey(
            namespace: object.namespace.isEmpty ? "default" : object.namespace, name: name(object.name, stamp))
    }

    /// The object's name and a stamp, at most 253 characters together; a label of the name must not end in a dash.
    private static func name(_ object: String, _ stamp: UInt64) -> String {
        let suffix = "." + String(stamp, radix: 16)
        var name = object.prefix(253 - suffix.utf8.count)
        while let last = name.last, last == "-" || last == "." { name.removeLast() }
        return name + suffix
    }
}

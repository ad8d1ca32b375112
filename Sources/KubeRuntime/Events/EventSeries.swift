import KubeClient

/// One event and its repetitions, which are a single object in the API.
struct EventSeries: Hashable, Sendable {
    /// The fields that make two occurrences the same event.
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
    /// The event's namespace and name.
    private(set) var key: ObjectKey
    /// The time of the first occurrence.
    private(set) var eventTime: Timestamp
    private(set) var lastObservedTime: Timestamp
    /// The number of occurrences; never decreases.
    private(set) var count = 1

    /// - Parameter stamp: makes the name unique.
    init(of event: ObjectEvent, at time: Timestamp, stamp: UInt64) {
        self.event = event
        key = Self.key(for: event, stamp)
        eventTime = time
        lastObservedTime = time
    }

    mutating func repeats(at time: Timestamp) {
        // The API's field has 32 bits.
        if count < Int32.max { count += 1 }
        lastObservedTime = max(time, lastObservedTime)
    }

    /// Starts a new series with the last occurrence, under another name.
    mutating func restart(stamp: UInt64) {
        key = Self.key(for: event, stamp)
        eventTime = lastObservedTime
        count = 1
    }

    /// An event has its object's namespace, or `default` if the object has none.
    private static func key(for event: ObjectEvent, _ stamp: UInt64) -> ObjectKey {
        let object = event.regarding.key
        return ObjectKey(
            namespace: object.namespace.isEmpty ? "default" : object.namespace, name: name(object.name, stamp))
    }

    /// The object's name and a stamp, at most 253 characters; no label of the name may end in a dash.
    private static func name(_ object: String, _ stamp: UInt64) -> String {
        let suffix = "." + String(stamp, radix: 16)
        var name = object.prefix(253 - suffix.utf8.count)
        while let last = name.last, last == "-" || last == "." { name.removeLast() }
        return name + suffix
    }
}

extension EventSeries {
    static let resourceType = ResourceType(group: "events.k8s.io", version: "v1", plural: "events", kind: "Event")

    /// The whole object, for its creation.
    func manifest(from source: EventSource) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: 1024)
        writer.object { writer in
            writer.member("apiVersion", Self.resourceType.apiVersion)
            writer.member("kind", Self.resourceType.kind)
            writer.member("metadata") { writer in
                writer.member("name", key.name)
                writer.member("namespace", key.namespace)
            }
            writer.member("eventTime", eventTime.rfc3339Microseconds)
            writer.member("reportingController", source.controller)
            writer.member("reportingInstance", source.instance)
            writer.member("type", event.type.rawValue)
            writer.member("reason", event.reason)
            writer.member("action", event.action)
            writer.member("note", event.note)
            writer.reference("regarding", event.regarding)
            if let related = event.related { writer.reference("related", related) }
            // In the API a series has a count of at least 2.
            if count > 1 { writer.series(self) }
        }
        return writer.bytes
    }

    /// The merge patch that updates the count and the last time; the other fields are immutable.
    var patch: [UInt8] {
        var writer = JSONWriter(reservingCapacity: 128)
        writer.object { $0.series(self) }
        return writer.bytes
    }
}

extension JSONWriter {
    fileprivate mutating func series(_ series: EventSeries) {
        member("series") { writer in
            writer.key("count")
            writer.integer(Int64(series.count))
            writer.member("lastObservedTime", series.lastObservedTime.rfc3339Microseconds)
        }
    }

    fileprivate mutating func reference(_ name: String, _ object: ObjectReference) {
        member(name) { writer in
            writer.member("apiVersion", object.apiVersion)
            writer.member("kind", object.kind)
            if !object.key.namespace.isEmpty { writer.member("namespace", object.key.namespace) }
            writer.member("name", object.key.name)
            writer.member("uid", object.uid)
            if let version = object.resourceVersion { writer.member("resourceVersion", version.text) }
        }
    }
}

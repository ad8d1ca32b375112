import KubeClient

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
            // The API knows no series of one.
            if count > 1 { writer.series(self) }
        }
        return writer.bytes
    }

    /// The merge patch that brings the object's count and last time up to date; everything else in it is immutable.
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

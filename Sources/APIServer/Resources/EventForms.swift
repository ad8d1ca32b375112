import KubeClient

/// The two forms of events: stored as `v1`, also served as `events.k8s.io/v1` with other field names.
enum EventForms {
    /// The names of the same field in `events.k8s.io/v1` and `v1`.
    private static let names: [(events: String, core: String)] = [
        ("regarding", "involvedObject"), ("note", "message"), ("reportingController", "reportingComponent"),
        ("deprecatedSource", "source"), ("deprecatedFirstTimestamp", "firstTimestamp"),
        ("deprecatedLastTimestamp", "lastTimestamp"), ("deprecatedCount", "count"),
    ]

    static let stored = StoredForm(
        resource: GroupResource(group: "", resource: "events"), apiVersion: "v1", fields: coreFields,
        toStored: { event in rename(event) { name in names.first { $0.events == name }?.core } },
        fromStored: { event in rename(event) { name in names.first { $0.core == name }?.events } })

    private static let objectFields = [
        "kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath",
    ]

    static let coreFields =
        objectFields.map { SelectableField("involvedObject.\($0)") } + [
            SelectableField("reason"), SelectableField("type"), SelectableField("reportingComponent"),
            SelectableField("source", storedAs: "source.component"),
        ]

    static let eventsGroupFields =
        objectFields.map { SelectableField("regarding.\($0)", storedAs: "involvedObject.\($0)") } + [
            SelectableField("reason"), SelectableField("type"),
            SelectableField("reportingController", storedAs: "reportingComponent"),
        ]

    private static func rename(_ event: JSONValue, _ newName: (String) -> String?) -> JSONValue {
        var result = JSONObject()
        for member in event.objectValue ?? JSONObject() {
            result[newName(member.key) ?? member.key] = member.value
        }
        return .object(result)
    }
}

/// The columns of events.
enum EventColumns {
    static let core = columns(
        object: "involvedObject", message: "message", count: "count", first: "firstTimestamp", last: "lastTimestamp",
        source: "source")

    static let eventsGroup = columns(
        object: "regarding", message: "note", count: "deprecatedCount", first: "deprecatedFirstTimestamp",
        last: "deprecatedLastTimestamp", source: "deprecatedSource")

    private static func columns(
        object: String, message: String, count: String, first: String, last: String, source: String
    ) -> [TableColumn] {
        [
            TableColumn("Last Seen", description: "The time since the event was last observed.") { event, now in
                HumanDuration.cell(
                    time(event["series"]?["lastObservedTime"]) ?? time(event[last]) ?? time(event["eventTime"]), now)
            },
            .field("Type", ["type"]),
            .field("Reason", ["reason"]),
            TableColumn("Object", description: "The object the event is about.") { event, _ in
                let kind = event[object]?["kind"]?.stringValue ?? ""
                return .string("\(kind.lowercased())/\(event[object]?["name"]?.stringValue ?? "")")
            },
            .field("Subobject", [object, "fieldPath"], priority: 1),
            TableColumn("Source", description: "The reporting component.", priority: 1) { event, _ in
                event[source]?["component"] ?? event["reportingController"] ?? event["reportingComponent"] ?? ""
            },
            .field("Message", [message]),
            TableColumn("First Seen", description: "The time since the event was first observed.", priority: 1) {
                HumanDuration.cell(time($0[first]) ?? time($0["eventTime"]), $1)
            },
            TableColumn("Count", type: "integer", description: "The number of occurrences.", priority: 1) { event, _ in
                event["series"]?["count"] ?? event[count] ?? 1
            },
            TableColumn("Name", format: "name", description: "The name of the event.", priority: 1) { event, _ in
                event["metadata"]?["name"] ?? ""
            },
        ]
    }

    private static func time(_ value: JSONValue?) -> JSONValue? {
        value?.stringValue == nil ? nil : value
    }
}

import KubeClient

/// The two forms of an event: `v1` keeps it, `events.k8s.io/v1` shows the same object under other names.
enum EventForms {
    /// Names of `events.k8s.io/v1` and of `v1` for the same field.
    private static let names: [(own: String, core: String)] = [
        ("regarding", "involvedObject"), ("note", "message"), ("reportingController", "reportingComponent"),
        ("deprecatedSource", "source"), ("deprecatedFirstTimestamp", "firstTimestamp"),
        ("deprecatedLastTimestamp", "lastTimestamp"), ("deprecatedCount", "count"),
    ]

    static let stored = StoredForm(
        resource: GroupResource(group: "", resource: "events"), apiVersion: "v1", fields: coreFields,
        toStored: { event in rename(event) { name in names.first { $0.own == name }?.core } },
        fromStored: { event in rename(event) { name in names.first { $0.core == name }?.own } })

    private static let objectFields = [
        "kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath",
    ]

    static let coreFields =
        objectFields.map { SelectableField("involvedObject.\($0)") } + [
            SelectableField("reason"), SelectableField("type"), SelectableField("reportingComponent"),
            SelectableField("source", storedAs: "source.component"),
        ]

    static let ownGroupFields =
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

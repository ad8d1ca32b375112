import KubeClient

extension CustomResourceDefinition {
    /// Sets the names and the conversion that a definition may leave out.
    static func fillIn(_ object: inout JSONValue) {
        let kind = object["spec"]?["names"]?["kind"]?.stringValue ?? ""
        if object["spec"]?["names"]?["singular"] == nil {
            object[path: ["spec", "names", "singular"]] = .string(kind.lowercased())
        }
        if object["spec"]?["names"]?["listKind"] == nil {
            object[path: ["spec", "names", "listKind"]] = .string(kind + "List")
        }
        if object["spec"]?["conversion"] == nil {
            object[path: ["spec", "conversion"]] = ["strategy": "None"]
        }
    }

    /// Gives a new definition the status of one that is served.
    static func establish(_ object: inout JSONValue, at time: JSONValue) {
        func condition(_ type: String, _ reason: String, _ message: String) -> JSONValue {
            [
                "type": .string(type), "status": "True", "lastTransitionTime": time, "reason": .string(reason),
                "message": .string(message),
            ]
        }
        object["status"] = [
            "conditions": [
                condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
            ],
            "acceptedNames": object["spec"]?["names"] ?? [:],
            "storedVersions": .array(storageVersions(object)),
        ]
    }

    /// Keeps the accepted names and the versions in which objects may be stored current.
    static func updateStatus(_ new: inout JSONValue, _ old: JSONValue) {
        new["status"] = old["status"]
        guard new["spec"] != old["spec"] else { return }
        new[path: ["status", "acceptedNames"]] = new["spec"]?["names"]
        var stored = old["status"]?["storedVersions"]?.arrayValue ?? []
        for version in storageVersions(new) where !stored.contains(version) { stored.append(version) }
        new[path: ["status", "storedVersions"]] = .array(stored)
    }

    private static func storageVersions(_ object: JSONValue) -> [JSONValue] {
        (object["spec"]?["versions"]?.arrayValue ?? []).filter { $0["storage"] == true }.compactMap { $0["name"] }
    }
}

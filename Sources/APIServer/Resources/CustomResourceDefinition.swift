import KubeClient

/// A validated CustomResourceDefinition.
struct CustomResourceDefinition: Sendable {
    static let resource = GroupVersionResource(
        group: "apiextensions.k8s.io", version: "v1", resource: "customresourcedefinitions")
    /// Keeps a definition until its objects are deleted.
    static let cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io"

    /// The resource of definitions themselves.
    static let served = ServedResource(
        resource,
        names: ResourceNames(
            plural: "customresourcedefinitions", kind: "CustomResourceDefinition", shortNames: ["crd", "crds"],
            categories: ["api-extensions"]),
        isNamespaced: false, hasStatusSubresource: true,
        schema: ObjectSchema(BuiltInSchemas.customResourceDefinition),
        columns: [
            .name,
            TableColumn("Created At", type: "date", description: "When the definition was created.") { object, _ in
                object["metadata"]?["creationTimestamp"] ?? ""
            },
        ], strategy: .customResourceDefinition)

    let name: String
    let group: String
    let names: ResourceNames
    let isNamespaced: Bool
    let versions: [Version]

    /// A version of the custom resource.
    struct Version: Sendable {
        let name: String
        let isServed: Bool
        let isStored: Bool
        let schema: ObjectSchema?
        let columns: [TableColumn]
        let hasStatusSubresource: Bool
        let selectableFields: [SelectableField]
        let deprecationWarning: String?
    }

    var storedVersion: String { versions.first { $0.isStored }?.name ?? "" }

    /// The resources of the definition, one per served version.
    func servedResources() -> [ServedResource] {
        var fields: [SelectableField] = []
        for field in versions.flatMap(\.selectableFields) where !fields.contains(field) { fields.append(field) }
        let stored = StoredForm(
            resource: GroupResource(group: group, resource: names.plural), apiVersion: "\(group)/\(storedVersion)",
            fields: fields)
        var strategy = ResourceStrategy()
        strategy.hasGeneration = true
        strategy.allowsUnconditionalUpdate = false
        strategy.allowsStrategicMerge = false
        return versions.filter(\.isServed).map { version in
            ServedResource(
                GroupVersionResource(group: group, version: version.name, resource: names.plural), names: names,
                isNamespaced: isNamespaced, hasStatusSubresource: version.hasStatusSubresource, stored: stored,
                schema: version.schema, columns: version.columns, selectableFields: version.selectableFields,
                strategy: strategy, definition: name, deprecationWarning: version.deprecationWarning)
        }
    }
}

extension ResourceStrategy {
    static let customResourceDefinition: ResourceStrategy = {
        var strategy = ResourceStrategy()
        strategy.hasGeneration = true
        strategy.allowsUnconditionalUpdate = false
        strategy.prepareForCreation = { object in
            CustomResourceDefinition.fillIn(&object)
            object[path: ["metadata", "finalizers"]] = [.string(CustomResourceDefinition.cleanupFinalizer)]
            CustomResourceDefinition.establish(&object, at: object["metadata"]?["creationTimestamp"] ?? .null)
        }
        strategy.prepareForUpdate = { new, old in
            CustomResourceDefinition.fillIn(&new)
            CustomResourceDefinition.updateStatus(&new, old)
        }
        strategy.validate = { new, old in
            let definition: CustomResourceDefinition
            do throws(CustomResourceDefinition.Invalid) {
                definition = try CustomResourceDefinition(new)
            } catch {
                return error.causes
            }
            let causes = definition.costErrors(new, replacing: old)
            guard let old else { return causes }
            return causes
                + ["group", "scope"].filter { new["spec"]?[$0] != old["spec"]?[$0] }.map { field in
                    .invalid("spec.\(field)", new["spec"]?[field] ?? .null, "field is immutable")
                }
        }
        return strategy
    }()
}

extension CustomResourceDefinition {
    /// Sets optional names and the conversion strategy.
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

    /// Sets the status of a new definition: accepted and established.
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

    /// Updates the accepted names and the stored versions.
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

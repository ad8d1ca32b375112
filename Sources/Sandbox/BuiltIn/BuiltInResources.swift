import KubeClient

/// The resources that every sandbox serves, whatever is loaded into it.
enum BuiltInResources {
    static let all: [ServedResource] =
        [
            namespaces, configMaps, secrets, serviceAccounts, pods, services, events, eventsInOwnGroup, leases,
            CustomResourceDefinition.served,
        ] + InstallationResources.all

    static let namespaces = core(
        ResourceNames(plural: "namespaces", kind: "Namespace", shortNames: ["ns"]), isNamespaced: false,
        hasStatusSubresource: true, schema: BuiltInSchemas.namespace,
        columns: [.name, .field("Status", ["status", "phase"]), .age],
        selectableFields: [SelectableField("status.phase")], strategy: .namespace)

    static let configMaps = core(
        ResourceNames(plural: "configmaps", kind: "ConfigMap", shortNames: ["cm"]),
        schema: BuiltInSchemas.configMap,
        columns: [.name, .count("Data", of: ["data", "binaryData"]), .age], strategy: .configMap)

    static let secrets = core(
        ResourceNames(plural: "secrets", kind: "Secret"), schema: BuiltInSchemas.secret,
        columns: [.name, .field("Type", ["type"]), .count("Data", of: ["data"]), .age],
        selectableFields: [SelectableField("type")], strategy: .secret)

    static let serviceAccounts = core(
        ResourceNames(plural: "serviceaccounts", kind: "ServiceAccount", shortNames: ["sa"]),
        schema: BuiltInSchemas.serviceAccount, columns: [.name, .count("Secrets", of: ["secrets"]), .age])

    static let pods = core(
        ResourceNames(plural: "pods", kind: "Pod", shortNames: ["po"], categories: ["all"]),
        hasStatusSubresource: true, schema: BuiltInSchemas.pod, columns: PodColumns.all,
        selectableFields: ["status.phase", "spec.nodeName", "spec.serviceAccountName"].map { SelectableField($0) },
        strategy: .pod)

    static let services = core(
        ResourceNames(plural: "services", kind: "Service", shortNames: ["svc"], categories: ["all"]),
        hasStatusSubresource: true, schema: BuiltInSchemas.service,
        columns: [.name, .field("Type", ["spec", "type"]), .field("Cluster-IP", ["spec", "clusterIP"]), .age])

    static let events = core(
        ResourceNames(plural: "events", kind: "Event", shortNames: ["ev"]), schema: BuiltInSchemas.event,
        columns: EventColumns.core, selectableFields: EventForms.coreFields)

    static let eventsInOwnGroup = ServedResource(
        GroupVersionResource(group: "events.k8s.io", version: "v1", resource: "events"),
        names: ResourceNames(plural: "events", kind: "Event", shortNames: ["ev"]), isNamespaced: true,
        stored: EventForms.stored, schema: ObjectSchema(BuiltInSchemas.eventInOwnGroup),
        columns: EventColumns.ownGroup, selectableFields: EventForms.ownGroupFields)

    static let leases = ServedResource(
        GroupVersionResource(group: "coordination.k8s.io", version: "v1", resource: "leases"),
        names: ResourceNames(plural: "leases", kind: "Lease"), isNamespaced: true,
        schema: ObjectSchema(BuiltInSchemas.lease),
        columns: [.name, .field("Holder", ["spec", "holderIdentity"]), .age], strategy: .lease)

    private static func core(
        _ names: ResourceNames, isNamespaced: Bool = true, hasStatusSubresource: Bool = false, schema: JSONValue,
        columns: [TableColumn], selectableFields: [SelectableField] = [],
        strategy: ResourceStrategy = ResourceStrategy()
    ) -> ServedResource {
        ServedResource(
            GroupVersionResource(group: "", version: "v1", resource: names.plural), names: names,
            isNamespaced: isNamespaced, hasStatusSubresource: hasStatusSubresource, schema: ObjectSchema(schema),
            columns: columns, selectableFields: selectableFields, strategy: strategy)
    }
}

extension TableColumn {
    /// A column that counts the members of maps or lists.
    static func count(_ name: String, of fields: [String]) -> TableColumn {
        TableColumn(name, type: "integer") { object, _ in
            let counts = fields.map { field in
                object[field]?.objectValue?.count ?? object[field]?.arrayValue?.count ?? 0
            }
            return .integer(Int64(counts.reduce(0, +)))
        }
    }
}

import KubeClient

/// The resources that every sandbox serves.
enum BuiltInResources {
    static let all: [ServedResource] =
        [
            namespaces, configMaps, secrets, serviceAccounts, persistentVolumeClaims, pods, services, events,
            eventsInEventsGroup, leases, CustomResourceDefinition.served,
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

    static let persistentVolumeClaims = core(
        ResourceNames(plural: "persistentvolumeclaims", kind: "PersistentVolumeClaim", shortNames: ["pvc"]),
        hasStatusSubresource: true, schema: BuiltInSchemas.persistentVolumeClaim,
        columns: [
            .name, .field("Status", ["status", "phase"]), .field("Volume", ["spec", "volumeName"]),
            .field("Capacity", ["status", "capacity", "storage"]),
            TableColumn("Access Modes", description: "How the volume can be mounted.") { claim, _ in
                let modes = claim[path: ["status", "accessModes"]]?.arrayValue ?? []
                return .string(
                    modes.compactMap { $0.stringValue.flatMap { ClaimRules.modes[$0] } }.joined(separator: ","))
            },
            .field("StorageClass", ["spec", "storageClassName"]), .age,
        ], strategy: .persistentVolumeClaim)

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

    static let eventsInEventsGroup = ServedResource(
        GroupVersionResource(group: "events.k8s.io", version: "v1", resource: "events"),
        names: ResourceNames(plural: "events", kind: "Event", shortNames: ["ev"]), isNamespaced: true,
        stored: EventForms.stored, schema: ObjectSchema(BuiltInSchemas.eventInEventsGroup),
        columns: EventColumns.eventsGroup, selectableFields: EventForms.eventsGroupFields)

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

/// The built-in resources that operators are installed with.
///
/// They are stored and validated but have no effect: no pods are created, and no access or traffic is restricted.
enum InstallationResources {
    static let all: [ServedResource] = [
        deployments, disruptionBudgets, networkPolicies, roles, roleBindings, clusterRoles, clusterRoleBindings,
        priorityClasses, admissionPolicies, admissionPolicyBindings,
    ]

    static let deployments = resource(
        "apps", ResourceNames(plural: "deployments", kind: "Deployment", shortNames: ["deploy"], categories: ["all"]),
        hasStatusSubresource: true, schema: InstallationSchemas.deployment,
        columns: [
            .name,
            TableColumn("Ready", description: "Ready pods out of desired pods.") { object, _ in
                let ready = object[path: ["status", "readyReplicas"]]?.integerValue ?? 0
                return .string("\(ready)/\(object[path: ["spec", "replicas"]]?.integerValue ?? 1)")
            },
            .number("Up-to-date", ["status", "updatedReplicas"]),
            .number("Available", ["status", "availableReplicas"]), .age,
        ], strategy: .deployment)

    static let disruptionBudgets = resource(
        "policy", ResourceNames(plural: "poddisruptionbudgets", kind: "PodDisruptionBudget", shortNames: ["pdb"]),
        hasStatusSubresource: true, schema: InstallationSchemas.disruptionBudget,
        columns: [
            .name, .optional("Min Available", ["spec", "minAvailable"]),
            .optional("Max Unavailable", ["spec", "maxUnavailable"]),
            .number("Allowed Disruptions", ["status", "disruptionsAllowed"]), .age,
        ], strategy: .counted)

    static let networkPolicies = resource(
        "networking.k8s.io",
        ResourceNames(plural: "networkpolicies", kind: "NetworkPolicy", shortNames: ["netpol"]),
        schema: InstallationSchemas.networkPolicy,
        columns: [
            .name,
            TableColumn("Pod-Selector", description: "The labels of the selected pods.") { object, _ in
                let labels = object[path: ["spec", "podSelector", "matchLabels"]]?.objectValue ?? JSONObject()
                let pairs = labels.map { "\($0.key)=\($0.value.stringValue ?? "")" }
                return .string(pairs.isEmpty ? "<none>" : pairs.sorted().joined(separator: ","))
            }, .age,
        ], strategy: .counted)

    static let roles = rbac("roles", "Role", isNamespaced: true, schema: InstallationSchemas.role, [])
    static let clusterRoles = rbac(
        "clusterroles", "ClusterRole", isNamespaced: false, schema: InstallationSchemas.clusterRole, [])
    static let roleBindings = rbac(
        "rolebindings", "RoleBinding", isNamespaced: true, schema: InstallationSchemas.roleBinding, [boundRole])
    static let clusterRoleBindings = rbac(
        "clusterrolebindings", "ClusterRoleBinding", isNamespaced: false, schema: InstallationSchemas.roleBinding,
        [boundRole])

    static let priorityClasses = resource(
        "scheduling.k8s.io", ResourceNames(plural: "priorityclasses", kind: "PriorityClass", shortNames: ["pc"]),
        isNamespaced: false, schema: InstallationSchemas.priorityClass,
        columns: [.name, .number("Value", ["value"]), .field("Global-Default", ["globalDefault"]), .age])

    static let admissionPolicies = resource(
        "admissionregistration.k8s.io",
        ResourceNames(plural: "validatingadmissionpolicies", kind: "ValidatingAdmissionPolicy"), isNamespaced: false,
        hasStatusSubresource: true, schema: InstallationSchemas.admissionPolicy,
        columns: [
            .name,
            TableColumn("Validations", type: "integer") { object, _ in
                .integer(Int64(object[path: ["spec", "validations"]]?.arrayValue?.count ?? 0))
            }, .optional("ParamKind", ["spec", "paramKind", "kind"]), .age,
        ], strategy: .counted)

    static let admissionPolicyBindings = resource(
        "admissionregistration.k8s.io",
        ResourceNames(plural: "validatingadmissionpolicybindings", kind: "ValidatingAdmissionPolicyBinding"),
        isNamespaced: false, schema: InstallationSchemas.admissionPolicyBinding,
        columns: [
            .name, .field("PolicyName", ["spec", "policyName"]), .optional("ParamRef", ["spec", "paramRef", "name"]),
            .age,
        ], strategy: .counted)

    private static let boundRole = TableColumn("Role", description: "The bound role.") { object, _ in
        .string(
            "\(object[path: ["roleRef", "kind"]]?.stringValue ?? "")/"
                + (object[path: ["roleRef", "name"]]?.stringValue ?? ""))
    }

    private static func rbac(
        _ plural: String, _ kind: String, isNamespaced: Bool, schema: JSONValue, _ columns: [TableColumn]
    ) -> ServedResource {
        resource(
            "rbac.authorization.k8s.io", ResourceNames(plural: plural, kind: kind), isNamespaced: isNamespaced,
            schema: schema, columns: [.name] + columns + [.age], strategy: .rbac)
    }

    private static func resource(
        _ group: String, _ names: ResourceNames, isNamespaced: Bool = true, hasStatusSubresource: Bool = false,
        schema: JSONValue, columns: [TableColumn], strategy: ResourceStrategy = ResourceStrategy()
    ) -> ServedResource {
        ServedResource(
            GroupVersionResource(group: group, version: "v1", resource: names.plural), names: names,
            isNamespaced: isNamespaced, hasStatusSubresource: hasStatusSubresource, schema: ObjectSchema(schema),
            columns: columns, strategy: strategy)
    }
}

extension TableColumn {
    /// A column that shows a number; 0 if absent.
    fileprivate static func number(_ name: String, _ path: [String]) -> TableColumn {
        TableColumn(name, type: "integer") { object, _ in object[path: path] ?? 0 }
    }

    /// A column that shows a field; `N/A` if absent.
    fileprivate static func optional(_ name: String, _ path: [String]) -> TableColumn {
        TableColumn(name) { object, _ in object[path: path] ?? "N/A" }
    }
}

/// The columns of pods.
enum PodColumns {
    static let all: [TableColumn] = [
        .name,
        TableColumn("Ready", description: "Ready containers out of all containers.") { pod, _ in
            let ready = statuses(pod).filter { $0["ready"] == true }.count
            return .string("\(ready)/\(pod["spec"]?["containers"]?.arrayValue?.count ?? 0)")
        },
        TableColumn("Status", description: "The state of the pod.") { pod, _ in
            .string(status(pod))
        },
        TableColumn("Restarts", description: "Restarts of all containers.") { pod, _ in
            .string(String(statuses(pod).reduce(0) { $0 &+ ($1["restartCount"]?.integerValue ?? 0) }))
        },
        .age,
        wide("IP", ["status", "podIP"]),
        wide("Node", ["spec", "nodeName"]),
        wide("Nominated Node", ["status", "nominatedNodeName"]),
        TableColumn("Readiness Gates", priority: 1) { _, _ in "<none>" },
    ]

    private static func wide(_ name: String, _ path: [String]) -> TableColumn {
        TableColumn(name, priority: 1) { pod, _ in pod[path: path] ?? "<none>" }
    }

    private static func statuses(_ pod: JSONValue) -> [JSONValue] {
        pod["status"]?["containerStatuses"]?.arrayValue ?? []
    }

    /// The phase, unless a container state or a deletion is more specific.
    private static func status(_ pod: JSONValue) -> String {
        if pod["metadata"]?["deletionTimestamp"] != nil { return "Terminating" }
        var text = pod["status"]?["reason"]?.stringValue ?? pod["status"]?["phase"]?.stringValue ?? "Unknown"
        for status in statuses(pod).reversed() {
            if let reason = status["state"]?["waiting"]?["reason"]?.stringValue {
                text = reason
            } else if let terminated = status["state"]?["terminated"] {
                let code = terminated["exitCode"]?.integerValue ?? 0
                text = terminated["reason"]?.stringValue ?? "ExitCode:\(code)"
            }
        }
        return text
    }
}

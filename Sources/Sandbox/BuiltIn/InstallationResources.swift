import KubeClient

/// The built-in resources that the manifests of an operator consist of, beside the everyday ones.
///
/// They are kept and checked as far as their schemas go, and nothing acts on them: no pod is made, nobody's rights or
/// connections are restricted.
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
            TableColumn("Ready", description: "How many of the wanted pods are ready.") { object, _ in
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
            TableColumn("Pod-Selector", description: "The labels of the pods it is about.") { object, _ in
                let labels = object[path: ["spec", "podSelector", "matchLabels"]]?.objectValue ?? JSONObject()
                let pairs = labels.map { "\($0.key)=\($0.value.stringValue ?? "")" }
                return .string(pairs.isEmpty ? "<none>" : pairs.sorted().joined(separator: ","))
            }, .age,
        ], strategy: .counted)

    static let roles = rights("roles", "Role", isNamespaced: true, schema: InstallationSchemas.role, [])
    static let clusterRoles = rights(
        "clusterroles", "ClusterRole", isNamespaced: false, schema: InstallationSchemas.clusterRole, [])
    static let roleBindings = rights(
        "rolebindings", "RoleBinding", isNamespaced: true, schema: InstallationSchemas.roleBinding, [boundRole])
    static let clusterRoleBindings = rights(
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

    private static let boundRole = TableColumn("Role", description: "The role that is bound.") { object, _ in
        .string(
            "\(object[path: ["roleRef", "kind"]]?.stringValue ?? "")/"
                + (object[path: ["roleRef", "name"]]?.stringValue ?? ""))
    }

    private static func rights(
        _ plural: String, _ kind: String, isNamespaced: Bool, schema: JSONValue, _ columns: [TableColumn]
    ) -> ServedResource {
        resource(
            "rbac.authorization.k8s.io", ResourceNames(plural: plural, kind: kind), isNamespaced: isNamespaced,
            schema: schema, columns: [.name] + columns + [.age], strategy: .rights)
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
    /// A column that shows a number; an absent one is 0.
    fileprivate static func number(_ name: String, _ path: [String]) -> TableColumn {
        TableColumn(name, type: "integer") { object, _ in object[path: path] ?? 0 }
    }

    /// A column that says so when the object has none.
    fileprivate static func optional(_ name: String, _ path: [String]) -> TableColumn {
        TableColumn(name) { object, _ in object[path: path] ?? "N/A" }
    }
}

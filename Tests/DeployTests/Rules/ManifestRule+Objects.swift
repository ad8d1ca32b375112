import KubeClient

extension ManifestRule {
    /// The kinds that belong to no namespace.
    private static let clusterScoped: Set<String> = [
        "Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "PriorityClass",
        "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
    ]

    static let objectRules: [ManifestRule] = [
        ManifestRule("every object says what it belongs to") { installation in
            installation.objects.filter { object in
                object.labels["app.kubernetes.io/name"] != "towline"
                    || object.labels["app.kubernetes.io/part-of"] != "towline"
                    || object.labels["app.kubernetes.io/version"] == nil
            }.map(\.identity)
        },
        ManifestRule("every object of a namespace says which, and it is not the default one") { installation in
            installation.objects.filter { object in
                clusterScoped.contains(object.kind)
                    ? object.namespace != nil : object.namespace == nil || object.namespace == "default"
            }.map(\.identity)
        },
        ManifestRule("every object is there once") { installation in
            let counts = Dictionary(installation.objects.map { ($0.identity, 1) }, uniquingKeysWith: +)
            return counts.filter { $0.value > 1 }.keys.sorted()
        },
        ManifestRule("no secret is part of it") { $0.objects(of: "Secret").map(\.identity) },
        ManifestRule("the pods' namespace takes restricted pods only") { installation in
            installation.podTemplates.filter { owner, _ in
                !installation.objects(of: "Namespace").contains { namespace in
                    namespace.name == owner.namespace
                        && ["enforce", "audit", "warn"].allSatisfy {
                            namespace.labels["pod-security.kubernetes.io/\($0)"] == "restricted"
                        }
                }
            }.map(\.owner.identity)
        },
        ManifestRule("a deployment selects the pods it makes") { installation in
            installation.podTemplates.filter { owner, template in
                !(owner[path: ["spec", "selector"]] ?? [:]).selects(template.labels)
            }.map(\.owner.identity)
        },
        ManifestRule("the definition of executions comes with it, and an operator") { installation in
            installation.objects(of: "CustomResourceDefinition").isEmpty || installation.podTemplates.isEmpty
                ? ["the definition or the operator is missing"] : []
        },
    ]
}

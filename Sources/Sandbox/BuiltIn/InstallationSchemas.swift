import KubeClient

/// The shapes of the kinds that an operator is installed with, as far as the sandbox looks at them.
enum InstallationSchemas {
    static let deployment = BuiltInSchemas.object(
        "Pods of one kind; the sandbox keeps deployments and makes no pods.",
        [
            ("spec", BuiltInSchemas.open("Which pods, and how many.")),
            ("status", BuiltInSchemas.open("How many there are.")),
        ])

    static let disruptionBudget = BuiltInSchemas.object(
        "How many pods may be missing.",
        [
            (
                "spec",
                BuiltInSchemas.fields(
                    "Which pods, and how many.",
                    [
                        ("minAvailable", countOrShare), ("maxUnavailable", countOrShare),
                        ("selector", BuiltInSchemas.open("The labels of the pods.")),
                        ("unhealthyPodEvictionPolicy", BuiltInSchemas.text("Whether pods that are not ready count.")),
                    ])
            ),
            ("status", BuiltInSchemas.open("How many may go at the moment.")),
        ])

    static let networkPolicy = BuiltInSchemas.object(
        "Who may speak with pods; the sandbox keeps policies and restricts nobody.",
        [
            (
                "spec",
                BuiltInSchemas.fields(
                    "Which pods, and with whom.",
                    [
                        ("podSelector", BuiltInSchemas.open("The labels of the pods.")),
                        ("policyTypes", BuiltInSchemas.list("Ingress, Egress or both.", of: BuiltInSchemas.text(""))),
                        ("ingress", BuiltInSchemas.list("Who may reach them.", of: BuiltInSchemas.open(""))),
                        ("egress", BuiltInSchemas.list("Whom they may reach.", of: BuiltInSchemas.open(""))),
                    ])
            )
        ])

    static let role = BuiltInSchemas.object("Rights in a namespace; the sandbox grants them all.", [("rules", rules)])

    static let clusterRole = BuiltInSchemas.object(
        "Rights everywhere; the sandbox grants them all.",
        [("rules", rules), ("aggregationRule", BuiltInSchemas.open("The roles whose rights it takes over."))])

    static let roleBinding = BuiltInSchemas.object(
        "Who has the rights of a role.",
        [
            (
                "roleRef",
                BuiltInSchemas.fields(
                    "The role.", ["apiGroup", "kind", "name"].map { ($0, BuiltInSchemas.text("")) })
            ),
            (
                "subjects",
                BuiltInSchemas.list(
                    "Who has them.",
                    of: BuiltInSchemas.fields(
                        "", ["apiGroup", "kind", "name", "namespace"].map { ($0, BuiltInSchemas.text("")) }))
            ),
        ])

    static let priorityClass = BuiltInSchemas.object(
        "How important pods are.",
        [
            ("value", BuiltInSchemas.number("The higher, the more important.")),
            ("globalDefault", BuiltInSchemas.flag("Whether it is that of pods that name none.")),
            ("description", BuiltInSchemas.text("What it is for.")),
            ("preemptionPolicy", BuiltInSchemas.text("Whether others make room.")),
        ])

    static let admissionPolicy = BuiltInSchemas.object(
        "Rules about what may be written; the sandbox keeps them and lets everything pass.",
        [
            ("spec", BuiltInSchemas.open("The rules, and what they are about.")),
            ("status", BuiltInSchemas.open("What is known of the rules.")),
        ])

    static let admissionPolicyBinding = BuiltInSchemas.object(
        "Where a policy applies, and what follows from a breach.",
        [("spec", BuiltInSchemas.open("The policy, and where it applies."))])

    private static let countOrShare: JSONValue = [
        "x-kubernetes-int-or-string": true, "description": "A number of pods, or a share in percent.",
    ]

    private static let rules = BuiltInSchemas.list(
        "What may be done with what.",
        of: BuiltInSchemas.fields(
            "",
            ["apiGroups", "resources", "resourceNames", "verbs", "nonResourceURLs"].map { name in
                (name, BuiltInSchemas.list("", of: BuiltInSchemas.text("")))
            }))
}

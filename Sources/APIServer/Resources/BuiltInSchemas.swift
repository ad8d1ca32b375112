import KubeClient

/// The shapes of the built-in kinds, as far as the sandbox looks at them.
enum BuiltInSchemas {
    static let namespace = object(
        "A namespace: a scope for names, and what is deleted together.",
        [
            ("spec", open("Finalizers that hold the namespace.")),
            ("status", open("The phase of the namespace.")),
        ])

    static let configMap = object(
        "Configuration as a map of texts.",
        [
            ("data", map("Texts by key.", of: text(""))),
            ("binaryData", map("Base64-encoded bytes by key.", of: text("", format: "byte"))),
            ("immutable", flag("When true, the data can never change.")),
        ])

    static let secret = object(
        "Confidential data as a map.",
        [
            ("data", map("Base64-encoded bytes by key.", of: text("", format: "byte"))),
            ("stringData", map("Plain texts by key; write-only, they are moved to data.", of: text(""))),
            ("type", text("The kind of secret; Opaque when absent.")),
            ("immutable", flag("When true, the data can never change.")),
        ])

    static let serviceAccount = object(
        "An identity for processes in pods.",
        [
            ("secrets", list("Secrets that pods of this account may use.", of: open(""))),
            ("imagePullSecrets", list("Secrets for pulling images.", of: open(""))),
            ("automountServiceAccountToken", flag("Whether pods get a token mounted.")),
        ])

    static let lease = object(
        "A claim that expires, such as leadership.",
        [
            (
                "spec",
                fields(
                    "The claim.",
                    [
                        ("holderIdentity", text("Who holds the lease.")),
                        ("leaseDurationSeconds", number("How long a claim lasts without renewal.")),
                        ("acquireTime", text("When the present holder got it.", format: "date-time")),
                        ("renewTime", text("When it was last renewed.", format: "date-time")),
                        ("leaseTransitions", number("How often the holder changed.")),
                        ("strategy", text("How a holder is chosen.")),
                        ("preferredHolder", text("Who should take over.")),
                    ])
            )
        ])

    static let pod = object(
        "Containers that run together; the sandbox keeps pods and runs nothing.",
        [
            ("spec", open("What to run.")),
            ("status", open("What is known of the run.")),
        ])

    static let service = object(
        "A name for a set of pods; the sandbox keeps services and routes nothing.",
        [
            ("spec", open("Which pods, under which ports.")),
            ("status", open("What is known of the service.")),
        ])

    static let event = object(
        "Something that happened to an object.",
        [
            ("involvedObject", reference("The object the event is about.")),
            ("message", text("What happened, for people.")),
            ("source", open("Who tells.")),
            ("firstTimestamp", nullable(text("When it was first seen.", format: "date-time"))),
            ("lastTimestamp", nullable(text("When it was last seen.", format: "date-time"))),
            ("count", number("How often it was seen.")),
            ("reportingComponent", text("The controller that tells.")),
        ] + eventFields)

    static let eventInOwnGroup = object(
        "Something that happened to an object.",
        [
            ("regarding", reference("The object the event is about.")),
            ("note", text("What happened, for people.")),
            ("deprecatedSource", open("Who tells.")),
            ("deprecatedFirstTimestamp", nullable(text("When it was first seen.", format: "date-time"))),
            ("deprecatedLastTimestamp", nullable(text("When it was last seen.", format: "date-time"))),
            ("deprecatedCount", number("How often it was seen.")),
            ("reportingController", text("The controller that tells.")),
        ] + eventFields)

    static let customResourceDefinition = object(
        "A resource that is defined by its schema.",
        [
            (
                "spec",
                fields(
                    "What the resource is called and looks like.",
                    [
                        ("group", text("The API group.")),
                        ("names", open("What the resource and its kind are called.")),
                        ("scope", text("Namespaced or Cluster.")),
                        ("versions", list("The versions with their schemas.", of: open(""))),
                        ("conversion", open("How versions are converted; only None is served here.")),
                        ("preserveUnknownFields", flag("Must be false.")),
                    ])
            ),
            ("status", open("Whether the resource is served.")),
        ])

    private static let eventFields: [(String, JSONValue)] = [
        ("type", text("Normal or Warning.")),
        ("reason", text("A word for what happened.")),
        ("action", text("What was done.")),
        ("eventTime", nullable(text("When it was first seen, in microseconds.", format: "date-time"))),
        ("related", reference("Another object that has a part in it.")),
        ("reportingInstance", text("The process that tells.")),
        (
            "series",
            fields(
                "How the event goes on.",
                [
                    ("count", number("How often it was seen.")),
                    ("lastObservedTime", text("When it was last seen.", format: "date-time")),
                ])
        ),
    ]
}

extension BuiltInSchemas {
    /// The schema of a kind: its own fields beside those every object has.
    static func object(_ description: String, _ properties: [(String, JSONValue)]) -> JSONValue {
        fields(
            description,
            [
                ("apiVersion", text("The group and version of the kind.")),
                ("kind", text("The kind of the object.")),
                ("metadata", ["type": "object"]),
            ] + properties)
    }

    static func fields(_ description: String, _ properties: [(String, JSONValue)]) -> JSONValue {
        var members = JSONObject()
        for (name, schema) in properties { members[name] = schema }
        var schema: JSONValue = ["type": "object", "properties": .object(members)]
        if !description.isEmpty { schema["description"] = .string(description) }
        return schema
    }

    private static func reference(_ description: String) -> JSONValue {
        fields(
            description,
            ["apiVersion", "kind", "namespace", "name", "uid", "resourceVersion", "fieldPath"].map { ($0, text("")) })
    }

    static func text(_ description: String, format: String = "") -> JSONValue {
        var schema: JSONValue = ["type": "string"]
        if !description.isEmpty { schema["description"] = .string(description) }
        if !format.isEmpty { schema["format"] = .string(format) }
        return schema
    }

    static func flag(_ description: String) -> JSONValue {
        ["type": "boolean", "description": .string(description)]
    }

    static func number(_ description: String) -> JSONValue {
        ["type": "integer", "format": "int32", "description": .string(description)]
    }

    private static func map(_ description: String, of element: JSONValue) -> JSONValue {
        ["type": "object", "description": .string(description), "additionalProperties": element]
    }

    static func list(_ description: String, of element: JSONValue) -> JSONValue {
        var schema: JSONValue = ["type": "array", "items": element]
        if !description.isEmpty { schema["description"] = .string(description) }
        return schema
    }

    /// An object whose members are not looked at.
    static func open(_ description: String) -> JSONValue {
        var schema: JSONValue = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        if !description.isEmpty { schema["description"] = .string(description) }
        return schema
    }

    private static func nullable(_ schema: JSONValue) -> JSONValue {
        var schema = schema
        schema["nullable"] = true
        return schema
    }
}

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

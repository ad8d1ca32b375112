import KubeClient

/// The schemas of the built-in kinds, limited to what the sandbox uses.
enum BuiltInSchemas {
    static let namespace = object(
        "A scope for names; deleting it deletes its content.",
        [
            ("spec", open("The finalizers of the namespace.")),
            ("status", open("The phase of the namespace.")),
        ])

    static let configMap = object(
        "Configuration data.",
        [
            ("data", map("Text values by key.", of: text(""))),
            ("binaryData", map("Base64-encoded bytes by key.", of: text("", format: "byte"))),
            ("immutable", flag("If true, the data is immutable.")),
        ])

    static let secret = object(
        "Confidential data.",
        [
            ("data", map("Base64-encoded bytes by key.", of: text("", format: "byte"))),
            ("stringData", map("Plain text values by key; write-only, moved to data.", of: text(""))),
            ("type", text("The type of the secret; Opaque by default.")),
            ("immutable", flag("If true, the data is immutable.")),
        ])

    static let serviceAccount = object(
        "An identity for processes in pods.",
        [
            ("secrets", list("Secrets that pods with this account may use.", of: open(""))),
            ("imagePullSecrets", list("Secrets for pulling images.", of: open(""))),
            ("automountServiceAccountToken", flag("Whether a token is mounted into pods.")),
        ])

    static let persistentVolumeClaim = object(
        "A request for storage. The sandbox stores claims but provides no volumes.",
        [
            ("spec", open("The requested volume.")),
            ("status", open("The phase of the claim.")),
        ])

    static let lease = object(
        "A lock that expires, as for leader election.",
        [
            (
                "spec",
                fields(
                    "The lock.",
                    [
                        ("holderIdentity", text("The identity of the holder.")),
                        ("leaseDurationSeconds", number("How long the lease is valid without renewal, in seconds.")),
                        ("acquireTime", text("When the current holder acquired the lease.", format: "date-time")),
                        ("renewTime", text("When the lease was last renewed.", format: "date-time")),
                        ("leaseTransitions", number("The number of holder changes.")),
                        ("strategy", text("How the holder is chosen.")),
                        ("preferredHolder", text("The preferred next holder.")),
                    ])
            )
        ])

    static let pod = object(
        "Containers that run together. The sandbox stores pods but runs no containers.",
        [
            ("spec", open("The desired containers.")),
            ("status", open("The observed state.")),
        ])

    static let service = object(
        "A name for a set of pods. The sandbox stores services but routes no traffic.",
        [
            ("spec", open("The selected pods and the ports.")),
            ("status", open("The observed state.")),
        ])

    static let event = object(
        "Something that happened to an object.",
        [
            ("involvedObject", reference("The object the event is about.")),
            ("message", text("A description for users.")),
            ("source", open("The reporting component.")),
            ("firstTimestamp", nullable(text("When the event was first observed.", format: "date-time"))),
            ("lastTimestamp", nullable(text("When the event was last observed.", format: "date-time"))),
            ("count", number("The number of occurrences.")),
            ("reportingComponent", text("The reporting controller.")),
        ] + eventFields)

    static let eventInEventsGroup = object(
        "Something that happened to an object.",
        [
            ("regarding", reference("The object the event is about.")),
            ("note", text("A description for users.")),
            ("deprecatedSource", open("The reporting component.")),
            ("deprecatedFirstTimestamp", nullable(text("When the event was first observed.", format: "date-time"))),
            ("deprecatedLastTimestamp", nullable(text("When the event was last observed.", format: "date-time"))),
            ("deprecatedCount", number("The number of occurrences.")),
            ("reportingController", text("The reporting controller.")),
        ] + eventFields)

    static let customResourceDefinition = object(
        "A custom resource, defined by its schema.",
        [
            (
                "spec",
                fields(
                    "The names, scope and versions of the resource.",
                    [
                        ("group", text("The API group.")),
                        ("names", open("The names of the resource and its kind.")),
                        ("scope", text("Namespaced or Cluster.")),
                        ("versions", list("The versions with their schemas.", of: open(""))),
                        ("conversion", open("How versions are converted. The sandbox supports only None.")),
                        ("preserveUnknownFields", flag("Must be false.")),
                    ])
            ),
            ("status", open("Whether the resource is served.")),
        ])

    private static let eventFields: [(String, JSONValue)] = [
        ("type", text("Normal or Warning.")),
        ("reason", text("The reason, in CamelCase.")),
        ("action", text("The action.")),
        ("eventTime", nullable(text("When the event was first observed, in microseconds.", format: "date-time"))),
        ("related", reference("A related object.")),
        ("reportingInstance", text("The reporting instance.")),
        (
            "series",
            fields(
                "Repetitions of the event.",
                [
                    ("count", number("The number of occurrences.")),
                    ("lastObservedTime", text("When the event was last observed.", format: "date-time")),
                ])
        ),
    ]
}

extension BuiltInSchemas {
    /// The schema of a kind: its own fields plus those of every object.
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

    /// An object with arbitrary members.
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

/// The schemas of the kinds that operators are installed with, limited to what the sandbox uses.
enum InstallationSchemas {
    static let deployment = BuiltInSchemas.object(
        "A set of identical pods. The sandbox stores deployments but creates no pods.",
        [
            ("spec", BuiltInSchemas.open("The selected pods and their number.")),
            ("status", BuiltInSchemas.open("The observed state.")),
        ])

    static let disruptionBudget = BuiltInSchemas.object(
        "Limits how many pods may be unavailable.",
        [
            (
                "spec",
                BuiltInSchemas.fields(
                    "The selected pods and their number.",
                    [
                        ("minAvailable", countOrPercentage), ("maxUnavailable", countOrPercentage),
                        ("selector", BuiltInSchemas.open("The labels of the pods.")),
                        (
                            "unhealthyPodEvictionPolicy",
                            BuiltInSchemas.text("Whether pods that are not ready can be evicted.")
                        ),
                    ])
            ),
            ("status", BuiltInSchemas.open("The observed state.")),
        ])

    static let networkPolicy = BuiltInSchemas.object(
        "The allowed traffic of pods. The sandbox stores policies but restricts no traffic.",
        [
            (
                "spec",
                BuiltInSchemas.fields(
                    "The selected pods and their allowed traffic.",
                    [
                        ("podSelector", BuiltInSchemas.open("The labels of the pods.")),
                        ("policyTypes", BuiltInSchemas.list("Ingress, Egress or both.", of: BuiltInSchemas.text(""))),
                        ("ingress", BuiltInSchemas.list("Allowed incoming traffic.", of: BuiltInSchemas.open(""))),
                        ("egress", BuiltInSchemas.list("Allowed outgoing traffic.", of: BuiltInSchemas.open(""))),
                    ])
            )
        ])

    static let role = BuiltInSchemas.object(
        "Permissions in a namespace. The sandbox does not enforce them.", [("rules", rules)])

    static let clusterRole = BuiltInSchemas.object(
        "Permissions in the whole cluster. The sandbox does not enforce them.",
        [("rules", rules), ("aggregationRule", BuiltInSchemas.open("Selects the roles whose rules are added."))])

    static let roleBinding = BuiltInSchemas.object(
        "Grants the permissions of a role.",
        [
            (
                "roleRef",
                BuiltInSchemas.fields(
                    "The role.", ["apiGroup", "kind", "name"].map { ($0, BuiltInSchemas.text("")) })
            ),
            (
                "subjects",
                BuiltInSchemas.list(
                    "The users, groups and service accounts.",
                    of: BuiltInSchemas.fields(
                        "", ["apiGroup", "kind", "name", "namespace"].map { ($0, BuiltInSchemas.text("")) }))
            ),
        ])

    static let priorityClass = BuiltInSchemas.object(
        "The priority of pods.",
        [
            ("value", BuiltInSchemas.number("The priority; higher values are more important.")),
            ("globalDefault", BuiltInSchemas.flag("Whether this is the default priority class.")),
            ("description", BuiltInSchemas.text("A description for users.")),
            ("preemptionPolicy", BuiltInSchemas.text("Whether pods with lower priority are preempted.")),
        ])

    static let admissionPolicy = BuiltInSchemas.object(
        "Validation rules for requests. The sandbox stores policies but does not enforce them.",
        [
            ("spec", BuiltInSchemas.open("The rules and the matched requests.")),
            ("status", BuiltInSchemas.open("The observed state.")),
        ])

    static let admissionPolicyBinding = BuiltInSchemas.object(
        "Binds a policy to resources.",
        [("spec", BuiltInSchemas.open("The policy, the matched resources and the actions."))])

    private static let countOrPercentage: JSONValue = [
        "x-kubernetes-int-or-string": true, "description": "A number of pods or a percentage.",
    ]

    private static let rules = BuiltInSchemas.list(
        "The allowed verbs on resources.",
        of: BuiltInSchemas.fields(
            "",
            ["apiGroups", "resources", "resourceNames", "verbs", "nonResourceURLs"].map { name in
                (name, BuiltInSchemas.list("", of: BuiltInSchemas.text("")))
            }))
}

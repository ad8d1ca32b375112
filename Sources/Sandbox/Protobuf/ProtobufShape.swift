import KubeClient

/// How a protobuf field of a built-in kind becomes JSON.
indirect enum ProtobufShape: Sendable {
    case text
    /// Bytes, which JSON shows in base64.
    case bytes
    case integer
    case flag
    /// Seconds and nanoseconds, which JSON shows in RFC 3339.
    case time
    case message([Int: ProtobufField])
    case list(ProtobufShape)
    /// A map from texts.
    case map(ProtobufShape)
}

/// A field of a message: its name in JSON and its shape.
struct ProtobufField: Sendable {
    let name: String
    let shape: ProtobufShape

    init(_ name: String, _ shape: ProtobufShape = .text) {
        self.name = name
        self.shape = shape
    }
}

extension ProtobufShape {
    /// The shapes of what `kubectl create` and `helm` send in protobuf.
    static let kinds: [String: ProtobufShape] = [
        "Namespace": .message([
            1: ProtobufField("metadata", metadata),
            2: ProtobufField("spec", .message([1: ProtobufField("finalizers", .list(.text))])),
            3: ProtobufField("status", .message([1: ProtobufField("phase")])),
        ]),
        "ConfigMap": .message([
            1: ProtobufField("metadata", metadata), 2: ProtobufField("data", .map(.text)),
            3: ProtobufField("binaryData", .map(.bytes)), 4: ProtobufField("immutable", .flag),
        ]),
        "Secret": .message([
            1: ProtobufField("metadata", metadata), 2: ProtobufField("data", .map(.bytes)),
            3: ProtobufField("type"), 4: ProtobufField("stringData", .map(.text)),
            5: ProtobufField("immutable", .flag),
        ]),
        "ServiceAccount": .message([
            1: ProtobufField("metadata", metadata), 2: ProtobufField("secrets", .list(objectReference)),
            3: ProtobufField("imagePullSecrets", .list(.message([1: ProtobufField("name")]))),
            4: ProtobufField("automountServiceAccountToken", .flag),
        ]),
        "DeleteOptions": .message([
            1: ProtobufField("gracePeriodSeconds", .integer),
            2: ProtobufField(
                "preconditions", .message([1: ProtobufField("uid"), 2: ProtobufField("resourceVersion")])),
            3: ProtobufField("orphanDependents", .flag), 4: ProtobufField("propagationPolicy"),
            5: ProtobufField("dryRun", .list(.text)),
        ]),
    ]

    private static let metadata = ProtobufShape.message([
        1: ProtobufField("name"), 2: ProtobufField("generateName"), 3: ProtobufField("namespace"),
        5: ProtobufField("uid"), 6: ProtobufField("resourceVersion"), 7: ProtobufField("generation", .integer),
        8: ProtobufField("creationTimestamp", .time), 11: ProtobufField("labels", .map(.text)),
        12: ProtobufField("annotations", .map(.text)), 13: ProtobufField("ownerReferences", .list(owner)),
        14: ProtobufField("finalizers", .list(.text)),
    ])

    private static let owner = ProtobufShape.message([
        1: ProtobufField("kind"), 3: ProtobufField("name"), 4: ProtobufField("uid"), 5: ProtobufField("apiVersion"),
        6: ProtobufField("controller", .flag), 7: ProtobufField("blockOwnerDeletion", .flag),
    ])

    private static let objectReference = ProtobufShape.message([
        1: ProtobufField("kind"), 2: ProtobufField("namespace"), 3: ProtobufField("name"), 4: ProtobufField("uid"),
        5: ProtobufField("apiVersion"), 6: ProtobufField("resourceVersion"), 7: ProtobufField("fieldPath"),
    ])
}

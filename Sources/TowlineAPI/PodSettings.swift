import KubeClient

/// Settings of a run's pods: those that neither leave the namespace nor weaken the isolation of a pod.
public struct PodSettings: Hashable, Sendable {
    /// Labels that a node must have, in the order of the API server's JSON.
    public var nodeSelector: [MapEntry]
    public var tolerations: [Toleration]
    public var priorityClassName: String?
    /// The container runtime; only Tekton lets a run choose it.
    public var runtimeClassName: String?
    /// The names of Secrets with the credentials of image registries.
    public var imagePullSecrets: [String]
    public var securityContext: PodSecurityContext?

    public init(
        nodeSelector: [MapEntry] = [], tolerations: [Toleration] = [], priorityClassName: String? = nil,
        runtimeClassName: String? = nil, imagePullSecrets: [String] = [],
        securityContext: PodSecurityContext? = nil
    ) {
        self.nodeSelector = nodeSelector
        self.tolerations = tolerations
        self.priorityClassName = priorityClassName
        self.runtimeClassName = runtimeClassName
        self.imagePullSecrets = imagePullSecrets
        self.securityContext = securityContext
    }
}

/// The taint of a node that pods tolerate; the fields are those of Kubernetes.
public struct Toleration: Hashable, Sendable {
    public var key: String?
    public var `operator`: String?
    public var value: String?
    public var effect: String?
    public var tolerationSeconds: Int64?

    public init(
        key: String? = nil, operator: String? = nil, value: String? = nil, effect: String? = nil,
        tolerationSeconds: Int64? = nil
    ) {
        self.key = key
        self.operator = `operator`
        self.value = value
        self.effect = effect
        self.tolerationSeconds = tolerationSeconds
    }
}

/// The user and groups of a pod's processes.
public struct PodSecurityContext: Hashable, Sendable {
    public var fsGroup: Int64?
    public var runAsUser: Int64?
    public var runAsGroup: Int64?
    public var runAsNonRoot: Bool?

    public init(
        fsGroup: Int64? = nil, runAsUser: Int64? = nil, runAsGroup: Int64? = nil, runAsNonRoot: Bool? = nil
    ) {
        self.fsGroup = fsGroup
        self.runAsUser = runAsUser
        self.runAsGroup = runAsGroup
        self.runAsNonRoot = runAsNonRoot
    }
}

/// Settings of one task of a Tekton pipeline; they take precedence over those of the run.
public struct TaskSettings: Hashable, Sendable {
    /// The name of the task in the pipeline.
    public var name: String
    public var serviceAccountName: String?
    public var timeoutSeconds: Int64?
    public var pod: PodSettings?
    /// The resources that the task's pod requests, such as `cpu` and `500m`.
    public var requests: [MapEntry]
    /// The limits of the resources of the task's pod.
    public var limits: [MapEntry]

    public init(
        name: String, serviceAccountName: String? = nil, timeoutSeconds: Int64? = nil, pod: PodSettings? = nil,
        requests: [MapEntry] = [], limits: [MapEntry] = []
    ) {
        self.name = name
        self.serviceAccountName = serviceAccountName
        self.timeoutSeconds = timeoutSeconds
        self.pod = pod
        self.requests = requests
        self.limits = limits
    }
}

extension PodSettings {
    /// Reads the settings in `field`; nil for `null`.
    init?(reading cursor: inout JSONCursor, _ field: StaticString) throws(JSONError) {
        if try cursor.readNull() { return nil }
        var pod = PodSettings()
        try cursor.map(field) { (key, cursor) throws(JSONError) in
            switch key {
            case "nodeSelector": pod.nodeSelector = try cursor.entries("nodeSelector")
            case "tolerations":
                try cursor.list("tolerations") { (cursor) throws(JSONError) in
                    pod.tolerations.append(try Toleration(reading: &cursor))
                }
            case "priorityClassName": pod.priorityClassName = try cursor.string("priorityClassName")
            case "runtimeClassName": pod.runtimeClassName = try cursor.string("runtimeClassName")
            case "imagePullSecrets":
                try cursor.list("imagePullSecrets") { (cursor) throws(JSONError) in
                    try cursor.object("imagePullSecrets") { (key, cursor) throws(JSONError) in
                        guard key == "name" else {
                            try cursor.skipValue()
                            return
                        }
                        if let name = try cursor.string("name") { pod.imagePullSecrets.append(name) }
                    }
                }
            case "securityContext": pod.securityContext = try PodSecurityContext(reading: &cursor)
            default: try cursor.skipValue()
            }
        }
        self = pod
    }
}

extension Toleration {
    init(reading cursor: inout JSONCursor) throws(JSONError) {
        var toleration = Toleration()
        try cursor.object("tolerations") { (key, cursor) throws(JSONError) in
            switch key {
            case "key": toleration.key = try cursor.string("key")
            case "operator": toleration.operator = try cursor.string("operator")
            case "value": toleration.value = try cursor.string("value")
            case "effect": toleration.effect = try cursor.string("effect")
            case "tolerationSeconds": toleration.tolerationSeconds = try cursor.integer("tolerationSeconds")
            default: try cursor.skipValue()
            }
        }
        self = toleration
    }
}

extension PodSecurityContext {
    init?(reading cursor: inout JSONCursor) throws(JSONError) {
        if try cursor.readNull() { return nil }
        var context = PodSecurityContext()
        try cursor.object("securityContext") { (key, cursor) throws(JSONError) in
            switch key {
            case "fsGroup": context.fsGroup = try cursor.integer("fsGroup")
            case "runAsUser": context.runAsUser = try cursor.integer("runAsUser")
            case "runAsGroup": context.runAsGroup = try cursor.integer("runAsGroup")
            case "runAsNonRoot": context.runAsNonRoot = try cursor.bool("runAsNonRoot")
            default: try cursor.skipValue()
            }
        }
        self = context
    }
}

extension TaskSettings {
    init(reading cursor: inout JSONCursor) throws(JSONError) {
        var task = TaskSettings(name: "")
        try cursor.object("spec.executionConfig.tasks[]") { (key, cursor) throws(JSONError) in
            switch key {
            case "name": task.name = try cursor.string("spec.executionConfig.tasks[].name") ?? ""
            case "serviceAccountName":
                task.serviceAccountName = try cursor.string("spec.executionConfig.tasks[].serviceAccountName")
            case "timeoutSeconds":
                task.timeoutSeconds = try cursor.integer("spec.executionConfig.tasks[].timeoutSeconds")
            case "pod": task.pod = try PodSettings(reading: &cursor, "spec.executionConfig.tasks[].pod")
            case "computeResources":
                try cursor.object("spec.executionConfig.tasks[].computeResources") { (key, cursor) throws(JSONError) in
                    switch key {
                    case "requests": task.requests = try cursor.quantities("requests")
                    case "limits": task.limits = try cursor.quantities("limits")
                    default: try cursor.skipValue()
                    }
                }
            default: try cursor.skipValue()
            }
        }
        self = task
    }
}

extension JSONCursor {
    /// Reads an object of quantities, such as `{"cpu":"500m","memory":"1Gi"}`; empty for `null`.
    fileprivate mutating func quantities(_ field: StaticString) throws(JSONError) -> [MapEntry] {
        var entries: [MapEntry] = []
        try map(field) { (key, cursor) throws(JSONError) in
            entries.append(MapEntry(key: key, value: try cursor.readQuantity()))
        }
        return entries
    }
}

import KubeClient

/// Settings of the run, and how long finished objects are kept; absent fields are not sent to the engine.
public struct ExecutionConfig: Hashable, Sendable {
    /// The service account of the run's pods.
    public var serviceAccountName: String?
    /// The engine's timeout in seconds; Towline's watchdog enforces it if the engine does not.
    public var timeoutSeconds: Int64?
    /// Tekton's timeout of all tasks except `finally` tasks, in seconds.
    public var tasksTimeoutSeconds: Int64?
    /// Tekton's timeout of the `finally` tasks, in seconds.
    public var finallyTimeoutSeconds: Int64?
    /// Seconds after the execution's creation by which its run must exist; nil for no deadline.
    public var startDeadlineSeconds: Int64?
    /// True if the engine may expand expressions in parameter values; otherwise values with expressions are rejected.
    public var allowExpressions: Bool?
    /// The template in which an Argo workflow starts.
    public var entrypoint: String?
    /// The order in which Argo starts workflows when it limits parallelism; higher starts first.
    public var priority: Int64?
    /// Settings of all pods of the run.
    public var pod: PodSettings?
    /// Settings of single tasks of a Tekton pipeline.
    public var tasks: [TaskSettings]
    /// Seconds from the end of the execution to the deletion of its run; nil for never. Can be changed at any time.
    public var runTTLSecondsAfterFinished: Int64?
    /// Seconds from the end of the execution to its deletion; nil for never. Can be changed at any time.
    public var ttlSecondsAfterFinished: Int64?
    /// True if an expired run is kept until it is archived. Can be changed at any time.
    public var keepRunUntilArchived: Bool?

    public init(
        serviceAccountName: String? = nil, timeoutSeconds: Int64? = nil, tasksTimeoutSeconds: Int64? = nil,
        finallyTimeoutSeconds: Int64? = nil, startDeadlineSeconds: Int64? = nil, allowExpressions: Bool? = nil,
        entrypoint: String? = nil, priority: Int64? = nil, pod: PodSettings? = nil, tasks: [TaskSettings] = [],
        runTTLSecondsAfterFinished: Int64? = nil, ttlSecondsAfterFinished: Int64? = nil,
        keepRunUntilArchived: Bool? = nil
    ) {
        self.serviceAccountName = serviceAccountName
        self.timeoutSeconds = timeoutSeconds
        self.tasksTimeoutSeconds = tasksTimeoutSeconds
        self.finallyTimeoutSeconds = finallyTimeoutSeconds
        self.startDeadlineSeconds = startDeadlineSeconds
        self.allowExpressions = allowExpressions
        self.entrypoint = entrypoint
        self.priority = priority
        self.pod = pod
        self.tasks = tasks
        self.runTTLSecondsAfterFinished = runTTLSecondsAfterFinished
        self.ttlSecondsAfterFinished = ttlSecondsAfterFinished
        self.keepRunUntilArchived = keepRunUntilArchived
    }
}

extension ExecutionConfig {
    init(reading cursor: inout JSONCursor) throws(JSONError) {
        var config = ExecutionConfig()
        try cursor.object("spec.executionConfig") { (key, cursor) throws(JSONError) in
            switch key {
            case "serviceAccountName":
                config.serviceAccountName = try cursor.string("spec.executionConfig.serviceAccountName")
            case "timeoutSeconds": config.timeoutSeconds = try cursor.integer("spec.executionConfig.timeoutSeconds")
            case "tasksTimeoutSeconds":
                config.tasksTimeoutSeconds = try cursor.integer("spec.executionConfig.tasksTimeoutSeconds")
            case "finallyTimeoutSeconds":
                config.finallyTimeoutSeconds = try cursor.integer("spec.executionConfig.finallyTimeoutSeconds")
            case "startDeadlineSeconds":
                config.startDeadlineSeconds = try cursor.integer("spec.executionConfig.startDeadlineSeconds")
            case "allowExpressions":
                config.allowExpressions = try cursor.bool("spec.executionConfig.allowExpressions")
            case "entrypoint": config.entrypoint = try cursor.string("spec.executionConfig.entrypoint")
            case "priority": config.priority = try cursor.integer("spec.executionConfig.priority")
            case "pod": config.pod = try PodSettings(reading: &cursor, "spec.executionConfig.pod")
            case "tasks":
                try cursor.list("spec.executionConfig.tasks") { (cursor) throws(JSONError) in
                    config.tasks.append(try TaskSettings(reading: &cursor))
                }
            case "runTTLSecondsAfterFinished":
                config.runTTLSecondsAfterFinished =
                    try cursor.integer("spec.executionConfig.runTTLSecondsAfterFinished")
            case "ttlSecondsAfterFinished":
                config.ttlSecondsAfterFinished = try cursor.integer("spec.executionConfig.ttlSecondsAfterFinished")
            case "keepRunUntilArchived":
                config.keepRunUntilArchived = try cursor.bool("spec.executionConfig.keepRunUntilArchived")
            default: try cursor.skipValue()
            }
        }
        self = config
    }
}

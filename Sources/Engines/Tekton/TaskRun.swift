import KubeClient

/// The parts of a Tekton TaskRun that Towline reads to learn why its PipelineRun failed or what it waits for.
struct TaskRun {
    var name = ""
    /// The task's name in the pipeline.
    var task = ""
    /// Whether the task is in the pipeline's `finally` section.
    var isFinally = false
    /// Whether the pipeline continues after a failure of the task (`onError: continue`).
    var isTolerated = false
    /// The UID of its PipelineRun.
    var pipelineRunUID = ""
    /// Tekton's reason for ending the TaskRun (`spec.statusMessage`).
    var shutdownMessage = ""
    /// The creation time, which Tekton copies into steps that it ends before they start.
    var createdAt: EngineTime?
    var condition: KnativeCondition?
    var startTime: EngineTime?
    var completionTime: EngineTime?
    /// The pod's name; empty until the pod is created.
    var podName = ""
    /// Whether a step of an earlier attempt had started.
    var hasStartedBefore = false
    var steps: [Container] = []
    var sidecars: [Container] = []
    /// Whether there are more steps than are read, so that a step may have started although none shows it.
    var hasMoreSteps = false

    /// A step or a sidecar.
    struct Container {
        var name = ""
        var exitCode: Int64?
        /// The kubelet's reason, or the TaskRun's if Tekton ended the container.
        var reason = ""
        /// How the step ended, in Tekton's words: `Completed`, `Continued`, `Skipped`, `TimeoutExceeded`…
        var terminationReason = ""
        /// Why the container has not started.
        var waitingReason = ""
        var isRunning = false
        /// Whether the container runtime reports the image, which means that it has created the container.
        var hasImage = false
        /// When a terminated container started; nil if unknown.
        var startedAt: EngineTime?
    }
}

extension TaskRun {
    /// Labels of TaskRuns.
    enum LabelKey {
        static let pipelineRun = "tekton.dev/pipelineRun"
        static let pipelineRunUID = "tekton.dev/pipelineRunUID"
        static let pipelineTask = "tekton.dev/pipelineTask"
        static let memberOf = "tekton.dev/memberOf"
    }

    /// The annotation with the pipeline task's `onError`.
    private static let onError = "pipeline.tekton.dev/pipeline-task-on-error"

    static let resource = ResourceType(group: "tekton.dev", version: "v1", plural: "taskruns", kind: "TaskRun")

    init(_ cursor: inout JSONCursor) throws(JSONError) {
        self.init()
        try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
            switch key {
            case "metadata": readMetadata(try ObjectMetadata(&cursor, annotations: [Self.onError]))
            case "spec": shutdownMessage = try cursor.readStringMember("statusMessage") ?? ""
            case "status": try readStatus(&cursor)
            default: try cursor.skipValue()
            }
        }
    }

    private mutating func readMetadata(_ metadata: ObjectMetadata) {
        name = metadata.name
        createdAt = metadata.creationTimestamp.map { EngineTime(assuming: $0) }
        task = metadata.label(LabelKey.pipelineTask) ?? metadata.name
        isFinally = metadata.label(LabelKey.memberOf) == "finally"
        isTolerated = metadata.annotation(Self.onError) == "continue"
        pipelineRunUID = metadata.label(LabelKey.pipelineRunUID) ?? metadata.controller?.uid ?? ""
    }

    /// Reads the status of the TaskRun or of one of its attempts, which has no attempts.
    private mutating func readStatus(
        _ cursor: inout JSONCursor, isAttempt: Bool = false
    ) throws(JSONError) {
        try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
            switch key {
            case "conditions": condition = try KnativeCondition.succeeded(&cursor)
            case "startTime": startTime = try cursor.readTimestampIfPresent()
            case "completionTime": completionTime = try cursor.readTimestampIfPresent()
            case "podName": podName = try cursor.readStringIfPresent() ?? ""
            case "retriesStatus" where !isAttempt:
                try cursor.forEachElementIfPresent { (cursor) throws(JSONError) in
                    var earlier = TaskRun()
                    earlier.createdAt = createdAt
                    try earlier.readStatus(&cursor, isAttempt: true)
                    if earlier.hasStarted == true { hasStartedBefore = true }
                    // If an earlier attempt had a pod, a step may have started.
                    if podName.isEmpty { podName = earlier.podName }
                }
            case "steps": (steps, hasMoreSteps) = try Container.list(&cursor)
            case "sidecars": sidecars = try Container.list(&cursor).containers
            default: try cursor.skipValue()
            }
        }
    }
}

extension TaskRun.Container {
    /// The maximum number of containers that are read, more than a pod can have.
    static let maximum = 256

    /// Reads a list; returns the first containers, and whether there are more.
    fileprivate static func list(
        _ cursor: inout JSONCursor
    ) throws(JSONError) -> (containers: [Self], hasMore: Bool) {
        var containers: [Self] = []
        var hasMore = false
        try cursor.forEachElementIfPresent { (cursor) throws(JSONError) in
            if containers.count < maximum {
                containers.append(try Self(&cursor))
            } else {
                hasMore = true
                try cursor.skipValue()
            }
        }
        return (containers, hasMore)
    }

    private init(_ cursor: inout JSONCursor) throws(JSONError) {
        self.init()
        try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
            switch key {
            case "name": name = try cursor.readStringIfPresent() ?? ""
            case "terminationReason": terminationReason = try cursor.readStringIfPresent() ?? ""
            case "terminated":
                try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
                    switch key {
                    case "exitCode": exitCode = try cursor.readIntegerIfPresent()
                    case "startedAt": startedAt = try cursor.readTimestampIfPresent()
                    case "reason": reason = try cursor.readStringIfPresent() ?? ""
                    default: try cursor.skipValue()
                    }
                }
            case "waiting": waitingReason = try cursor.readStringMember("reason") ?? ""
            case "imageID": hasImage = try cursor.readStringIfPresent()?.isEmpty == false
            case "running": isRunning = try cursor.readTextIfPresent() != nil
            default: try cursor.skipValue()
            }
        }
    }
}

import KubeClient

/// What Towline reads of a Tekton TaskRun, to tell why its PipelineRun failed, or what it waits for.
struct TaskRun {
    var name = ""
    /// The task's name in the pipeline.
    var task = ""
    /// True for a task of the pipeline's `finally` section.
    var isFinally = false
    /// True for a task after whose failure the pipeline goes on (`onError: continue`).
    var isTolerated = false
    /// The PipelineRun it was made for.
    var pipelineRunUID = ""
    /// Tekton's sentence for why it asked the TaskRun to end (`spec.statusMessage`).
    var shutdownMessage = ""
    /// The API server's time, which Tekton copies into the steps that it ends without ever having started them.
    var createdAt: EngineTime?
    var condition: KnativeCondition?
    var startTime: EngineTime?
    var completionTime: EngineTime?
    /// Empty until a pod was made for it.
    var podName = ""
    /// True when a step of an earlier try had started.
    var hasStartedBefore = false
    var steps: [Container] = []
    var sidecars: [Container] = []

    /// A step or a sidecar.
    struct Container {
        var name = ""
        var exitCode: Int64?
        /// The kubelet's word, or the TaskRun's where Tekton ended the container.
        var reason = ""
        /// Tekton's word for how the step ended: `Completed`, `Continued`, `Skipped`, `TimeoutExceeded`…
        var terminationReason = ""
        /// Why the container has not started.
        var waitingReason = ""
        var isRunning = false
        /// True once the container runtime knows the container's image, that is, has the container.
        var hasImage = false
        /// When it started, where it ended; nil where that is not known.
        var startedAt: EngineTime?
    }
}

extension TaskRun {
    /// The labels Tekton puts on TaskRuns.
    enum LabelKey {
        static let pipelineRun = "tekton.dev/pipelineRun"
        static let pipelineRunUID = "tekton.dev/pipelineRunUID"
        static let pipelineTask = "tekton.dev/pipelineTask"
        static let memberOf = "tekton.dev/memberOf"
    }

    /// The annotation that repeats the pipeline task's `onError`.
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

    private mutating func readStatus(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
            switch key {
            case "conditions": condition = try KnativeCondition.succeeded(&cursor)
            case "startTime": startTime = try cursor.readTimestampIfPresent()
            case "completionTime": completionTime = try cursor.readTimestampIfPresent()
            case "podName": podName = try cursor.readStringIfPresent() ?? ""
            case "retriesStatus":
                try cursor.forEachElementIfPresent { (cursor) throws(JSONError) in
                    var earlier = TaskRun()
                    earlier.createdAt = createdAt
                    try earlier.readStatus(&cursor)
                    if earlier.hasStarted == true { hasStartedBefore = true }
                    // Of an earlier try with a pod, nobody may claim that nothing had started.
                    if podName.isEmpty { podName = earlier.podName }
                }
            case "steps": steps = try Container.list(&cursor)
            case "sidecars": sidecars = try Container.list(&cursor)
            default: try cursor.skipValue()
            }
        }
    }
}

extension TaskRun.Container {
    fileprivate static func list(_ cursor: inout JSONCursor) throws(JSONError) -> [Self] {
        var containers: [Self] = []
        try cursor.forEachElementIfPresent { (cursor) throws(JSONError) in containers.append(try Self(&cursor)) }
        return containers
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

import KubeClient

/// What Towline reads of a Tekton TaskRun, to tell why its PipelineRun failed.
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
    var condition: KnativeCondition?
    var completionTime: Timestamp?
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

    /// Reads the TaskRuns of one page of a list.
    static func list(_ bytes: [UInt8]) throws(JSONError) -> [TaskRun] {
        var runs: [TaskRun] = []
        var cursor = JSONCursor(bytes)
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            guard key == "items" else {
                try cursor.skipValue()
                return
            }
            try cursor.forEachElementIfPresent { (cursor) throws(JSONError) in
                runs.append(try TaskRun(&cursor))
            }
        }
        try cursor.expectEnd()
        return runs
    }

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
        task = metadata.label(LabelKey.pipelineTask) ?? metadata.name
        isFinally = metadata.label(LabelKey.memberOf) == "finally"
        isTolerated = metadata.annotation(Self.onError) == "continue"
        pipelineRunUID = metadata.label(LabelKey.pipelineRunUID) ?? metadata.controller?.uid ?? ""
    }

    private mutating func readStatus(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
            switch key {
            case "conditions": condition = try KnativeCondition.succeeded(&cursor)
            case "completionTime": completionTime = try cursor.readTimestampIfPresent()
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
                    case "reason": reason = try cursor.readStringIfPresent() ?? ""
                    default: try cursor.skipValue()
                    }
                }
            case "waiting": waitingReason = try cursor.readStringMember("reason") ?? ""
            default: try cursor.skipValue()
            }
        }
    }
}

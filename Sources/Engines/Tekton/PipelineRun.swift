import KubeClient
import TowlineAPI

/// What Towline reads of a Tekton PipelineRun (`tekton.dev/v1`).
struct PipelineRun {
    var metadata = ObjectMetadata()
    /// `spec.status`, by which a run is held, stopped or cancelled.
    var requestedStatus = ""
    var timeoutSeconds: Int64?
    /// The condition `Succeeded`; nil until Tekton's controller saw the run.
    var condition: KnativeCondition?
    var startTime: EngineTime?
    var completionTime: EngineTime?
    /// What was made for its tasks.
    var children = PipelineRunChildren()
    /// True when a task was skipped because a time limit had been reached.
    var skipsOvertime = false
    /// How many tasks were skipped because their own `when` expressions said so.
    var conditionalSkips: Int32 = 0
    /// How many tasks the resolved pipeline has, `finally` tasks included; nil until Tekton has fetched it.
    var taskCount: Int32?
    /// How many of them may fail without the run failing (`onError: continue`).
    var tolerantTasks: Int32 = 0
    var results = OutputCollector()
    /// The digest of the bundle or file the pipeline came from, `sha256:…`.
    var resolvedDigest: String?
}

/// A condition as Tekton, by Knative's library, writes it.
struct KnativeCondition {
    var type = ""
    /// `True`, `False` or `Unknown`.
    var status = ""
    var reason = ""
    var message = ""
    var lastTransitionTime: EngineTime?
}

/// What a PipelineRun's `status.childReferences` says about the objects made for its tasks.
struct PipelineRunChildren {
    private(set) var counts = ChildCounts()
    private var unreadable = NonTaskRunChildren()

    /// True once a TaskRun, CustomRun or PipelineRun was made.
    var areAny: Bool { !counts.isEmpty }

    /// The children that are no TaskRuns; nil where there are none.
    var others: NonTaskRunChildren? { unreadable.isEmpty ? nil : unreadable }

    /// Reads one reference; what is none counts as a TaskRun, as something was made.
    mutating func read(_ cursor: inout JSONCursor) throws(JSONError) {
        var kind = ""
        var name = ""
        var task = ""
        try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
            switch key {
            case "kind": kind = try cursor.readStringIfPresent() ?? ""
            case "name": name = try cursor.readStringIfPresent() ?? ""
            case "pipelineTaskName": task = try cursor.readStringIfPresent() ?? ""
            default: try cursor.skipValue()
            }
        }
        switch kind {
        case "", TaskRun.resource.kind: counts.taskRuns.increment()
        case CustomRun.resource.kind:
            counts.customRuns.increment()
            unreadable.customRuns.add(task: task.isEmpty ? name : task, kind: kind, name: name)
        default:
            counts.others.increment()
            unreadable.others.add(task: task.isEmpty ? name : task, kind: kind, name: name)
        }
    }
}

extension UInt16 {
    /// One more, up to the largest number there is.
    fileprivate mutating func increment() {
        if self < .max { self += 1 }
    }
}

extension PipelineRun {
    /// Reads a whole object; of its status everything is optional, as a controller may have stopped half-way.
    init(_ cursor: inout JSONCursor) throws(JSONError) {
        self.init()
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            switch key {
            case "metadata": metadata = try ObjectMetadata(&cursor, annotations: EngineRun.annotations)
            case "spec": try readSpec(&cursor)
            case "status": try readStatus(&cursor)
            default: try cursor.skipValue()
            }
        }
    }

    private mutating func readSpec(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
            switch key {
            case "status": requestedStatus = try cursor.readStringIfPresent() ?? ""
            case "timeouts":
                timeoutSeconds = try cursor.readStringMember("pipeline").flatMap(Duration.goLimit)?.components.seconds
            default: try cursor.skipValue()
            }
        }
        // Zero is Tekton's word for no limit.
        if timeoutSeconds == 0 { timeoutSeconds = nil }
    }

    private mutating func readStatus(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
            switch key {
            case "conditions": condition = try KnativeCondition.succeeded(&cursor)
            case "startTime": startTime = try cursor.readTimestampIfPresent()
            case "completionTime": completionTime = try cursor.readTimestampIfPresent()
            case "childReferences":
                try cursor.forEachElementIfPresent { (cursor) throws(JSONError) in try children.read(&cursor) }
            case "skippedTasks":
                try cursor.forEachElementIfPresent { (cursor) throws(JSONError) in
                    let reason = try cursor.readStringMember("reason") ?? ""
                    if Self.overtimeSkips.contains(reason) { skipsOvertime = true }
                    if reason == Self.conditionalSkip, conditionalSkips < .max { conditionalSkips += 1 }
                }
            case "pipelineSpec": try readPipeline(&cursor)
            case "results": try results.read(&cursor)
            case "provenance": try readProvenance(&cursor)
            default: try cursor.skipValue()
            }
        }
    }

    /// Tekton's words for a task that was skipped because the run, its tasks or its `finally` tasks were over their time.
    private static let overtimeSkips: Set<String> = [
        "PipelineRun timeout has been reached", "PipelineRun Tasks timeout has been reached",
        "PipelineRun Finally timeout has been reached",
    ]

    /// Tekton's word for a task that its own `when` expressions left out.
    private static let conditionalSkip = "When Expressions evaluated to false"

    private mutating func readPipeline(_ cursor: inout JSONCursor) throws(JSONError) {
        guard try cursor.kind() == .object else {
            try cursor.skipValue()
            return
        }
        var count: Int32 = 0
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            guard key == "tasks" || key == "finally" else {
                try cursor.skipValue()
                return
            }
            try cursor.forEachElementIfPresent { (cursor) throws(JSONError) in
                let onError = try cursor.readStringMember("onError")
                guard count < .max else { return }
                count += 1
                if onError == "continue" { tolerantTasks += 1 }
            }
        }
        taskCount = count
    }

    private mutating func readProvenance(_ cursor: inout JSONCursor) throws(JSONError) {
        let digits = try cursor.readMember("refSource") { (cursor) throws(JSONError) in
            try cursor.readMember("digest") { (cursor) throws(JSONError) in
                // A git source reports its commit as `sha1`; only what can be compared with a bundle's is kept.
                try cursor.readStringMember("sha256")
            }
        }
        resolvedDigest = digits.map { "sha256:" + $0.bounded(to: Bounds.digest) }
    }
}

extension KnativeCondition {
    /// Reads a list of conditions and returns the one of type `Succeeded`.
    static func succeeded(_ cursor: inout JSONCursor) throws(JSONError) -> KnativeCondition? {
        var found: KnativeCondition?
        try cursor.forEachElementIfPresent { (cursor) throws(JSONError) in
            let condition = try KnativeCondition(&cursor)
            if condition.type == "Succeeded" { found = condition }
        }
        return found
    }

    private init(_ cursor: inout JSONCursor) throws(JSONError) {
        self.init()
        try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
            switch key {
            case "type": type = try cursor.readStringIfPresent() ?? ""
            case "status": status = try cursor.readStringIfPresent() ?? ""
            case "reason": reason = try cursor.readStringIfPresent() ?? ""
            case "message": message = try cursor.readStringIfPresent() ?? ""
            case "lastTransitionTime": lastTransitionTime = try cursor.readTimestampIfPresent()
            default: try cursor.skipValue()
            }
        }
    }
}

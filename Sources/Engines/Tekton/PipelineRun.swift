import KubeClient
import TowlineAPI

/// The parts of a Tekton PipelineRun (`tekton.dev/v1`) that Towline reads.
struct PipelineRun {
    var metadata = ObjectMetadata()
    /// `spec.status`, which holds, stops, or cancels the run.
    var requestedStatus = ""
    var timeoutSeconds: Int64?
    /// The `Succeeded` condition; nil until Tekton's controller has reconciled the run.
    var condition: KnativeCondition?
    var startTime: EngineTime?
    var completionTime: EngineTime?
    /// The children created for its tasks.
    var children = PipelineRunChildren()
    /// Whether a task was skipped because of a timeout.
    var skippedByTimeout = false
    /// How many tasks their own `when` expressions skipped.
    var conditionalSkips: Int32 = 0
    /// The number of tasks in the resolved pipeline, including `finally`; nil until Tekton has fetched it.
    var taskCount: Int32?
    /// The number of tasks that may fail without failing the run (`onError: continue`).
    var tolerantTasks: Int32 = 0
    var results = OutputCollector()
    /// The digest of the pipeline's source, `sha256:…`.
    var resolvedDigest: String?

    var archive: ArchiveMark {
        switch metadata.annotation(ArchiveMark.resultsAnnotation) {
        case "true": .complete
        case .some: .started
        case nil: .none
        }
    }
}

extension PipelineRun {
    /// Reads a whole object; everything in the status is optional, since a controller may have written only part of it.
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
        // In Tekton, zero means no timeout.
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
                    if Self.timeoutSkips.contains(reason) { skippedByTimeout = true }
                    if reason == Self.conditionalSkip, conditionalSkips < .max { conditionalSkips += 1 }
                }
            case "pipelineSpec": try readPipeline(&cursor)
            case "results": try results.read(&cursor)
            case "provenance": try readProvenance(&cursor)
            default: try cursor.skipValue()
            }
        }
    }

    /// Tekton's reasons for tasks that were skipped because of a timeout.
    private static let timeoutSkips: Set<String> = [
        "PipelineRun timeout has been reached", "PipelineRun Tasks timeout has been reached",
        "PipelineRun Finally timeout has been reached",
    ]

    /// Tekton's reason for a task that its own `when` expressions skipped.
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
                // Git sources report their commit as `sha1`, which cannot be compared with a bundle's digest.
                try cursor.readStringMember("sha256")
            }
        }
        resolvedDigest = digits.map { "sha256:" + $0.bounded(to: Bounds.digest) }
    }
}

/// The children of a PipelineRun, from its `status.childReferences`.
struct PipelineRunChildren {
    private(set) var counts = ChildCounts()
    private var unreadable = NonTaskRunChildren()

    /// Whether a TaskRun, CustomRun, or PipelineRun was created.
    var hasAny: Bool { !counts.isEmpty }

    /// The children that are not TaskRuns; nil if none.
    var others: NonTaskRunChildren? { unreadable.isEmpty ? nil : unreadable }

    /// Reads one reference; a malformed one counts as a TaskRun, since something was created.
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
    /// Adds one, up to the maximum.
    fileprivate mutating func increment() {
        if self < .max { self += 1 }
    }
}

/// A condition in the format of Knative's library, which Tekton uses.
struct KnativeCondition {
    var type = ""
    /// `True`, `False` or `Unknown`.
    var status = ""
    var reason = ""
    var message = ""
    var lastTransitionTime: EngineTime?
}

extension KnativeCondition {
    /// Reads a list of conditions; returns the one of type `Succeeded`.
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
            case "message": message = try cursor.readMessageIfPresent() ?? ""
            case "lastTransitionTime": lastTransitionTime = try cursor.readTimestampIfPresent()
            default: try cursor.skipValue()
            }
        }
    }
}

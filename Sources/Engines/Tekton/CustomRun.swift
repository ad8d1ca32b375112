import KubeClient
import TowlineAPI

/// The parts of a Tekton CustomRun that Towline reads; a controller other than Tekton's executes it.
struct CustomRun {
    private var name = ""
    private var task = ""
    private var isFinally = false
    private var pipelineRunUID = ""
    /// The kind of the custom task: `ApprovalTask`.
    private var customKind = ""
    private var condition: KnativeCondition?
    private var startTime: EngineTime?
    private var completionTime: EngineTime?

    /// The only version of CustomRuns, served by every Tekton release since v0.43.
    static let resource = ResourceType(group: "tekton.dev", version: "v1beta1", plural: "customruns", kind: "CustomRun")

    init(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
            switch key {
            case "metadata":
                let metadata = try ObjectMetadata(&cursor, annotations: [])
                name = metadata.name
                task = metadata.label(TaskRun.LabelKey.pipelineTask) ?? metadata.name
                isFinally = metadata.label(TaskRun.LabelKey.memberOf) == "finally"
                pipelineRunUID = metadata.label(TaskRun.LabelKey.pipelineRunUID) ?? metadata.controller?.uid ?? ""
            case "spec":
                try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
                    switch key {
                    case "customRef", "customSpec": customKind = try cursor.readStringMember("kind") ?? ""
                    default: try cursor.skipValue()
                    }
                }
            case "status":
                try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
                    switch key {
                    case "conditions": condition = try KnativeCondition.succeeded(&cursor)
                    case "startTime": startTime = try cursor.readTimestampIfPresent()
                    case "completionTime": completionTime = try cursor.readTimestampIfPresent()
                    default: try cursor.skipValue()
                    }
                }
            default: try cursor.skipValue()
            }
        }
    }

    var child: EngineChild {
        EngineChild(
            .customRun, phase, name: name, task: task, runUID: pipelineRunUID, hasStarted: hasStarted,
            isFinally: isFinally, isInterrupted: isInterrupted, awaitsPerson: phase == .unfinished && isApproval,
            finishedAt: completionTime ?? condition?.lastTransitionTime, failure: failure, waiting: waiting)
    }

    private var phase: EngineChild.Phase {
        switch condition?.status {
        case "True": .succeeded
        case "False": .failed
        default: .unfinished
        }
    }

    /// Whether this is an `ApprovalTask`, the kind of both OpenShift's manual-approval-gate and automatiko-approval-task.
    private var isApproval: Bool { customKind.hasPrefix("Approval") }

    /// An approval is not a step. For other controllers, only the start time they report is known.
    private var hasStarted: Bool? {
        if isApproval { return false }
        return phase == .succeeded || startTime != nil ? true : nil
    }

    private var isInterrupted: Bool { condition?.reason == "CustomRunCancelled" }

    private var failure: TaskFailure? {
        guard phase == .failed, let condition else { return nil }
        let reason: Reason =
            switch condition.reason {
            case "CustomRunCancelled": .cancelled
            case "CustomRunTimedOut": .taskTimeout
            default: .taskFailed
            }
        let message = condition.message.isEmpty ? "see CustomRun \(name)" : condition.message
        return TaskFailure(reason: reason, task: task, message: message)
    }

    private var waiting: String? {
        guard phase == .unfinished else { return nil }
        if isApproval { return "\(customKind) \(name)" }
        return condition == nil ? "no controller has picked up CustomRun \(name)" : nil
    }
}

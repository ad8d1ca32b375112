import KubeClient

/// What Towline reads of one node of an Argo Workflow.
struct WorkflowNode {
    /// The node's key in the map of nodes.
    let id: String
    /// `Pod`, `Container`, `Suspend`, `Steps`, `StepGroup`, `DAG`, `TaskGroup`, `Retry`, `Skipped`…
    var type = ""
    var phase = ""
    /// The name of the step or task.
    var displayName = ""
    var message = ""
    /// The template's node this one belongs to; empty for the root and for exit handlers.
    var boundaryID = ""
    var finishedAt: EngineTime?
    var exitCode: Int64?
    /// True for exit handlers and other hooks.
    var isHook = false
    /// True for a pod that keeps running beside the steps after it.
    var isDaemon = false
    /// True for a node whose outputs came from a cache, so that it needed no pod.
    var isMemoized = false
    /// The name of the template it was made of.
    var template = ""
    var startedAt: EngineTime?
    /// What comes after the node, or what it consists of.
    var children: [String] = []

    /// True for the nodes that do work, as opposed to those that group others.
    var isLeaf: Bool {
        switch type {
        case "Pod", "Container", "HTTP", "Plugin": true
        default: false
        }
    }

    /// True for the nodes that hold others together and fail with them.
    var isGroup: Bool {
        switch type {
        case "Steps", "StepGroup", "DAG", "TaskGroup", "Retry": true
        default: false
        }
    }

    var hasFailed: Bool { phase == "Failed" || phase == "Error" }
    var wasLeftOut: Bool { phase == "Skipped" || phase == "Omitted" }

    /// Whether a step of a node that does work has started; nil where that is not known.
    var hasStarted: Bool? {
        switch phase {
        case "", "Pending", "Skipped", "Omitted": false
        case "Running": true
        case "Succeeded": !isMemoized
        // Of a request or a plug-in nobody says how far it came.
        default: type == "Pod" || type == "Container" ? NodeMessage(message).hasStarted(exitCode: exitCode) : nil
        }
    }

    /// True for what counts as a task: not a container of a pod, and not what only holds others together.
    var isTask: Bool {
        switch type {
        case "Pod", "HTTP", "Plugin", "Suspend", "Skipped": true
        default: false
        }
    }
}

extension WorkflowNode {
    init(id: String, _ cursor: inout JSONCursor) throws(JSONError) {
        self.id = id
        try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
            switch key {
            case "type": type = try cursor.readStringIfPresent() ?? ""
            case "phase": phase = try cursor.readStringIfPresent() ?? ""
            case "displayName": displayName = try cursor.readStringIfPresent() ?? ""
            case "message": message = try cursor.readStringIfPresent() ?? ""
            case "boundaryID": boundaryID = try cursor.readStringIfPresent() ?? ""
            case "startedAt": startedAt = try cursor.readTimestampIfPresent()
            case "finishedAt": finishedAt = try cursor.readTimestampIfPresent()
            case "daemoned": isDaemon = try cursor.readBoolIfPresent() ?? false
            case "memoizationStatus": isMemoized = try cursor.readBoolMember("hit") ?? false
            case "templateName": template = try cursor.readStringIfPresent() ?? ""
            case "templateRef": template = try cursor.readStringMember("template") ?? ""
            case "nodeFlag": isHook = try cursor.readBoolMember("hooked") ?? false
            case "outputs": exitCode = try cursor.readIntegerMember("exitCode")
            case "children":
                try cursor.forEachElementIfPresent { (cursor) throws(JSONError) in
                    if let id = try cursor.readStringIfPresent() { children.append(id) }
                }
            default: try cursor.skipValue()
            }
        }
    }
}

import KubeClient
import TowlineAPI

/// What Towline reads of an Argo Workflow (`argoproj.io/v1alpha1`).
struct Workflow {
    var metadata = ObjectMetadata()
    /// `spec.shutdown`; a word Argo does not know counts as `Stop`, as it does for Argo.
    var requestedShutdown: Shutdown?
    /// `spec.suspend`: the workflow is held, or was halted on its way.
    var isHeld = false
    /// Argo's own garbage collection waits for that label to change, too.
    var isToBeArchived: Bool { metadata.label("workflows.argoproj.io/workflow-archiving-status") == "Pending" }
    /// `activeDeadlineSeconds` of the workflow, else of its template.
    var deadlineSeconds: Int64? { ownDeadline ?? templateDeadline }
    var ownDeadline: Int64?
    var templateDeadline: Int64?
    var phase = ""
    var message = ""
    /// Argo's own count, `n/m`: units that pods report, so not always tasks.
    var reportedProgress = ""
    var startedAt: EngineTime?
    var finishedAt: EngineTime?
    var outputs = OutputCollector()
    var summary = NodeSummary()
    /// Where the nodes stand in the text, to be read again when the run failed.
    var nodesText: JSONCursor?
    /// Why there are no nodes to read, though the workflow has some.
    var hiddenNodes: String?
    /// How long the templates that suspend the workflow for a time do so, as they say it, by their names.
    var pauses: [String: String] = [:]
}

extension Workflow {
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
            case "activeDeadlineSeconds": ownDeadline = try cursor.readIntegerIfPresent()
            case "suspend": isHeld = try cursor.readBoolIfPresent() ?? false
            case "templates": try readTemplates(&cursor)
            case "shutdown":
                let word = try cursor.readStringIfPresent() ?? ""
                requestedShutdown = word.isEmpty ? nil : Shutdown(rawValue: word) ?? .stop
            default: try cursor.skipValue()
            }
        }
    }

    private mutating func readStatus(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
            switch key {
            case "phase": phase = try cursor.readStringIfPresent() ?? ""
            case "message": message = try cursor.readStringIfPresent() ?? ""
            case "progress": reportedProgress = try cursor.readStringIfPresent() ?? ""
            case "startedAt": startedAt = try cursor.readTimestampIfPresent()
            case "finishedAt": finishedAt = try cursor.readTimestampIfPresent()
            case "outputs":
                try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
                    if key == "parameters" { try outputs.read(&cursor) } else { try cursor.skipValue() }
                }
            case "nodes":
                nodesText = cursor
                try cursor.forEachFieldIfPresent { (id, cursor) throws(JSONError) in
                    summary.add(try WorkflowNode(id: id, &cursor))
                }
            case "compressedNodes": try readHiding(&cursor, "Argo stores its nodes compressed")
            case "offloadNodeStatusVersion": try readHiding(&cursor, "Argo stores its nodes in a database")
            case "storedWorkflowTemplateSpec":
                try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
                    switch key {
                    case "activeDeadlineSeconds": templateDeadline = try cursor.readIntegerIfPresent()
                    case "templates": try readTemplates(&cursor)
                    default: try cursor.skipValue()
                    }
                }
            case "storedTemplates":
                try cursor.forEachFieldIfPresent { (_, cursor) throws(JSONError) in try readTemplate(&cursor) }
            default: try cursor.skipValue()
            }
        }
    }

    private mutating func readTemplates(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.forEachElementIfPresent { (cursor) throws(JSONError) in try readTemplate(&cursor) }
    }

    /// Keeps the name and the duration of a template that suspends the workflow for a time.
    private mutating func readTemplate(_ cursor: inout JSONCursor) throws(JSONError) {
        var name = ""
        var pause = ""
        try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
            switch key {
            case "name": name = try cursor.readStringIfPresent() ?? ""
            case "suspend": pause = try cursor.readStringMember("duration") ?? ""
            default: try cursor.skipValue()
            }
        }
        if !pause.isEmpty, !name.isEmpty { pauses[name] = pause }
    }

    /// Reads a field that stands there, and is not empty, where the nodes do not.
    private mutating func readHiding(_ cursor: inout JSONCursor, _ why: String) throws(JSONError) {
        if try cursor.readStringIfPresent()?.isEmpty == false { hiddenNodes = why }
    }

    /// The nodes with their connections; empty where there are none to read.
    var graph: NodeGraph {
        var nodes: [WorkflowNode] = []
        if var cursor = nodesText {
            // The text was read once before, so that it can be read again.
            try? cursor.forEachFieldIfPresent { (id, cursor) throws(JSONError) in
                nodes.append(try WorkflowNode(id: id, &cursor))
            }
        }
        return NodeGraph(nodes)
    }
}

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

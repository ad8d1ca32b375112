import KubeClient
import TowlineAPI

/// The parts of an Argo Workflow (`argoproj.io/v1alpha1`) that Towline reads.
struct Workflow {
    var metadata = ObjectMetadata()
    /// `spec.shutdown`; an unknown value counts as `Stop`, as in Argo.
    var requestedShutdown: Shutdown?
    /// `spec.suspend`: whether the workflow is suspended as a whole.
    var isSuspended = false
    /// Whether Argo still has to archive the workflow; its own garbage collection waits for this label, too.
    /// Argo removes the label only with the workflow; without an archive there is none.
    var archive: ArchiveMark {
        switch metadata.label("workflows.argoproj.io/workflow-archiving-status") {
        case "Pending": .promised
        case "Archived": .complete
        default: .none
        }
    }
    /// `activeDeadlineSeconds` of the workflow, or else of its template.
    var deadlineSeconds: Int64? { ownDeadline ?? templateDeadline }
    var ownDeadline: Int64?
    var templateDeadline: Int64?
    var phase = ""
    var message = ""
    /// Argo's `status.progress`, `n/m`, which may count units that pods report rather than tasks.
    var reportedProgress = ""
    var startedAt: EngineTime?
    var finishedAt: EngineTime?
    var outputs = OutputCollector()
    var summary = NodeSummary()
    /// The position of the nodes in the text; they are read again if the run failed.
    var nodesText: JSONCursor?
    /// Why the nodes cannot be read although the workflow has some.
    var missingNodesCause: String?
    /// The durations of suspend templates as written, by template name.
    var pauses: [String: String] = [:]

    /// The maximum number of nodes that are read. Argo's own nodes have at least 400 bytes, and etcd stores at most
    /// 1.5 MiB, so only forged nodes exceed it: they are short, but need much memory.
    static let maximumNodes = 8_192
    /// The maximum number of IDs in the `children` of all nodes together.
    static let maximumEdges = 65_536
    /// The maximum number of suspend templates with a duration.
    private static let maximumPauses = 1_024
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
            case "suspend": isSuspended = try cursor.readBoolIfPresent() ?? false
            case "templates": try readTemplates(&cursor)
            case "shutdown":
                let value = try cursor.readStringIfPresent() ?? ""
                requestedShutdown = value.isEmpty ? nil : Shutdown(rawValue: value) ?? .stop
            default: try cursor.skipValue()
            }
        }
    }

    private mutating func readStatus(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
            switch key {
            case "phase": phase = try cursor.readStringIfPresent() ?? ""
            case "message": message = try cursor.readMessageIfPresent() ?? ""
            case "progress": reportedProgress = try cursor.readStringIfPresent() ?? ""
            case "startedAt": startedAt = try cursor.readTimestampIfPresent()
            case "finishedAt": finishedAt = try cursor.readTimestampIfPresent()
            case "outputs":
                try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
                    if key == "parameters" { try outputs.read(&cursor) } else { try cursor.skipValue() }
                }
            case "nodes": try readNodes(&cursor)
            case "compressedNodes": try readMissingNodesCause(&cursor, "Argo stores its nodes compressed")
            case "offloadNodeStatusVersion": try readMissingNodesCause(&cursor, "Argo stores its nodes in a database")
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

    private mutating func readNodes(_ cursor: inout JSONCursor) throws(JSONError) {
        nodesText = cursor
        var (nodes, edges) = (0, 0)
        try cursor.forEachFieldIfPresent { (id, cursor) throws(JSONError) in
            nodes += 1
            guard nodes <= Self.maximumNodes, edges <= Self.maximumEdges else {
                try cursor.skipValue()
                return
            }
            let node = try WorkflowNode(id: id, &cursor)
            edges += node.children.count
            summary.add(node)
        }
        guard nodes > Self.maximumNodes || edges > Self.maximumEdges else { return }
        summary = NodeSummary()
        nodesText = nil
        missingNodesCause = "it has more than \(Self.maximumNodes) nodes, or too many edges between them"
    }

    private mutating func readTemplates(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.forEachElementIfPresent { (cursor) throws(JSONError) in try readTemplate(&cursor) }
    }

    /// Records the name and duration of a suspend template with a duration.
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
        if !pause.isEmpty, !name.isEmpty, pauses.count < Self.maximumPauses { pauses[name] = pause }
    }

    /// Reads a field that is set if the status does not contain the nodes.
    private mutating func readMissingNodesCause(_ cursor: inout JSONCursor, _ why: String) throws(JSONError) {
        if try cursor.readStringIfPresent()?.isEmpty == false { missingNodesCause = why }
    }

    /// The graph of the nodes; empty if the nodes cannot be read.
    var graph: NodeGraph {
        var nodes: [WorkflowNode] = []
        if var cursor = nodesText {
            // The same text was read before, so this cannot fail.
            try? cursor.forEachFieldIfPresent { (id, cursor) throws(JSONError) in
                nodes.append(try WorkflowNode(id: id, &cursor))
            }
        }
        return NodeGraph(nodes)
    }
}

/// The parts of an Argo Workflow's node that Towline reads.
struct WorkflowNode {
    /// The node's key in `status.nodes`.
    let id: String
    /// `Pod`, `Container`, `Suspend`, `Steps`, `StepGroup`, `DAG`, `TaskGroup`, `Retry`, `Skipped`…
    var type = ""
    var phase = ""
    /// The name of the step or task.
    var displayName = ""
    var message = ""
    /// The node of the enclosing template; empty for the root and for exit handlers.
    var boundaryID = ""
    var finishedAt: EngineTime?
    var exitCode: Int64?
    /// Whether the node is an exit handler or another hook.
    var isHook = false
    /// Whether the pod is a daemon, which keeps running during later steps.
    var isDaemon = false
    /// Whether the outputs came from a cache, so that no pod ran.
    var isMemoized = false
    /// The name of the node's template.
    var template = ""
    var startedAt: EngineTime?
    /// The IDs of the node's successors or parts.
    var children: [String] = []

    /// Whether the node does work, rather than grouping other nodes.
    var isLeaf: Bool {
        switch type {
        case "Pod", "Container", "HTTP", "Plugin": true
        default: false
        }
    }

    /// Whether the node groups others and fails with them.
    var isGroup: Bool {
        switch type {
        case "Steps", "StepGroup", "DAG", "TaskGroup", "Retry": true
        default: false
        }
    }

    var hasFailed: Bool { phase == "Failed" || phase == "Error" }
    var wasSkipped: Bool { phase == "Skipped" || phase == "Omitted" }

    /// Whether a step of a leaf node has started; nil if unknown.
    var hasStarted: Bool? {
        switch phase {
        case "", "Pending", "Skipped", "Omitted": false
        case "Running": true
        case "Succeeded": !isMemoized
        // Argo does not say how far an HTTP request or plugin got.
        default: type == "Pod" || type == "Container" ? NodeMessage(message).hasStarted(exitCode: exitCode) : nil
        }
    }

    /// Whether the node counts as a task; containers of a pod and groups do not.
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
            case "message": message = try cursor.readMessageIfPresent() ?? ""
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
                    // One more than the maximum shows that there are too many.
                    guard children.count <= Workflow.maximumEdges else {
                        try cursor.skipValue()
                        return
                    }
                    if let id = try cursor.readStringIfPresent() { children.append(id) }
                }
            default: try cursor.skipValue()
            }
        }
    }
}

import KubeClient

/// What users ask of a workflow that is under way.
struct WorkflowRequest: Hashable, Sendable {
    /// `Stop`, `Terminate` or empty.
    var shutdown: String
    var isSuspended: Bool
    /// The suspended nodes that someone resumed or rejected, with the phase they were given.
    var resumed: [String: NodePhase] = [:]

    init(_ object: JSONValue) {
        shutdown = object[path: ["spec", "shutdown"]]?.stringValue ?? ""
        isSuspended = object[path: ["spec", "suspend"]]?.boolValue ?? false
        for member in object[path: ["status", "nodes"]]?.objectValue ?? [:] {
            guard member.value["type"]?.stringValue == WorkflowNode.Kind.suspend.rawValue,
                let phase = (member.value["phase"]?.stringValue).flatMap(NodePhase.init(rawValue:)), phase.isFulfilled
            else { continue }
            resumed[member.key] = phase
        }
    }

    /// The exit handler runs, and nothing else is begun.
    var isStop: Bool { shutdown == "Stop" }
    var isShutdown: Bool { shutdown == "Stop" || shutdown == "Terminate" }
}

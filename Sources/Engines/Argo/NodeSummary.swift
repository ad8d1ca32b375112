import KubeClient

/// What all nodes of a Workflow together say about where it is; enough for a run that has not failed.
struct NodeSummary {
    private(set) var isEmpty = true
    /// True once a node that does work left Pending.
    private(set) var hasExecuted = false
    /// True while a node that does work has not ended.
    private(set) var isWorking = false
    /// True while a node waits for somebody to resume it.
    private(set) var isSuspended = false
    private(set) var skipsTasks = false
    /// How many of the skipped tasks Argo's own count of progress leaves out.
    private(set) var uncounted: Int32 = 0
    /// True when the tasks are over without success, and exit handlers are running.
    private(set) var hasRootFailed = false
    /// When the last node ended that a time limit ended, its own or the workflow's.
    private(set) var lastTimeout: EngineTime?
    /// What the first pending node waits for, where the kubelet said it.
    private(set) var waitingMessage: String?

    mutating func add(_ node: WorkflowNode) {
        isEmpty = false
        if node.wasLeftOut {
            skipsTasks = true
            if node.type == "Skipped", uncounted < .max { uncounted += 1 }
        }
        if node.type == "Suspend", node.phase == "Running" { isSuspended = true }
        if node.boundaryID.isEmpty, !node.isHook, node.hasFailed { hasRootFailed = true }
        guard node.isLeaf else { return }
        if node.hasLeftPending { hasExecuted = true }
        if node.phase == "Pending" || node.phase == "Running" { isWorking = true }
        if node.hasFailed, let end = node.finishedAt, NodeMessage(node.message).isDeadline {
            lastTimeout = max(lastTimeout ?? end, end)
        }
        if node.phase == "Pending", !node.message.isEmpty, waitingMessage == nil {
            waitingMessage = "task \(node.displayName) waits: \(node.message)"
        }
    }
}

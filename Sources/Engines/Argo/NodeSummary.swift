import KubeClient

/// Summarizes all nodes of a Workflow, which is enough for a run that has not failed.
struct NodeSummary {
    private(set) var isEmpty = true
    /// Whether a step is known to have started.
    private(set) var hasStarted = false
    /// Whether a step may have started although no node shows it.
    private(set) var mayHaveStarted = false
    /// Whether a node is still working; daemon containers do not count.
    private(set) var isWorking = false
    /// The nodes that currently suspend the workflow, in document order.
    private(set) var suspensions: [Suspension] = []
    private(set) var skipsTasks = false
    /// Whether the tasks have ended without success and exit handlers are running.
    private(set) var hasRootFailed = false
    /// When the last node ended that failed because of a deadline.
    private(set) var lastTimeout: EngineTime?
    /// What the first pending node waits for, as Argo or the kubelet reports it.
    private(set) var waitingMessage: String?
    private var tasks = TaskCount()

    /// A suspend node, which waits to be resumed or for its duration.
    struct Suspension {
        let task: String
        let template: String
        let startedAt: EngineTime?
    }

    /// The maximum number of suspensions kept.
    private static let maximumSuspensions = 16

    mutating func add(_ node: WorkflowNode) {
        isEmpty = false
        tasks.add(node)
        if node.wasSkipped { skipsTasks = true }
        if node.type == "Suspend", node.phase == "Running", suspensions.count < Self.maximumSuspensions {
            suspensions.append(
                Suspension(task: node.displayName, template: node.template, startedAt: node.startedAt))
        }
        if node.boundaryID.isEmpty, !node.isHook, node.hasFailed { hasRootFailed = true }
        addWaiting(node)
        guard node.isLeaf else { return }
        switch node.hasStarted {
        case true?: hasStarted = true
        case false?: break
        case nil: mayHaveStarted = true
        }
        if node.phase == "Pending" || (node.phase == "Running" && !node.isDaemon) { isWorking = true }
        if node.hasFailed, let end = node.finishedAt, NodeMessage(node.message).isDeadline {
            lastTimeout = max(lastTimeout ?? end, end)
        }
    }

    /// Records what a node waits for: a pod for a node or quota, any step for a lock, a retried step for its backoff.
    private mutating func addWaiting(_ node: WorkflowNode) {
        guard waitingMessage == nil, !node.message.isEmpty else { return }
        let isPausing = node.type == "Retry" && node.phase == "Running" && node.message.hasPrefix("Backoff for ")
        guard node.phase == "Pending" || isPausing else { return }
        waitingMessage = "task \(node.displayName.isEmpty ? node.id : node.displayName) is waiting: \(node.message)"
    }

    /// How many of the tasks with nodes are done; nil if none.
    func progress(hasSucceeded: Bool) -> Progress? { tasks.progress(hasSucceeded: hasSucceeded) }
}

/// Counts tasks; a task is done if it succeeded or its own condition skipped it.
///
/// Only the last attempt of a retried step counts.
private struct TaskCount {
    private struct Task {
        let id: String
        let boundaryID: String
        let isDone: Bool
        let wasOmitted: Bool
    }

    private var tasks: [Task] = []
    /// The children of retried steps in order: attempts and hooks.
    private var attempts: [[String]] = []
    private var hooks: Set<String> = []
    /// The boundary of each group, by the group's ID.
    private var boundaries: [String: String] = [:]

    /// The maximum nesting depth, more than any template has; it also stops cycles of node IDs.
    private static let maximumDepth = 64

    mutating func add(_ node: WorkflowNode) {
        if node.isHook { hooks.insert(node.id) }
        if node.isTask {
            tasks.append(
                Task(
                    id: node.id, boundaryID: node.boundaryID,
                    isDone: node.phase == "Succeeded" || node.phase == "Skipped",
                    wasOmitted: node.phase == "Omitted"))
        } else if node.isGroup {
            boundaries[node.id] = node.boundaryID
            if node.type == "Retry" { attempts.append(node.children) }
        }
    }

    func progress(hasSucceeded: Bool) -> Progress? {
        var done: Int32 = 0
        var total: Int32 = 0
        // The attempts that were followed by another.
        var superseded: Set<String> = []
        for children in attempts { superseded.formUnion(children.filter { !hooks.contains($0) }.dropLast()) }
        for task in tasks where !isPart(task, of: superseded) {
            guard total < .max else { break }
            total += 1
            // In a successful run, only conditions omit tasks.
            if task.isDone || (hasSucceeded && task.wasOmitted) { done += 1 }
        }
        return total == 0 ? nil : Progress(done: done, total: total)
    }

    private func isPart(_ task: Task, of groups: Set<String>) -> Bool {
        guard !groups.isEmpty else { return false }
        if groups.contains(task.id) { return true }
        var group = task.boundaryID
        for _ in 0..<Self.maximumDepth {
            if groups.contains(group) { return true }
            guard let next = boundaries[group], !next.isEmpty else { return false }
            group = next
        }
        return false
    }
}

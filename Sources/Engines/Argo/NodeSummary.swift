import KubeClient

/// What all nodes of a Workflow together say about where it is; enough for a run that has not failed.
struct NodeSummary {
    private(set) var isEmpty = true
    /// True once a step is known to have started.
    private(set) var hasStarted = false
    /// True where a step may have started, which nobody says.
    private(set) var mayHaveStarted = false
    /// True while a node that does work has not ended; what runs beside the steps does not count.
    private(set) var isWorking = false
    /// The nodes that suspend the workflow now, in the order in which they stand.
    private(set) var suspensions: [Suspension] = []
    private(set) var skipsTasks = false
    /// True when the tasks are over without success, and exit handlers are running.
    private(set) var hasRootFailed = false
    /// When the last node ended that a time limit ended, its own or the workflow's.
    private(set) var lastTimeout: EngineTime?
    /// What the first pending node waits for, where the engine or the kubelet said it.
    private(set) var waitingMessage: String?
    private var tasks = TaskCount()

    /// A node that waits to be resumed, or for its time.
    struct Suspension {
        let task: String
        let template: String
        let startedAt: EngineTime?
    }

    /// No more suspensions are kept; one of them is named.
    private static let maximumSuspensions = 16

    mutating func add(_ node: WorkflowNode) {
        isEmpty = false
        tasks.add(node)
        if node.wasLeftOut { skipsTasks = true }
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

    /// A pod waits for a node or a quota, a step of any type for a lock, a step that is tried again for its pause.
    private mutating func addWaiting(_ node: WorkflowNode) {
        guard waitingMessage == nil, !node.message.isEmpty else { return }
        let isPausing = node.type == "Retry" && node.phase == "Running" && node.message.hasPrefix("Backoff for ")
        guard node.phase == "Pending" || isPausing else { return }
        waitingMessage = "task \(node.displayName.isEmpty ? node.id : node.displayName) waits: \(node.message)"
    }

    /// How many of the tasks that Argo has made nodes for are done; nil without any.
    func progress(hasSucceeded: Bool) -> Progress? { tasks.progress(hasSucceeded: hasSucceeded) }
}

/// Counts tasks: what succeeded, or was skipped by its own condition, is done.
///
/// Of a step that is tried again only the last try counts.
private struct TaskCount {
    private struct Task {
        let id: String
        let boundaryID: String
        let isDone: Bool
        let wasOmitted: Bool
    }

    private var tasks: [Task] = []
    /// What the steps that are tried again consist of, in order: tries, and hooks.
    private var tries: [[String]] = []
    private var hooks: Set<String> = []
    /// The groups that nodes belong to; empty unless something was tried again.
    private var boundaries: [String: String] = [:]

    /// More levels than any template has; ids that form a circle end here.
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
            if node.type == "Retry" { tries.append(node.children) }
        }
    }

    func progress(hasSucceeded: Bool) -> Progress? {
        var done: Int32 = 0
        var total: Int32 = 0
        // The tries after which another one followed.
        var superseded: Set<String> = []
        for children in tries { superseded.formUnion(children.filter { !hooks.contains($0) }.dropLast()) }
        for task in tasks where !isPart(task, of: superseded) {
            guard total < .max else { break }
            total += 1
            // Only conditions leave tasks out of a workflow that succeeded.
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

import KubeClient
import WorkflowAPI

/// The children of a run whose own state Towline does not read: CustomRuns, and PipelineRuns of nested pipelines.
struct UnreadChildren: Hashable {
    /// How many there are.
    private(set) var count = 0
    /// How many children there are besides.
    var siblings = 0
    fileprivate var firstTask = ""
    /// The first one's kind and name.
    fileprivate var first = ""
    /// True while all of them belong to the same task.
    fileprivate var hasOneTask = true

    mutating func add(task: String, kind: String, name: String) {
        let task = task.bounded(to: Bounds.name)
        count += 1
        if count == 1 {
            firstTask = task
            first = "\(kind) \(name)".bounded(to: Bounds.name)
        } else if task != firstTask {
            hasOneTask = false
        }
    }
}

extension RunState {
    /// Tells of a failure that must lie in the unread children, as no other child failed.
    ///
    /// - Parameter readSiblings: how many of the other children were looked at; with one missing, nothing is certain.
    mutating func explain(by children: UnreadChildren, besides readSiblings: Int) {
        guard readSiblings >= children.siblings else { return }
        if children.hasOneTask {
            explain(by: TaskFailure(reason: .taskFailed, task: children.firstTask, message: "see \(children.first)"))
        } else if !hasOwnMessage {
            message = "a task failed that is no TaskRun: see \(children.first) and \(children.count - 1) more"
        }
    }
}

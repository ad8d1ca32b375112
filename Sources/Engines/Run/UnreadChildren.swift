import KubeClient
import TowlineAPI

/// How many objects an engine made for the tasks of a run, by kind; each count ends at 65,535.
struct ChildCounts: Hashable {
    var taskRuns: UInt16 = 0
    var customRuns: UInt16 = 0
    /// Children that no ``ChildListing`` shows: the PipelineRuns of nested pipelines.
    var others: UInt16 = 0

    var isEmpty: Bool { taskRuns == 0 && customRuns == 0 && others == 0 }
}

/// How many tasks a run has, and how many of them their own conditions left out.
struct TaskCounts: Hashable {
    var total: Int32
    var skipped: Int32
}

/// The children of a run that are no TaskRuns: the first of each kind, to name where nothing else failed.
struct UnreadChildren: Hashable {
    var customRuns = Group()
    /// PipelineRuns of nested pipelines, which are never read.
    var others = Group()

    var isEmpty: Bool { customRuns.count == 0 && others.count == 0 }

    struct Group: Hashable {
        fileprivate(set) var count = 0
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

        /// Both groups as one.
        func joined(with other: Group) -> Group {
            guard count > 0 else { return other }
            guard other.count > 0 else { return self }
            var group = self
            group.count += other.count
            group.hasOneTask = hasOneTask && other.hasOneTask && firstTask == other.firstTask
            return group
        }
    }
}

extension RunState {
    /// Tells of a failure that must lie in children that were not read, as no other child failed.
    mutating func explain(by children: UnreadChildren.Group) {
        guard children.count > 0 else { return }
        if children.hasOneTask {
            explain(by: TaskFailure(reason: .taskFailed, task: children.firstTask, message: "see \(children.first)"))
        } else if !hasOwnMessage {
            message = "a task failed that is no TaskRun: see \(children.first) and \(children.count - 1) more"
        }
    }
}

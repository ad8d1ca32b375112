import KubeClient
import TowlineAPI

/// A child of a run: the parts of a Tekton TaskRun or CustomRun that Towline uses.
///
/// It is small and bounded, since a run may have thousands: details of failed and waiting children are boxed.
public struct EngineChild: Hashable, Sendable {
    enum Kind: UInt8, Sendable {
        case taskRun, customRun
    }

    enum Phase: UInt8, Sendable {
        case unfinished, succeeded, failed
        /// Failed, but the workflow continues.
        case tolerated
    }

    let kind: Kind
    let phase: Phase
    /// Whether a step has started; nil if unknown.
    let hasStarted: Bool?
    /// Whether the task is in the pipeline's `finally` section.
    let isFinally: Bool
    /// Whether the engine ended the child for a reason outside of it.
    let isInterrupted: Bool
    /// Whether the child waits for a person.
    let awaitsPerson: Bool
    let name: String
    /// The task's name in the workflow.
    let task: String
    /// When it ended; nil if it has not or that is unknown.
    let finishedAt: EngineTime?
    private let runUID: CompactUID?
    private var details: Details.Stored?

    init(
        _ kind: Kind, _ phase: Phase, name: String, task: String, runUID: String, hasStarted: Bool?,
        isFinally: Bool = false, isInterrupted: Bool = false, awaitsPerson: Bool = false, finishedAt: EngineTime? = nil,
        failure: TaskFailure? = nil, waiting: String? = nil
    ) {
        self.kind = kind
        self.phase = phase
        self.name = name.bounded(to: Bounds.name)
        self.task = task.bounded(to: Bounds.name)
        self.runUID = runUID.isEmpty ? nil : CompactUID(runUID.bounded(to: Bounds.name))
        self.hasStarted = hasStarted
        self.isFinally = isFinally
        self.isInterrupted = isInterrupted
        self.awaitsPerson = awaitsPerson
        self.finishedAt = finishedAt
        let details = Details(failure: failure?.bounded, waiting: waiting?.bounded(to: Bounds.message))
        self.details = details.isEmpty ? nil : .box(details)
    }

    /// Why it failed; nil if it did not, or if the workflow ignores the failure.
    var failure: TaskFailure? { details?.details.failure }

    /// What it waits for; nil if it does not wait.
    var waiting: String? { details?.details.waiting }

    /// False for a child of an earlier run of the same name that the garbage collector has not deleted yet.
    public func belongs(toRunWithUID uid: String) -> Bool { runUID == nil || runUID == CompactUID(uid) }

    private struct Details: Hashable, Sendable {
        var failure: TaskFailure?
        var waiting: String?

        var isEmpty: Bool { failure == nil && waiting == nil }

        /// Boxes the details, so that a child without them needs only a pointer.
        indirect enum Stored: Hashable, Sendable {
            case box(Details)

            var details: Details {
                switch self {
                case .box(let details): details
                }
            }
        }
    }
}

extension EngineChild {
    /// The sort key of failures: failures before interruptions, tasks before `finally` tasks, then by time.
    ///
    /// Children without a time come last. Names break ties, so that the choice is deterministic.
    private var order: (Int, Int, EngineTime, String) {
        (isInterrupted ? 1 : 0, isFinally ? 1 : 0, finishedAt ?? .latest, name)
    }

    /// The child that failed first; nil if none failed.
    static func firstFailure(of children: [EngineChild]) -> EngineChild? {
        children.filter { $0.failure != nil }.min { $0.order < $1.order }
    }

    /// Drops the details of all children but those that are reported, so that few are in memory.
    public static func dropUnreportedDetails(of children: inout [EngineChild]) {
        let reported = [firstFailure(of: children), firstWaiting(of: children)].compactMap { $0 }
        for index in children.indices where children[index].details != nil && !reported.contains(children[index]) {
            children[index].details = nil
        }
    }

    /// The waiting child to report: those that wait for a person first, tasks before `finally` tasks, by name.
    static func firstWaiting(of children: [EngineChild]) -> EngineChild? {
        func order(_ child: EngineChild) -> (Int, Int, String) {
            (child.awaitsPerson ? 0 : 1, child.isFinally ? 1 : 0, child.name)
        }
        return children.filter { $0.waiting != nil }.min { order($0) < order($1) }
    }
}

extension RunState {
    /// Whether the children can complete the state.
    var needsChildren: Bool {
        guard children.taskRuns > 0 || children.customRuns > 0 else { return false }
        switch outcome {
        case nil: return reason == .executing || (executed == nil && reason != .queued)
        case .success?: return executed == nil
        default: return failure == nil
        }
    }

    /// Completes the state from the children: why the run failed, what its tasks wait for, and whether a step started.
    ///
    /// - Parameter read: The run's own children, as far as they could be read.
    mutating func complete(with read: [EngineChild]) {
        let taskRuns = read.count { $0.kind == .taskRun }
        let areTaskRunsRead = taskRuns >= Int(children.taskRuns)
        let areCustomRunsRead = read.count - taskRuns >= Int(children.customRuns)
        if read.contains(where: { $0.hasStarted == true }) {
            executed = true
        } else if isFinished, executed == nil, areTaskRunsRead, areCustomRunsRead, children.others == 0,
            read.allSatisfy({ $0.hasStarted == false && $0.phase != .unfinished })
        {
            executed = false
        }
        if areTaskRunsRead, areCustomRunsRead { countTasks(of: read) }
        switch outcome {
        case nil: wait(for: read)
        case .success?: break
        default: explain(by: read, areTaskRunsRead: areTaskRunsRead, areCustomRunsRead: areCustomRunsRead)
        }
        children = ChildCounts()
        nonTaskRuns = nil
        taskCounts = nil
    }

    /// Sets the failure; distinguishes failures before and after a shutdown from its consequences.
    ///
    /// A task outside `finally` that failed on its own had failed before the stop, since a stop cancels running tasks.
    private mutating func explain(by read: [EngineChild], areTaskRunsRead: Bool, areCustomRunsRead: Bool) {
        if let first = EngineChild.firstFailure(of: read), let failure = first.failure {
            let isCausedByShutdown = wasShutDown && first.isInterrupted
            if wasShutDown, !first.isInterrupted {
                if first.isFinally {
                    if reason == .taskFailed { reason = .cancelled }
                } else if reason == .cancelled, failure.reason.outcome == .failed || failure.reason.outcome == .timeout
                {
                    reason = .taskFailed
                    message = ""
                }
            }
            // In a canceled run, a canceled task is not a failure.
            if outcome == .cancelled, isCausedByShutdown || first.isInterrupted { return }
            explain(by: failure)
        } else if reason == .taskFailed, areTaskRunsRead, let nonTaskRuns {
            explain(
                by: areCustomRunsRead
                    ? nonTaskRuns.others : nonTaskRuns.customRuns.joined(with: nonTaskRuns.others))
        }
    }

    /// Counts the tasks if the run's message does not; a task with several children is done if all of them are.
    private mutating func countTasks(of read: [EngineChild]) {
        guard progress == nil, isFinished, children.others == 0, let counts = taskCounts, counts.total > 0 else {
            return
        }
        let unsuccessful = Set(read.lazy.filter { $0.phase != .succeeded }.map(\.task))
        let succeeded = Set(read.lazy.filter { $0.phase == .succeeded }.map(\.task)).subtracting(unsuccessful)
        let (done, overflowed) = counts.skipped.addingReportingOverflow(Int32(clamping: succeeded.count))
        guard !overflowed else { return }
        progress = Progress(done: min(done, counts.total), total: counts.total)
    }

    /// Sets what an unfinished run waits for.
    private mutating func wait(for children: [EngineChild]) {
        guard reason == .executing, let waiting = EngineChild.firstWaiting(of: children), let cause = waiting.waiting
        else { return }
        message =
            waiting.awaitsPerson
            ? approvalMessage(waiting.task, cause, others: children.count { $0.awaitsPerson } - 1)
            : "task \(waiting.task) is waiting: \(cause)"
        let areAllWaiting = children.allSatisfy { $0.phase != .unfinished || $0.awaitsPerson }
        if areAllWaiting { reason = .suspended }
    }

    private func approvalMessage(_ task: String, _ approval: String, others: Int) -> String {
        let more = others > 0 ? " (and \(others) more)" : ""
        return "task \(task)\(more) is waiting for approval: approve or reject \(approval)"
    }
}

/// The number of objects created for the tasks of a run, by kind, each capped at 65,535.
struct ChildCounts: Hashable {
    var taskRuns: UInt16 = 0
    var customRuns: UInt16 = 0
    /// Children that no ``ChildListing`` lists: the PipelineRuns of nested pipelines.
    var others: UInt16 = 0

    var isEmpty: Bool { taskRuns == 0 && customRuns == 0 && others == 0 }
}

/// The number of tasks of a run, and how many of them their own conditions skipped.
struct TaskCounts: Hashable {
    var total: Int32
    var skipped: Int32
}

/// The children of a run that are not TaskRuns; the first of each kind is reported if nothing else failed.
struct NonTaskRunChildren: Hashable {
    var customRuns = Group()
    /// The PipelineRuns of nested pipelines, which are never read.
    var others = Group()

    var isEmpty: Bool { customRuns.count == 0 && others.count == 0 }

    struct Group: Hashable {
        fileprivate(set) var count = 0
        fileprivate var firstTask = ""
        /// The kind and name of the first child.
        fileprivate var first = ""
        /// Whether all of them belong to the same task.
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

        /// The union of both groups.
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
    /// Attributes the failure to children that were not read, since no other child failed.
    mutating func explain(by children: NonTaskRunChildren.Group) {
        guard children.count > 0 else { return }
        if children.hasOneTask {
            explain(by: TaskFailure(reason: .taskFailed, task: children.firstTask, message: "see \(children.first)"))
        } else if !hasOwnMessage {
            message = "a task failed: see \(children.first) and \(children.count - 1) more"
        }
    }
}

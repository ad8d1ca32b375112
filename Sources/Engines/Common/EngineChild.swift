import KubeClient
import TowlineAPI

/// What one object says that an engine made for a part of a run: a Tekton TaskRun or CustomRun.
///
/// Bounded and small, since a run may have thousands: what only failed and waiting children say is stored apart.
public struct EngineChild: Hashable, Sendable {
    enum Kind: UInt8, Sendable {
        case taskRun, customRun
    }

    enum Phase: UInt8, Sendable {
        case unfinished, succeeded, failed
        /// It failed, and the workflow continues regardless.
        case tolerated
    }

    let kind: Kind
    let phase: Phase
    /// True when one of its steps is known to have started, false when none is known not to have; nil when unknown.
    let hasStarted: Bool?
    /// True for a task of the pipeline's `finally` section.
    let isFinally: Bool
    /// True for a child that the engine ended for a reason outside of it.
    let isInterrupted: Bool
    /// True for one that waits for a person.
    let awaitsPerson: Bool
    let name: String
    /// The task's name in the workflow.
    let task: String
    /// When it ended; nil while it has not, or where that is unknown.
    let finishedAt: EngineTime?
    private let runUID: CompactUID?
    private let details: Details.Stored?

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
        let details = Details(failure: failure, waiting: waiting?.bounded(to: Bounds.message))
        self.details = details.isEmpty ? nil : .box(details)
    }

    /// Why it failed; nil for one that did not, or whose failure the workflow ignores.
    var failure: TaskFailure? { details?.facts.failure }

    /// What it waits for, in the engine's words; nil where it does not wait.
    var waiting: String? { details?.facts.waiting }

    /// False for a child of an earlier run of the same name, which may not have been collected yet.
    func belongs(toRunWithUID uid: String) -> Bool { runUID == nil || runUID == CompactUID(uid) }

    private struct Details: Hashable, Sendable {
        var failure: TaskFailure?
        var waiting: String?

        var isEmpty: Bool { failure == nil && waiting == nil }

        /// The details in a block of their own, so that a child without any needs only a pointer's room.
        indirect enum Stored: Hashable, Sendable {
            case box(Details)

            var facts: Details {
                switch self {
                case .box(let details): details
                }
            }
        }
    }
}

extension EngineChild {
    /// Puts failures in order: real ones before interrupted tasks, tasks before `finally` tasks, then by time.
    ///
    /// A child without a time comes last; names decide where times do not, so that the choice is always the same.
    private var order: (Int, Int, EngineTime, String) {
        (isInterrupted ? 1 : 0, isFinally ? 1 : 0, finishedAt ?? .latest, name)
    }

    /// The child that failed first; nil without a failure.
    static func firstFailure(of children: [EngineChild]) -> EngineChild? {
        children.filter { $0.failure != nil }.min { $0.order < $1.order }
    }

    /// The child to name among those that wait: first what waits for a person, tasks before `finally` tasks, by name.
    static func firstWaiting(of children: [EngineChild]) -> EngineChild? {
        func order(_ child: EngineChild) -> (Int, Int, String) {
            (child.awaitsPerson ? 0 : 1, child.isFinally ? 1 : 0, child.name)
        }
        return children.filter { $0.waiting != nil }.min { order($0) < order($1) }
    }
}

extension RunState {
    /// True when the run's children know more about it than the run itself.
    var needsChildren: Bool {
        guard children.taskRuns > 0 || children.customRuns > 0 else { return false }
        switch outcome {
        case nil: return reason == .executing || (executed == nil && reason != .queued)
        case .success?: return executed == nil
        default: return failure == nil
        }
    }

    /// Adds what the run's children say: why it failed, what its tasks wait for, and whether a step started.
    ///
    /// - Parameter read: the run's own children, as far as they could be read.
    mutating func complete(by read: [EngineChild]) {
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

    /// Names the failure, and tells one that came before a shutdown, or after it, from what the shutdown did.
    ///
    /// Whatever failed by itself outside the cleanup had failed before the run was stopped: what runs then is cancelled.
    private mutating func explain(by read: [EngineChild], areTaskRunsRead: Bool, areCustomRunsRead: Bool) {
        if let first = EngineChild.firstFailure(of: read), let failure = first.failure {
            let isOfShutdown = wasShutDown && first.isInterrupted
            if wasShutDown, !first.isInterrupted {
                if first.isFinally {
                    if reason == .taskFailed { reason = .cancelled }
                } else if reason == .cancelled, failure.reason.outcome == .failed || failure.reason.outcome == .timeout
                {
                    reason = .taskFailed
                    message = ""
                }
            }
            // Of a run that was cancelled, what was cancelled with it is no failure.
            if outcome == .cancelled, isOfShutdown || first.isInterrupted { return }
            explain(by: failure)
        } else if reason == .taskFailed, areTaskRunsRead, let nonTaskRuns {
            explain(
                by: areCustomRunsRead
                    ? nonTaskRuns.others : nonTaskRuns.customRuns.joined(with: nonTaskRuns.others))
        }
    }

    /// Counts the tasks of a run whose own message does not; a task with several children is done when all of them are.
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

    /// Tells what an unfinished run waits for.
    private mutating func wait(for children: [EngineChild]) {
        guard reason == .executing, let waiting = EngineChild.firstWaiting(of: children), let cause = waiting.waiting
        else { return }
        message =
            waiting.awaitsPerson ? "task \(waiting.task) waits for \(cause)" : "task \(waiting.task) waits: \(cause)"
        let areAllWaiting = children.allSatisfy { $0.phase != .unfinished || $0.awaitsPerson }
        if areAllWaiting { reason = .suspended }
    }
}

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
struct NonTaskRunChildren: Hashable {
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
    mutating func explain(by children: NonTaskRunChildren.Group) {
        guard children.count > 0 else { return }
        if children.hasOneTask {
            explain(by: TaskFailure(reason: .taskFailed, task: children.firstTask, message: "see \(children.first)"))
        } else if !hasOwnMessage {
            message = "a task failed that is no TaskRun: see \(children.first) and \(children.count - 1) more"
        }
    }
}

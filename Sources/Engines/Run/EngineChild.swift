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

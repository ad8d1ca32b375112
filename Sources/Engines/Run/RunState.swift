public import KubeClient
public import TowlineAPI

/// What a run of any engine says about itself, in one vocabulary.
///
/// Made by an ``Engine`` from one reading of the run, and again by ``Engine/state(of:children:)`` when its children
/// were looked at. The reason decides whether and how the run ended. Thousands of finished ones are kept in memory, so
/// what most of them lack is stored apart.
public struct RunState: Hashable, Sendable {
    public var reason: Reason
    /// Did any step start? True and false are both certain, and false is only said of a run that has ended; nil when
    /// it is not known.
    public var executed: Bool?
    public var progress: Progress?
    /// The engine's own word, verbatim, bounded; empty where it said none.
    public let engineReason: String
    /// When the run began and ended, by the engine's clock.
    public var startedAt: EngineTime?
    public var finishedAt: EngineTime?
    private var rare: RareFacts.Stored?

    init(_ reason: Reason, engineReason: String = "", executed: Bool? = nil) {
        self.reason = reason
        self.executed = executed
        self.engineReason = engineReason.bounded(to: Bounds.engineReason)
    }

    /// How the run ended; nil while it has not.
    public var outcome: Outcome? { reason.outcome }

    public var isFinished: Bool { outcome != nil }

    /// What is going on or went wrong, for people; never empty, bounded.
    public internal(set) var message: String {
        get {
            let text = rare?.facts.message ?? ""
            return text.isEmpty ? standardMessage : text
        }
        set { change { $0.message = newValue.bounded(to: Bounds.message) } }
    }

    /// True when something is stored apart, at the price of a heap block.
    var hasRareFacts: Bool { rare != nil }

    /// True when the engine said something worth repeating.
    var hasOwnMessage: Bool { rare?.facts.message.isEmpty == false }

    /// The task that failed first; nil without a failure, or where the engine does not tell.
    public internal(set) var failure: Failure? {
        get { rare?.facts.failure }
        set { change { $0.failure = newValue } }
    }

    /// The workflow's results, bounded in number and size; where something was cut, it says so.
    public internal(set) var outputs: [Output] {
        get { rare?.facts.outputs ?? [] }
        set { change { $0.outputs = newValue } }
    }

    /// The digest of the workflow that really ran, `sha256:…`, where the engine reports it.
    public internal(set) var resolvedDigest: String? {
        get { rare?.facts.resolvedDigest }
        set { change { $0.resolvedDigest = newValue } }
    }

    /// How many children the run names; those of a state that its children completed already are not counted.
    var children = ChildCounts()

    /// True for a run that was asked to end; what its children say then decides whether it had failed before.
    var wasShutDown = false

    /// How many tasks there are, of a run that does not count them itself.
    var taskCounts: TaskCounts? {
        get { rare?.facts.taskCounts }
        set { change { $0.taskCounts = newValue } }
    }

    /// The children that are no TaskRuns; kept until the children were looked at.
    var unreadChildren: UnreadChildren? {
        get { rare?.facts.unreadChildren }
        set { change { $0.unreadChildren = newValue } }
    }

    private mutating func change(_ edit: (inout RareFacts) -> Void) {
        var facts = rare?.facts ?? RareFacts()
        edit(&facts)
        rare = facts == RareFacts() ? nil : .box(facts)
    }
}

/// What few states have.
private struct RareFacts: Hashable, Sendable {
    var message = ""
    var failure: Failure?
    var outputs: [Output] = []
    var resolvedDigest: String?
    var unreadChildren: UnreadChildren?
    var taskCounts: TaskCounts?

    /// The facts in a block of their own, so that a state without any needs only a pointer's room.
    indirect enum Stored: Hashable, Sendable {
        case box(RareFacts)

        var facts: RareFacts {
            switch self {
            case .box(let facts): facts
            }
        }
    }
}

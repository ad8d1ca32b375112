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
    var nonTaskRuns: NonTaskRunChildren? {
        get { rare?.facts.nonTaskRuns }
        set { change { $0.nonTaskRuns = newValue } }
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
    var nonTaskRuns: NonTaskRunChildren?
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

extension RunState {
    /// The message of a state about which the engine said nothing worth repeating.
    var standardMessage: String {
        switch reason {
        case .awaitingEngine: "the engine has not looked at the run yet"
        case .queued: "the engine holds the run back"
        case .resolving: "the engine is fetching the workflow's definition"
        case .executing: progressText ?? "the run is executing"
        case .suspended: "the run is suspended and waits for somebody to resume it"
        case .stopping: "a task failed or was cancelled, and the run is ending"
        case .cancelling: "the run was asked to end and is ending"
        case .timingOut: "a time limit was reached and the run is ending"
        case .succeeded: progressText ?? "the run succeeded"
        case .completedWithSkips: progressText.map { $0 + ", some of them skipped" } ?? "some tasks were skipped"
        case .cancelled: "the run was cancelled"
        case .taskFailed: "a task failed"
        default: "the run ended without a message"
        }
    }

    private var progressText: String? {
        progress.map { $0.total == 1 ? "\($0.done) of 1 task done" : "\($0.done) of \($0.total) tasks done" }
    }
}

/// One failed task of a run, as far as its engine tells, with the failure's meaning in Towline's vocabulary.
struct TaskFailure: Hashable {
    var reason: Reason
    var task: String
    var step: String?
    var exitCode: Int64?
    /// The engine's own sentence about it.
    var message: String

    /// The form in which it goes into a status.
    fileprivate func summary(reason: Reason) -> Failure {
        Failure(
            task: task.bounded(to: Bounds.name), step: step?.bounded(to: Bounds.name), exitCode: exitCode,
            reason: reason.rawValue, message: message.isEmpty ? nil : message.bounded(to: Bounds.message))
    }
}

extension RunState {
    /// Takes over what the first failed task tells about why the run failed.
    ///
    /// A run of which only that is known ends as its task did, where that is a failure or a timeout of the task. What
    /// the engine already told about the run stays: over its time limit, say, whatever its interrupted tasks tell.
    mutating func explain(by failure: TaskFailure) {
        if reason == .taskFailed, failure.reason.outcome == .failed || failure.reason.outcome == .timeout {
            reason = failure.reason
        }
        let isInterruption = outcome == .timeout && failure.reason.outcome != .failed
        self.failure = failure.summary(reason: isInterruption ? reason : failure.reason)
        if !hasOwnMessage {
            let sentence = "task \(failure.task) failed" + (failure.message.isEmpty ? "" : ": \(failure.message)")
            message = outcome == .cancelled ? "the run was cancelled, and then \(sentence)" : sentence
        }
    }
}

/// How many of a run's known tasks are done: what succeeded, and what its own condition left out.
///
/// What failed, was cancelled or was never started is not done.
public struct Progress: Hashable, Sendable {
    public let done: Int32
    public let total: Int32

    /// Nil when the numbers contradict each other.
    public init?(done: Int32, total: Int32) {
        guard done >= 0, done <= total else { return nil }
        self.done = done
        self.total = total
    }

    /// Reads `3/7`; nil for other text, and for `0/0`, which says nothing.
    public init?(_ text: String) {
        var scanner = TextScanner(text)
        guard let done = scanner.number(), scanner.consume("/"), let total = scanner.number(), scanner.isAtEnd,
            total > 0
        else { return nil }
        self.init(done: done, total: total)
    }
}

extension Progress: CustomStringConvertible {
    public var description: String { "\(done)/\(total)" }
}

/// Takes the results of a run up to a number and a size, and says where it cut.
struct OutputCollector {
    private var kept: [Output] = []
    private var size = 0
    private var leftOut = 0

    /// Reads a list of `{name, value}`, the form both engines use; what has no name or no value is no result.
    mutating func read(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.forEachElementIfPresent { (cursor) throws(JSONError) in
            var name = ""
            var value: String?
            try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
                switch key {
                case "name": name = try cursor.readStringIfPresent() ?? ""
                case "value": value = try cursor.readTextIfPresent()
                default: try cursor.skipValue()
                }
            }
            if let value, !name.isEmpty { add(Output(name: name.bounded(to: Bounds.name), value: Self.cut(value))) }
        }
    }

    private mutating func add(_ output: Output) {
        let sum = size + output.value.utf8.count
        // One place is kept free for the mark.
        guard kept.count < Bounds.outputs - 1, sum <= Bounds.outputsTotal else {
            leftOut += 1
            return
        }
        kept.append(output)
        size = sum
    }

    private static func cut(_ value: String) -> String {
        let size = value.utf8.count
        guard size > Bounds.outputValue else { return value }
        let mark = " (cut, it has \(size) bytes)"
        return value.bounded(to: Bounds.outputValue - mark.utf8.count) + mark
    }

    /// What was kept; where results were left out, a last one named `…` says how many.
    var outputs: [Output] {
        guard leftOut > 0 else { return kept }
        return kept + [Output(name: "…", value: "\(leftOut) more left out")]
    }
}

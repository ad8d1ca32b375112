public import KubeClient
public import TowlineAPI

/// The state of a run in terms that are common to all engines.
///
/// An ``Engine`` makes it from the run, and completes it from the run's children in ``Engine/state(of:children:)``. The
/// reason determines whether and how the run ended. Thousands of states are kept in memory, so rarely used fields are
/// stored in a separate block.
public struct RunState: Hashable, Sendable {
    public var reason: Reason
    /// Whether any step started; false only for a run that has ended, nil if unknown.
    public var executed: Bool?
    public var progress: Progress?
    /// The engine's reason, verbatim and bounded; empty if none.
    public let engineReason: String
    /// When the run started, by the engine's clock.
    public var startedAt: EngineTime?
    public var finishedAt: EngineTime?
    private var rare: RareFields.Stored?

    init(_ reason: Reason, engineReason: String = "", executed: Bool? = nil) {
        self.reason = reason
        self.executed = executed
        self.engineReason = engineReason.bounded(to: Bounds.engineReason)
    }

    /// How the run ended; nil if it has not.
    public var outcome: Outcome? { reason.outcome }

    public var isFinished: Bool { outcome != nil }

    /// What is happening or went wrong, for users; never empty, bounded.
    public internal(set) var message: String {
        get {
            let text = rare?.fields.message ?? ""
            return text.isEmpty ? defaultMessage : text
        }
        set { change { $0.message = newValue.bounded(to: Bounds.message) } }
    }

    /// Whether rarely used fields are stored, which takes a heap block.
    var hasRareFields: Bool { rare != nil }

    /// Appends what the user should do, shortening the rest of the message if necessary.
    mutating func append(advice: String) {
        message = message.bounded(to: max(0, Bounds.message - advice.utf8.count)) + advice
    }

    /// Appends how to get past a missing template, since the execution has ended and never looks for it again.
    mutating func adviseToCreateTemplate() {
        append(advice: ". Create the template first; this execution has ended, so create a new one.")
    }

    /// Whether the message is not the default one.
    var hasOwnMessage: Bool { rare?.fields.message.isEmpty == false }

    /// The task that failed first; nil if none failed or the engine does not say.
    public internal(set) var failure: Failure? {
        get { rare?.fields.failure }
        set { change { $0.failure = newValue } }
    }

    /// The workflow's results, bounded in number and size; truncated results are marked.
    public internal(set) var outputs: [Output] {
        get { rare?.fields.outputs ?? [] }
        set { change { $0.outputs = newValue } }
    }

    /// The state for a cache: if the outputs are large, only the first ones.
    ///
    /// Thousands of runs are cached, and each can have 32 KiB of outputs. A live read gets them when they are reported.
    public var abridged: RunState {
        guard !isAbridged, Self.size(of: outputs) > Bounds.cachedOutputs else { return self }
        var kept: [Output] = []
        // The note about omitted outputs needs less.
        var left = Bounds.cachedOutputs - 128
        for output in outputs {
            left -= Self.size(of: [output])
            if left < 0 { break }
            kept.append(output)
        }
        var state = self
        state.change {
            $0.outputs = kept + [Output(name: "…", value: "\(outputs.count - kept.count) more omitted")]
            $0.isAbridged = true
        }
        return state
    }

    /// Whether outputs were dropped for a cache.
    public var isAbridged: Bool { rare?.fields.isAbridged ?? false }

    private static func size(of outputs: [Output]) -> Int {
        outputs.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + MemoryLayout<Output>.size }
    }

    /// The digest of the workflow that ran, `sha256:…`; nil if the engine does not report it.
    public internal(set) var resolvedDigest: String? {
        get { rare?.fields.resolvedDigest }
        set { change { $0.resolvedDigest = newValue } }
    }

    /// The number of children that the run names; zero after the state was completed from its children.
    var children = ChildCounts()

    /// Whether a stop was requested; the children then decide whether the run had failed before.
    var wasShutDown = false

    /// The number of tasks, if the run's message does not count them.
    var taskCounts: TaskCounts? {
        get { rare?.fields.taskCounts }
        set { change { $0.taskCounts = newValue } }
    }

    /// The children that are not TaskRuns, until the state is completed from the children.
    var nonTaskRuns: NonTaskRunChildren? {
        get { rare?.fields.nonTaskRuns }
        set { change { $0.nonTaskRuns = newValue } }
    }

    private mutating func change(_ edit: (inout RareFields) -> Void) {
        var fields = rare?.fields ?? RareFields()
        edit(&fields)
        rare = fields == RareFields() ? nil : .box(fields)
    }
}

/// The fields that few states have.
private struct RareFields: Hashable, Sendable {
    var message = ""
    var failure: Failure?
    var outputs: [Output] = []
    var isAbridged = false
    var resolvedDigest: String?
    var nonTaskRuns: NonTaskRunChildren?
    var taskCounts: TaskCounts?

    /// Boxes the fields, so that a state without them needs only a pointer.
    indirect enum Stored: Hashable, Sendable {
        case box(RareFields)

        var fields: RareFields {
            switch self {
            case .box(let fields): fields
            }
        }
    }
}

extension RunState {
    /// The message if the engine provides none.
    var defaultMessage: String {
        switch reason {
        case .awaitingEngine: "waiting for the engine to pick up the run"
        case .queued: "the engine has queued the run"
        case .resolving: "the engine is fetching the workflow's definition"
        case .executing: progressText ?? "the run is in progress"
        case .suspended: "the run is suspended; resume it in the engine to continue"
        case .stopping: "a task failed or was canceled; the run is ending"
        case .cancelling: "stop requested; the run is ending"
        case .timingOut: "the timeout expired; the run is ending"
        case .succeeded: progressText ?? "the run succeeded"
        case .completedWithSkips: progressText.map { $0 + ", some skipped" } ?? "some tasks were skipped"
        case .cancelled: "the run was canceled"
        case .taskFailed: "a task failed"
        default: "the run ended; the engine gave no reason"
        }
    }

    private var progressText: String? {
        progress.map { $0.total == 1 ? "\($0.done) of 1 task done" : "\($0.done) of \($0.total) tasks done" }
    }
}

/// A failed task of a run.
struct TaskFailure: Hashable {
    var reason: Reason
    var task: String
    var step: String?
    var exitCode: Int64?
    /// The engine's message about the failure.
    var message: String

    /// The failure with its text truncated to what a status can have.
    var bounded: TaskFailure {
        TaskFailure(
            reason: reason, task: task.bounded(to: Bounds.name), step: step?.bounded(to: Bounds.name),
            exitCode: exitCode, message: message.bounded(to: Bounds.message))
    }

    /// The failure as stored in a status.
    fileprivate func summary(reason: Reason) -> Failure {
        let bounded = bounded
        return Failure(
            task: bounded.task, step: bounded.step, exitCode: exitCode, reason: reason.rawValue,
            message: message.isEmpty ? nil : bounded.message)
    }
}

extension RunState {
    /// Sets the failure, and the reason and message if the run has none, from the first failed task.
    ///
    /// A more specific reason from the engine stays: a timed-out run stays timed out regardless of its tasks.
    mutating func explain(by failure: TaskFailure) {
        if reason == .taskFailed, failure.reason.outcome == .failed || failure.reason.outcome == .timeout {
            reason = failure.reason
        }
        let isInterruption = outcome == .timeout && failure.reason.outcome != .failed
        self.failure = failure.summary(reason: isInterruption ? reason : failure.reason)
        if !hasOwnMessage {
            let sentence = "task \(failure.task) failed" + (failure.message.isEmpty ? "" : ": \(failure.message)")
            message = outcome == .cancelled ? "the run was canceled, then \(sentence)" : sentence
        }
    }
}

/// How many of a run's known tasks are done: those that succeeded or that their own conditions skipped.
///
/// Tasks that failed, were canceled, or never started are not done.
public struct Progress: Hashable, Sendable {
    public let done: Int32
    public let total: Int32

    /// Nil unless `0 <= done <= total`.
    public init?(done: Int32, total: Int32) {
        guard done >= 0, done <= total else { return nil }
        self.done = done
        self.total = total
    }

    /// Parses `3/7`; nil for any other text and for a total of zero.
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

/// Collects the results of a run up to a number and a size, and marks what it truncates or omits.
struct OutputCollector {
    private var kept: [Output] = []
    private var size = 0
    private var omitted = 0

    /// Reads a list of `{name, value}`, the form of both engines; ignores entries without a name or value.
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
            if let value, !name.isEmpty {
                add(Output(name: name.bounded(to: Bounds.name), value: Self.truncated(value)))
            }
        }
    }

    private mutating func add(_ output: Output) {
        let sum = size + output.value.utf8.count
        // One entry is reserved for the note about omitted results.
        guard kept.count < Bounds.outputs - 1, sum <= Bounds.outputsTotal else {
            omitted += 1
            return
        }
        kept.append(output)
        size = sum
    }

    private static func truncated(_ value: String) -> String {
        let size = value.utf8.count
        guard size > Bounds.outputValue else { return value }
        let mark = " (truncated, \(size) bytes in total)"
        return value.bounded(to: Bounds.outputValue - mark.utf8.count) + mark
    }

    /// The collected results; if some were omitted, a last one named `…` says how many.
    var outputs: [Output] {
        guard omitted > 0 else { return kept }
        return kept + [Output(name: "…", value: "\(omitted) more omitted")]
    }
}

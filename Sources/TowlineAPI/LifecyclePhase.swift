import KubeClient

/// The phases of a lifecycle, in the order in which they run.
///
/// The spec of a ``Lifecycle`` and `spec.lifecycle` of an ``Environment`` have the same fields.
public struct PhasePlan: Hashable, Sendable {
    public var phases: [LifecyclePhase]
    /// The phase whose success makes the environment ready; nil for the default, see ``readiness``.
    public var readyAfter: String?
    /// What follows when a gating phase has failed.
    public var onFailure: FailurePolicy

    public init(phases: [LifecyclePhase], readyAfter: String? = nil, onFailure: FailurePolicy = .hold) {
        self.phases = phases
        self.readyAfter = readyAfter
        self.onFailure = onFailure
    }

    /// What to do when a gating phase has failed.
    public enum FailurePolicy: String, Hashable, Sendable {
        /// The environment stays as it is, so that a user can look at it and retry the phase.
        case hold = "Hold"
        /// The environment is torn down.
        case teardown = "Teardown"
    }

    /// What makes an environment ready.
    public enum Readiness: Hashable, Sendable {
        /// The success of this phase.
        case phase(String)
        /// A `markReady` step.
        case step
        /// The start of the first phase, because no phase can be waited for.
        case start
    }

    /// What makes an environment with these phases ready: a `markReady` step, else `readyAfter`, else the first phase
    /// that runs a workflow in the serial order without waiting for readiness.
    public var readiness: Readiness {
        if phases.contains(where: { $0.steps.contains(.markReady) }) { return .step }
        if let readyAfter { return .phase(readyAfter) }
        let first = serialPhases.first { $0.definition != nil && $0.trigger != .ready }
        return first.map { .phase($0.name) } ?? .start
    }

    /// The phases that run one after another: all but the teardown phase and those that wait for a failure.
    public var serialPhases: [LifecyclePhase] { phases.filter { !$0.isTeardown && $0.trigger != .failed } }

    /// The phase that tears the environment down; nil if there is nothing to tear down.
    public var teardown: LifecyclePhase? { phases.last { $0.isTeardown } }
}

/// One phase of a lifecycle.
public struct LifecyclePhase: Hashable, Sendable {
    /// What a phase does.
    public enum Work: Hashable, Sendable {
        /// Runs the workflow of this definition, as one execution for each attempt.
        case workflow(DefinitionID)
        /// Does these steps in the operator.
        case pipeline([NativeStep])
    }

    /// What a phase waits for when its turn has come.
    public enum Trigger: Hashable, Sendable {
        /// The environment is ready.
        case ready
        /// An earlier gating phase has failed. Such a phase is outside the serial order.
        case failed
        /// `spec.signals` of the environment contains this word.
        case signal(String)
    }

    /// Unique in the lifecycle; part of the names of executions.
    public var name: String
    public var work: Work
    /// True if the next phase runs only after this one succeeded; otherwise it also runs after a failure.
    public var gatesNext: Bool
    public var trigger: Trigger?
    public var retry: PhaseRetry
    public var isTeardown: Bool

    public init(
        name: String, work: Work, gatesNext: Bool = true, trigger: Trigger? = nil, retry: PhaseRetry = PhaseRetry(),
        isTeardown: Bool = false
    ) {
        self.name = name
        self.work = work
        self.gatesNext = gatesNext
        self.trigger = trigger
        self.retry = retry
        self.isTeardown = isTeardown
    }

    /// The native steps; empty for a phase that runs a workflow.
    public var steps: [NativeStep] {
        if case .pipeline(let steps) = work { steps } else { [] }
    }

    /// The definition of the workflow; nil for a phase with native steps.
    public var definition: DefinitionID? {
        if case .workflow(let definition) = work { definition } else { nil }
    }
}

/// A step that the operator does itself.
public enum NativeStep: Hashable, Sendable {
    /// Makes the environment ready.
    case markReady
    /// Waits this many seconds.
    case pause(seconds: Int64)
}

/// When a failed attempt of a phase is repeated without a user's request.
public struct PhaseRetry: Hashable, Sendable {
    /// How many attempts may follow the first one.
    public var limit: Int64
    /// The outcomes that are retried. An execution that has proven that no step started is retried in any case.
    public var outcomes: Set<Outcome>
    /// The pause after the first attempt, in seconds. It doubles with each attempt.
    public var backoffSeconds: Int64

    public init(
        limit: Int64 = 0, outcomes: Set<Outcome> = [.failed, .timeout, .error], backoffSeconds: Int64 = 30
    ) {
        self.limit = limit
        self.outcomes = outcomes
        self.backoffSeconds = backoffSeconds
    }

    /// The longest pause between two attempts, in seconds.
    public static let longestBackoffSeconds: Int64 = 600

    /// The pause after attempt number `attempt`, which counts from 1.
    public func backoff(after attempt: Int64) -> Duration {
        var seconds = max(1, min(backoffSeconds, Self.longestBackoffSeconds))
        var doublings = attempt - 1
        while doublings > 0, seconds < Self.longestBackoffSeconds {
            seconds = min(seconds * 2, Self.longestBackoffSeconds)
            doublings -= 1
        }
        return .seconds(seconds)
    }
}

// MARK: Reading

extension PhasePlan {
    /// Reads a field of the object that has the fields of a plan; skips any other field.
    mutating func read(_ key: String, _ cursor: inout JSONCursor) throws(JSONError) {
        let start = cursor.offset
        switch key {
        case "phases":
            var list: [LifecyclePhase] = []
            try cursor.list("phases") { (cursor) throws(JSONError) in
                list.append(try LifecyclePhase(reading: &cursor))
            }
            phases = list
        case "readyAfter": readyAfter = try cursor.string("readyAfter")
        case "onFailure":
            guard let text = try cursor.string("onFailure") else { return }
            guard let policy = FailurePolicy(rawValue: text) else {
                throw JSONError("onFailure: \"\(text.prefix(100))\" is not known to this version", offset: start)
            }
            onFailure = policy
        default: try cursor.skipValue()
        }
    }
}

extension LifecyclePhase {
    init(reading cursor: inout JSONCursor) throws(JSONError) {
        let start = cursor.offset
        var phase = LifecyclePhase(name: "", work: .pipeline([]))
        var engine: String?
        var definition: DefinitionID?
        try cursor.object("phases[]") { (key, cursor) throws(JSONError) in
            switch key {
            case "name": phase.name = try cursor.string("phases[].name") ?? ""
            case "engine": engine = try cursor.string("phases[].engine")
            case "workflow": definition = try DefinitionID(reading: &cursor, "phases[].workflow")
            case "steps":
                var steps: [NativeStep] = []
                try cursor.list("phases[].steps") { (cursor) throws(JSONError) in
                    steps.append(try NativeStep(reading: &cursor))
                }
                phase.work = .pipeline(steps)
            case "gatesNext": phase.gatesNext = try cursor.bool("phases[].gatesNext") ?? true
            case "triggerOnStatus":
                phase.trigger = try cursor.string("phases[].triggerOnStatus").map(Trigger.init(word:))
            case "retry": phase.retry = try PhaseRetry(reading: &cursor)
            case "teardown": phase.isTeardown = try cursor.bool("phases[].teardown") ?? false
            default: try cursor.skipValue()
            }
        }
        switch (engine, definition) {
        case ("workflow", let definition?): phase.work = .workflow(definition)
        case ("pipeline", nil): break
        default: throw JSONError("phases[].engine: not known to this version", offset: start)
        }
        self = phase
    }
}

extension LifecyclePhase.Trigger {
    init(word: String) {
        self = word == "ready" ? .ready : word == "failed" ? .failed : .signal(word)
    }

    /// The text of `triggerOnStatus`.
    public var word: String {
        switch self {
        case .ready: "ready"
        case .failed: "failed"
        case .signal(let word): word
        }
    }
}

extension DefinitionID {
    /// Reads an object with `name` and `version`; nil for `null`.
    init?(reading cursor: inout JSONCursor, _ field: StaticString) throws(JSONError) {
        if try cursor.readNull() { return nil }
        var id = DefinitionID(name: "", version: "")
        try cursor.object(field) { (key, cursor) throws(JSONError) in
            switch key {
            case "name": id.name = try cursor.string("name") ?? ""
            case "version": id.version = try cursor.string("version") ?? ""
            default: try cursor.skipValue()
            }
        }
        self = id
    }
}

extension NativeStep {
    init(reading cursor: inout JSONCursor) throws(JSONError) {
        let start = cursor.offset
        var step: NativeStep?
        try cursor.object("phases[].steps[]") { (key, cursor) throws(JSONError) in
            switch key {
            case "markReady":
                step = .markReady
                try cursor.skipValue()
            case "pause":
                try cursor.object("phases[].steps[].pause") { (key, cursor) throws(JSONError) in
                    if key == "seconds" {
                        step = .pause(seconds: try cursor.integer("phases[].steps[].pause.seconds") ?? 1)
                    } else {
                        try cursor.skipValue()
                    }
                }
            default: try cursor.skipValue()
            }
        }
        guard let step else { throw JSONError("phases[].steps[]: not known to this version", offset: start) }
        self = step
    }
}

extension PhaseRetry {
    init(reading cursor: inout JSONCursor) throws(JSONError) {
        var retry = PhaseRetry()
        try cursor.object("phases[].retry") { (key, cursor) throws(JSONError) in
            switch key {
            case "limit": retry.limit = try cursor.integer("phases[].retry.limit") ?? 0
            case "onOutcomes":
                if try cursor.readNull() { return }
                retry.outcomes = Set(
                    try cursor.strings("phases[].retry.onOutcomes").compactMap(Outcome.init(rawValue:)))
            case "backoffSeconds":
                retry.backoffSeconds = try cursor.integer("phases[].retry.backoffSeconds") ?? retry.backoffSeconds
            default: try cursor.skipValue()
            }
        }
        self = retry
    }
}

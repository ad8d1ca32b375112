public import KubeClient

/// What Towline reports about an environment; only the module `Status` makes new ones.
public struct EnvironmentStatus: Hashable, Sendable {
    /// The `metadata.generation` that this status was made for; -1 before the first update.
    public var observedGeneration: Int64 = -1
    public var phase: EnvironmentPhase = .pending
    /// Nil if absent or unknown to this version.
    public var reason: EnvironmentReason?
    public var message: String?
    /// The name of the phase that runs, waits or blocks the others.
    public var currentPhase: String?
    public var startedAt: ServerTime?
    /// When the environment was first ready; written once.
    public var readyAt: ServerTime?
    /// When the environment expires; never moves earlier.
    public var expiresAt: ServerTime?
    /// When the termination began; written once.
    public var terminationStartedAt: ServerTime?
    public var finishedAt: ServerTime?
    public var duration: String?
    public var updatedAt: ServerTime?
    /// The last request to retry that was handled, as the user wrote it.
    public var lastHandledRetryAt: String?
    /// What `spec.lifecycleRef` stands for; written once.
    public var lifecycle: ResolvedLifecycle?
    /// The phases in their order; empty before the catalog was found.
    public var phases: [PhaseRecord] = []
    public var conditions: [Condition] = []

    /// The status of an environment that was not reconciled yet.
    public init() {}

    /// The record of a phase; nil before the catalog was found.
    public func record(of phase: String) -> PhaseRecord? { phases.first { $0.name == phase } }

    /// The condition of a type that Towline writes; nil if absent.
    public func condition(_ type: EnvironmentConditionType) -> Condition? {
        conditions.first { $0.type == type.rawValue }
    }
}

/// The state of one phase of an environment.
public struct PhaseRecord: Hashable, Sendable {
    public var name: String
    public var state: PhaseState
    /// The number of the latest attempt, from 1; 0 before the first one.
    public var attempt: Int64
    /// The name of the execution of the latest attempt. It is stored before the execution is created.
    public var executionName: String?
    /// The UID of that execution; nil until it is known to exist.
    public var executionUID: String?
    /// How the latest attempt ended.
    public var outcome: Outcome?
    /// The reason of the execution that ended, or of the environment if there is none.
    public var reason: String?
    public var message: String?
    /// When the first attempt began.
    public var startedAt: ServerTime?
    /// When the latest attempt ended.
    public var finishedAt: ServerTime?
    /// The number of the current native step, from 1.
    public var step: Int64?
    /// When the current native step began.
    public var stepStartedAt: ServerTime?
    /// What the definition of the phase stands for; written once, before the first phase begins.
    public var workflow: PhaseWorkflow?

    public init(name: String, state: PhaseState = .waiting, attempt: Int64 = 0, workflow: PhaseWorkflow? = nil) {
        self.name = name
        self.state = state
        self.attempt = attempt
        self.workflow = workflow
    }
}

/// What the definition of a phase stands for.
public struct PhaseWorkflow: Hashable, Sendable {
    public var resolved: ResolvedWorkflow
    /// The names of the parameters that the definition declares.
    public var declared: [String]

    public init(resolved: ResolvedWorkflow, declared: [String]) {
        self.resolved = resolved
        self.declared = declared
    }
}

// MARK: Reading

extension EnvironmentStatus {
    /// Reads one `status` object: unknown fields are skipped, a wrong type is an error that names the field.
    ///
    /// An unknown phase or state is an error too: an environment of a newer version must not be modified.
    public init(reading cursor: inout JSONCursor) throws(JSONError) {
        var status = EnvironmentStatus()
        try cursor.object("status") { (key, cursor) throws(JSONError) in
            try status.read(key, &cursor)
        }
        self = status
    }

    private mutating func read(_ key: String, _ cursor: inout JSONCursor) throws(JSONError) {
        switch key {
        case "observedGeneration": observedGeneration = try cursor.integer("status.observedGeneration") ?? -1
        case "phase": phase = try cursor.enumValue("status.phase") ?? .pending
        case "reason": reason = try cursor.string("status.reason").flatMap(EnvironmentReason.init(rawValue:))
        case "message": message = try cursor.string("status.message")
        case "currentPhase": currentPhase = try cursor.string("status.currentPhase")
        case "startedAt": startedAt = try cursor.timestamp("status.startedAt")
        case "readyAt": readyAt = try cursor.timestamp("status.readyAt")
        case "expiresAt": expiresAt = try cursor.timestamp("status.expiresAt")
        case "terminationStartedAt": terminationStartedAt = try cursor.timestamp("status.terminationStartedAt")
        case "finishedAt": finishedAt = try cursor.timestamp("status.finishedAt")
        case "duration": duration = try cursor.string("status.duration")
        case "updatedAt": updatedAt = try cursor.timestamp("status.updatedAt")
        case "lastHandledRetryAt": lastHandledRetryAt = try cursor.string("status.lastHandledRetryAt")
        case "lifecycle": lifecycle = try ResolvedLifecycle(reading: &cursor)
        case "phases":
            var records: [PhaseRecord] = []
            try cursor.list("status.phases") { (cursor) throws(JSONError) in
                records.append(try PhaseRecord(reading: &cursor))
            }
            phases = records
        case "conditions": conditions = try Condition.list(reading: &cursor)
        default: try cursor.skipValue()
        }
    }
}

extension PhaseRecord {
    init(reading cursor: inout JSONCursor) throws(JSONError) {
        var record = PhaseRecord(name: "")
        try cursor.object("status.phases[]") { (key, cursor) throws(JSONError) in
            switch key {
            case "name": record.name = try cursor.string("status.phases[].name") ?? ""
            case "state": record.state = try cursor.enumValue("status.phases[].state") ?? .waiting
            case "attempt": record.attempt = try cursor.integer("status.phases[].attempt") ?? 0
            case "executionRef":
                try cursor.object("status.phases[].executionRef") { (key, cursor) throws(JSONError) in
                    switch key {
                    case "name": record.executionName = try cursor.string("status.phases[].executionRef.name")
                    case "uid": record.executionUID = try cursor.string("status.phases[].executionRef.uid")
                    default: try cursor.skipValue()
                    }
                }
            case "outcome": record.outcome = try cursor.enumValue("status.phases[].outcome")
            case "reason": record.reason = try cursor.string("status.phases[].reason")
            case "message": record.message = try cursor.string("status.phases[].message")
            case "startedAt": record.startedAt = try cursor.timestamp("status.phases[].startedAt")
            case "finishedAt": record.finishedAt = try cursor.timestamp("status.phases[].finishedAt")
            case "step": record.step = try cursor.integer("status.phases[].step")
            case "stepStartedAt": record.stepStartedAt = try cursor.timestamp("status.phases[].stepStartedAt")
            case "resolved": record.workflow = try PhaseWorkflow(reading: &cursor)
            default: try cursor.skipValue()
            }
        }
        self = record
    }
}

extension PhaseWorkflow {
    init?(reading cursor: inout JSONCursor) throws(JSONError) {
        if try cursor.readNull() { return nil }
        var copy = cursor
        var declared: [String] = []
        try copy.object("status.phases[].resolved") { (key, cursor) throws(JSONError) in
            if key == "declared" {
                declared = try cursor.strings("status.phases[].resolved.declared")
            } else {
                try cursor.skipValue()
            }
        }
        guard let resolved = try ResolvedWorkflow(reading: &cursor) else { return nil }
        self.init(resolved: resolved, declared: declared)
    }
}

public import KubeClient

/// One condition of an execution, in the shape of `metav1.Condition`.
public struct Condition: Hashable, Sendable {
    /// A raw value of ``ConditionType``, or the type of a condition that another writer owns.
    public var type: String
    public var status: ConditionStatus
    public var observedGeneration: Int64
    /// When ``status`` last changed.
    public var lastTransitionTime: ServerTime
    public var reason: String
    public var message: String

    public init(
        type: String, status: ConditionStatus, observedGeneration: Int64, lastTransitionTime: ServerTime,
        reason: String, message: String
    ) {
        self.type = type
        self.status = status
        self.observedGeneration = observedGeneration
        self.lastTransitionTime = lastTransitionTime
        self.reason = reason
        self.message = message
    }
}

/// The three values of a condition.
public enum ConditionStatus: String, CaseIterable, Hashable, Sendable {
    case `true` = "True"
    case `false` = "False"
    case unknown = "Unknown"
}

/// The conditions Towline writes.
public enum ConditionType: String, CaseIterable, Hashable, Sendable {
    /// Unknown until the end, then whether the workflow succeeded.
    case succeeded = "Succeeded"
    /// True at the end, for every outcome.
    case finished = "Finished"
    /// True if the workflow succeeded.
    case ready = "Ready"
    /// True until the end, then absent.
    case reconciling = "Reconciling"
    /// True after an end without success, otherwise absent.
    case stalled = "Stalled"
    /// False if the run of a finished execution no longer exists.
    case runPresent = "RunPresent"
    /// True while the run of a finished execution is still running, or running again.
    case runDiverged = "RunDiverged"
    /// True while the API server rejects requests to stop a run that has not ended.
    case shutdownRefused = "ShutdownRefused"
    /// False if the owner reference to the execution was removed from its unfinished run.
    case runOwned = "RunOwned"
    /// True while the engine's API is not served, or not followed by this operator, and a run has not ended.
    case engineUnavailable = "EngineUnavailable"
    /// True if a finished execution or its run is kept although its TTL expired.
    case retained = "Retained"
    /// True if the definition that the execution names was replaced between its resolution and the create of the run.
    case definitionChanged = "DefinitionChanged"
}

/// The reason of a condition that the phase does not decide.
public enum ConditionReason: Hashable, Sendable {
    /// A reason that an execution can have as well.
    case general(Reason)
    case retention(RetentionReason)
    case definition(DefinitionReason)

    /// The text in the status.
    public var rawValue: String {
        switch self {
        case .general(let reason): reason.rawValue
        case .retention(let reason): reason.rawValue
        case .definition(let reason): reason.rawValue
        }
    }
}

/// What happened to the definition that an execution names.
public enum DefinitionReason: String, CaseIterable, Hashable, Sendable {
    /// It was deleted and created again after the execution was resolved.
    case replaced = "DefinitionReplaced"
    /// Its author asks users to move to another version.
    case deprecated = "DefinitionDeprecated"
}

/// What happened, or what prevents it, when the TTL of a finished execution or of its run expired.
public enum RetentionReason: String, CaseIterable, Hashable, Sendable {
    /// The run was deleted because its TTL expired.
    case runExpired = "RunExpired"
    /// A GitOps tool manages the execution and would create it again.
    case managedByGitOps = "ManagedByGitOps"
    /// The execution or its run has the annotation ``WellKnown/keepAnnotation``.
    case keptByAnnotation = "KeptByAnnotation"
    /// The run is still running, or running again.
    case runStillRunning = "RunStillRunning"
    /// The run is kept until an archive has it.
    case notArchived = "NotArchived"
    /// The run is kept until an archive has it, but none has marked it a minute after the end.
    case noArchiveSeen = "NoArchiveSeen"
    /// The run no longer has the execution as its owner.
    case runNotOwned = "RunNotOwned"
}

extension Condition {
    static func list(reading cursor: inout JSONCursor) throws(JSONError) -> [Condition] {
        var conditions: [Condition] = []
        try cursor.list("status.conditions") { (cursor) throws(JSONError) in
            conditions.append(try Condition(reading: &cursor))
        }
        return conditions
    }

    private init(reading cursor: inout JSONCursor) throws(JSONError) {
        var condition = Condition(
            type: "", status: .unknown, observedGeneration: 0, lastTransitionTime: .earliest, reason: "",
            message: "")
        try cursor.object("status.conditions[]") { (key, cursor) throws(JSONError) in
            switch key {
            case "type":
                let text = try cursor.string("status.conditions[].type") ?? ""
                condition.type = ConditionType(rawValue: text)?.rawValue ?? text
            case "status":
                let text = try cursor.string("status.conditions[].status") ?? ""
                condition.status = ConditionStatus(rawValue: text) ?? .unknown
            case "observedGeneration":
                condition.observedGeneration = try cursor.integer("status.conditions[].observedGeneration") ?? 0
            case "lastTransitionTime":
                let time = try cursor.timestamp("status.conditions[].lastTransitionTime")
                condition.lastTransitionTime = time ?? .earliest
            case "reason":
                // A literal of the vocabulary is shared instead of allocated.
                let text = try cursor.string("status.conditions[].reason") ?? ""
                condition.reason =
                    Reason(rawValue: text)?.rawValue ?? RetentionReason(rawValue: text)?.rawValue
                    ?? DefinitionReason(rawValue: text)?.rawValue ?? text
            case "message": condition.message = try cursor.string("status.conditions[].message") ?? ""
            default: try cursor.skipValue()
            }
        }
        self = condition
    }
}

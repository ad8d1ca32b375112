public import KubeClient

/// One condition of an execution, in the shape of `metav1.Condition`.
public struct Condition: Hashable, Sendable {
    /// One of ``ConditionType``'s words, or a word of somebody else.
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
    /// Unknown until the end; then whether the workflow did its work.
    case succeeded = "Succeeded"
    /// True at the end, whatever the outcome.
    case finished = "Finished"
    /// True when the workflow did its work.
    case ready = "Ready"
    /// Only ever True: there is no verdict yet.
    case reconciling = "Reconciling"
    /// Only ever True: it ended without success.
    case stalled = "Stalled"
    /// False when a finished execution's run is gone from the cluster.
    case runPresent = "RunPresent"
    /// True when a finished execution's run went on afterwards.
    case runDiverged = "RunDiverged"
    /// True while the API server refuses requests to stop a run that has not ended.
    case shutdownRefused = "ShutdownRefused"
    /// False when the owner reference to the execution was removed from its unfinished run.
    case runOwned = "RunOwned"
    /// True when an engine or the API does not answer for a run that has not ended.
    case engineUnavailable = "EngineUnavailable"
    /// True when a finished execution, or its run, is still there although its time to live is over.
    case retained = "Retained"
}

/// Why a condition beside those that the phase decides has its status.
public enum ConditionReason: Hashable, Sendable {
    /// What could be the reason of an execution, too.
    case general(Reason)
    case retention(RetentionReason)

    /// The reason as the status has it.
    public var word: String {
        switch self {
        case .general(let reason): reason.rawValue
        case .retention(let reason): reason.rawValue
        }
    }
}

/// What became of a finished execution, or of its run, whose time to live is over.
public enum RetentionReason: String, CaseIterable, Hashable, Sendable {
    /// The run is gone, as its time to live was over.
    case runExpired = "RunExpired"
    /// A GitOps tool manages the execution, and would create it again.
    case managedByGitOps = "ManagedByGitOps"
    /// ``WellKnown/keepAnnotation`` is on the execution or on its run.
    case keptByAnnotation = "KeptByAnnotation"
    /// The run goes on, or goes on again.
    case runGoesOn = "RunGoesOn"
    /// The engine has yet to archive the run.
    case runToBeArchived = "RunToBeArchived"
    /// Somebody took the run away from the execution.
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
                // A literal of the vocabulary costs no memory of its own.
                let text = try cursor.string("status.conditions[].reason") ?? ""
                condition.reason =
                    Reason(rawValue: text)?.rawValue ?? RetentionReason(rawValue: text)?.rawValue ?? text
            case "message": condition.message = try cursor.string("status.conditions[].message") ?? ""
            default: try cursor.skipValue()
            }
        }
        self = condition
    }
}

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

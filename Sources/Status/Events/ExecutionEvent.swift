public import TowlineAPI

/// What happened to an execution, or what the operator learned about it.
public enum ExecutionEvent: Hashable, Sendable {
    /// The run was created, adopted or read; the observation replaces what the status said about the run.
    case observed(Observation)
    /// Towline waits, or holds the execution back; the status keeps what it said about the run.
    ///
    /// A reason that belongs to Pending also explains a running execution, which stays Running. A reason with an
    /// outcome is ignored.
    case held(Reason, message: String, engine: EngineName?)
    /// Towline ends the execution without a verdict from its run; the status keeps what it said about the run.
    ///
    /// `provesNoRun` is false if the operator saw no run but there may have been one: `executed` stays unknown then.
    /// A reason without an outcome is ignored.
    case ended(Reason, message: String, engine: EngineName?, provesNoRun: Bool = true)
    /// Sets a condition that the phase does not decide, such as `RunPresent`.
    case conditionSet(ConditionType, ConditionStatus, reason: ConditionReason, message: String)
    /// Removes such a condition.
    case conditionRemoved(ConditionType)
    /// The operator processed the object's current generation and nothing else changed.
    case acknowledged
}

public import TowlineAPI

/// What happened to an execution, or was learned about it.
public enum ExecutionEvent: Hashable, Sendable {
    /// Its run was created, adopted or looked at; the observation is the whole picture.
    case observed(Observation)
    /// Towline itself holds the execution back, waits, or ends it without a verdict from its run.
    ///
    /// What was last known of the run stays. A reason that belongs to Pending explains a running execution too: its
    /// phase stays Running.
    ///
    /// `provesNoRun` is false where an end before any run was seen does not prove that there never was one: then
    /// nobody knows whether a step started.
    case decided(Reason, message: String, engine: EngineName?, provesNoRun: Bool = true)
    /// A condition beside those the phase decides, such as `RunPresent`, holds or does not.
    case conditionChanged(ConditionType, ConditionStatus, reason: ConditionReason, message: String)
    /// Such a condition has nothing to tell anymore.
    case conditionWithdrawn(ConditionType)
    /// The execution was looked at, and nothing but its generation is new.
    case acknowledged
}

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

/// What one look at an execution's run told, in Towline's words.
///
/// It has no phase: the reason fixes that. Texts may have any length; the status bounds them.
public struct Observation: Hashable, Sendable {
    public var reason: Reason
    public var message: String
    public var engine: EngineName
    /// The engine's own word for the run's state, verbatim.
    public var engineReason: String?
    public var runRef: RunReference?
    /// Ended and known units of work, such as `3/7`; nil keeps what was known before.
    public var progress: String?
    /// Did any step start? Nil where it is not known; false counts only together with the end of the run.
    public var executed: Bool?
    public var failure: Failure?
    public var outputs: [Output]
    public var links: [Link]

    public init(
        reason: Reason, message: String = "", engine: EngineName, engineReason: String? = nil,
        runRef: RunReference? = nil, progress: String? = nil, executed: Bool? = nil, failure: Failure? = nil,
        outputs: [Output] = [], links: [Link] = []
    ) {
        self.reason = reason
        self.message = message
        self.engine = engine
        self.engineReason = engineReason
        self.runRef = runRef
        self.progress = progress
        self.executed = executed
        self.failure = failure
        self.outputs = outputs
        self.links = links
    }
}

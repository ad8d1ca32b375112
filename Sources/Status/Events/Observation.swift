public import TowlineAPI

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

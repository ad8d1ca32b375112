public import KubeClient

/// What Towline tells about an execution; only the Status module makes new ones.
public struct ExecutionStatus: Hashable, Sendable {
    /// The `metadata.generation` whose reconcile produced this status; -1: not looked at yet.
    public var observedGeneration: Int64 = -1
    public var phase: Phase = .pending
    /// Set with the terminal phase.
    public var outcome: Outcome?
    /// Nil when absent or a word of another version.
    public var reason: Reason?
    public var message: String?
    /// The engine that was resolved.
    public var engine: EngineName?
    /// The engine's own word, verbatim.
    public var engineReason: String?
    public var runRef: RunReference?
    public var startedAt: ServerTime?
    public var finishedAt: ServerTime?
    public var updatedAt: ServerTime?
    /// Ended and known units of work, such as `3/7`.
    public var progress: String?
    /// Did any step start? Nil until known; false only at the end, on proof.
    public var executed: Bool?
    public var failure: Failure?
    public var outputs: [Output] = []
    public var links: [Link] = []
    public var conditions: [Condition] = []

    /// The status of an execution nobody has looked at.
    public init() {}

    /// The condition of a type Towline writes.
    public func condition(_ type: ConditionType) -> Condition? {
        conditions.first { $0.type == type.rawValue }
    }
}

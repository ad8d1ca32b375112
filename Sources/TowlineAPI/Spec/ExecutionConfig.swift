/// How the run is to be executed, and how long what it leaves behind is kept; what is absent is not sent to the engine.
public struct ExecutionConfig: Hashable, Sendable {
    /// The service account the run's pods use.
    public var serviceAccountName: String?
    /// The engine's timeout, in seconds; Towline's watchdog stands behind it.
    public var timeoutSeconds: Int64?
    /// Seconds after the execution's creation by which a run must have been created; absent: no end.
    public var startDeadlineSeconds: Int64?
    /// True when the engine may expand expressions in parameter values; otherwise a value with one is refused.
    public var allowExpressions: Bool?
    /// Seconds after the execution's end after which its run is deleted; absent: never. May be changed at any time.
    public var runTTLSecondsAfterFinished: Int64?
    /// Seconds after its end after which the execution is deleted; absent: never. May be changed at any time.
    public var ttlSecondsAfterFinished: Int64?

    public init(
        serviceAccountName: String? = nil, timeoutSeconds: Int64? = nil, startDeadlineSeconds: Int64? = nil,
        allowExpressions: Bool? = nil, runTTLSecondsAfterFinished: Int64? = nil, ttlSecondsAfterFinished: Int64? = nil
    ) {
        self.serviceAccountName = serviceAccountName
        self.timeoutSeconds = timeoutSeconds
        self.startDeadlineSeconds = startDeadlineSeconds
        self.allowExpressions = allowExpressions
        self.runTTLSecondsAfterFinished = runTTLSecondsAfterFinished
        self.ttlSecondsAfterFinished = ttlSecondsAfterFinished
    }
}

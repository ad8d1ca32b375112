/// How the run is to be executed; what is absent is not sent to the engine.
public struct ExecutionConfig: Hashable, Sendable {
    /// The service account the run's pods use.
    public var serviceAccountName: String?
    /// The engine's timeout, in seconds; Towline's watchdog stands behind it.
    public var timeoutSeconds: Int64?
    /// Seconds after the execution's creation by which a run must have been created; absent: no end.
    public var startDeadlineSeconds: Int64?

    public init(
        serviceAccountName: String? = nil, timeoutSeconds: Int64? = nil, startDeadlineSeconds: Int64? = nil
    ) {
        self.serviceAccountName = serviceAccountName
        self.timeoutSeconds = timeoutSeconds
        self.startDeadlineSeconds = startDeadlineSeconds
    }
}

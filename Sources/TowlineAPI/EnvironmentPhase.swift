/// How far an environment has come.
public enum EnvironmentPhase: String, CaseIterable, Hashable, Sendable {
    /// Not started: something of the catalog is missing.
    case pending = "Pending"
    /// Waits for the time at which the first phase begins.
    case approaching = "Approaching"
    /// Phases run, and the environment is not ready yet.
    case provisioning = "Provisioning"
    /// Ready; later phases may run or wait.
    case active = "Active"
    /// A gating phase failed after the environment was ready.
    case degraded = "Degraded"
    /// The environment did not become ready, because a phase failed or its parameters are invalid.
    case failed = "Failed"
    /// Phases are stopped, or the teardown phase runs.
    case terminating = "Terminating"
    /// Over; nothing happens after that.
    case inactive = "Inactive"

    public var isTerminal: Bool { self == .inactive }

    /// True if an environment in this phase may be in `next` afterwards; staying is allowed.
    public func mayBecome(_ next: EnvironmentPhase) -> Bool {
        if next == self { return true }
        return switch self {
        case .pending: true
        case .approaching: next != .pending && next != .degraded
        case .provisioning: [.active, .failed, .terminating, .inactive].contains(next)
        case .active: [.degraded, .terminating, .inactive].contains(next)
        case .degraded: [.active, .terminating, .inactive].contains(next)
        case .failed: next != .approaching && next != .degraded
        case .terminating: next == .inactive
        case .inactive: false
        }
    }
}

/// Why an environment is in its phase: a closed vocabulary.
public enum EnvironmentReason: String, CaseIterable, Hashable, Sendable {
    // MARK: Before the first phase

    /// The Lifecycle that the environment names does not exist.
    case lifecycleNotFound = "LifecycleNotFound"
    /// A definition that a phase names does not exist.
    case definitionNotFound = "DefinitionNotFound"
    /// The first phase begins later.
    case waitingForStart = "WaitingForStart"
    /// The parameters contradict the definitions.
    case invalidParameters = "InvalidParameters"

    // MARK: While phases run

    /// An execution runs.
    case phaseRunning = "PhaseRunning"
    /// An attempt failed; the next one follows after a pause.
    case phaseRetrying = "PhaseRetrying"
    /// The next phase waits for a signal.
    case waitingForSignal = "WaitingForSignal"
    /// A `pause` step is waiting.
    case paused = "Paused"
    /// There is nothing to do.
    case ready = "Ready"
    /// An execution of a phase ended without success.
    case phaseFailed = "PhaseFailed"
    /// Someone deleted the execution of a phase while it ran.
    case executionDeleted = "ExecutionDeleted"
    /// The name of an execution belongs to an execution of someone else.
    case nameCollision = "NameCollision"
    /// The API server or an admission policy rejected an execution.
    case invalidSpec = "InvalidSpec"

    // MARK: Obstacles

    /// The API server throttles, fails or is unreachable.
    case apiUnavailable = "APIUnavailable"
    /// A resource quota does not allow the execution.
    case quotaExceeded = "QuotaExceeded"
    /// The operator lacks a permission in the namespace.
    case forbidden = "Forbidden"

    // MARK: Termination

    /// The execution of a phase is being stopped.
    case stopping = "Stopping"
    /// The teardown phase runs.
    case tearingDown = "TearingDown"
    /// An attempt of the teardown phase failed; the next one follows after a pause.
    case teardownRetrying = "TeardownRetrying"
    /// The teardown phase failed.
    case teardownFailed = "TeardownFailed"

    // MARK: The end

    case expired = "Expired"
    /// `desired` was set to Inactive.
    case deactivated = "Deactivated"
    case deleted = "Deleted"
    /// A gating phase failed, and `onFailure` is Teardown.
    case failureTornDown = "FailureTornDown"
    /// The timeslot was over before the first phase began.
    case timeslotMissed = "TimeslotMissed"
    /// The bound of the termination was reached while the teardown phase ran or waited.
    case teardownTimedOut = "TeardownTimedOut"
    /// A user asked to skip the teardown phase.
    case teardownSkipped = "TeardownSkipped"
    /// The namespace is being deleted, so that nothing can be created in it.
    case namespaceTerminating = "NamespaceTerminating"
    /// The bound of the termination was reached while the execution of a phase still ran.
    case stopTimedOut = "StopTimedOut"

    /// True if the environment ended, but not as it should have.
    public var isBadEnd: Bool {
        switch self {
        case .timeslotMissed, .teardownFailed, .teardownTimedOut, .teardownSkipped, .namespaceTerminating,
            .stopTimedOut:
            true
        default: false
        }
    }
}

/// How far one phase of an environment has come.
public enum PhaseState: String, CaseIterable, Hashable, Sendable {
    /// Its turn has not come.
    case waiting = "Waiting"
    case waitingForSignal = "WaitingForSignal"
    /// Waits for the end of a pause: before the next attempt, or in a `pause` step.
    case waitingForTime = "WaitingForTime"
    case running = "Running"
    case succeeded = "Succeeded"
    case failed = "Failed"
    /// It never started and never will.
    case skipped = "Skipped"
    /// It was stopped because the environment ended.
    case cancelled = "Cancelled"

    /// True if the phase has ended, unless a user retries a failed one.
    public var isOver: Bool {
        switch self {
        case .succeeded, .failed, .skipped, .cancelled: true
        case .waiting, .waitingForSignal, .waitingForTime, .running: false
        }
    }
}

/// The conditions that Towline writes on an environment.
public enum EnvironmentConditionType: String, CaseIterable, Hashable, Sendable {
    case ready = "Ready"
    case reconciling = "Reconciling"
    case stalled = "Stalled"
    /// Whether the expiry was reached.
    case expired = "Expired"
    /// True while the expiry is near.
    case expiringSoon = "ExpiringSoon"
    /// True while an extension that a user asks for is not honored.
    case extensionRefused = "ExtensionRefused"
    /// Whether what the phases created was torn down; absent without a teardown phase.
    case tornDown = "TornDown"
    /// Whether the parameters match the definitions; absent until these were found.
    case parametersValid = "ParametersValid"
}

/// The reasons of the conditions that the phase of an environment does not decide.
public enum EnvironmentConditionReason: String, CaseIterable, Hashable, Sendable {
    case expired = "Expired"
    case notExpired = "NotExpired"
    /// The environment has no expiry.
    case noExpiry = "NoExpiry"
    case expiringSoon = "ExpiringSoon"
    /// The requested time cannot be read.
    case invalidTime = "InvalidTime"
    /// The requested time is after `timeslot.maxEnd`.
    case beyondMaxEnd = "BeyondMaxEnd"
    case alreadyExpired = "AlreadyExpired"
    case teardownPending = "TeardownPending"
    case tearingDown = "TearingDown"
    case tornDown = "TornDown"
    /// No phase ever started an execution.
    case nothingToTearDown = "NothingToTearDown"
    case teardownFailed = "TeardownFailed"
    case teardownTimedOut = "TeardownTimedOut"
    case teardownSkipped = "TeardownSkipped"
    case namespaceTerminating = "NamespaceTerminating"
    case parametersValid = "ParametersValid"
    case invalidParameters = "InvalidParameters"
}

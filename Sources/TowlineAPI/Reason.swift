/// How far an execution has come; a phase only moves forward.
public enum Phase: String, CaseIterable, Hashable, Sendable {
    /// No run exists yet.
    case pending = "Pending"
    /// The run exists and has not ended.
    case running = "Running"
    /// The workflow succeeded.
    case completed = "Completed"
    /// The execution ended without success; the outcome says how.
    case failed = "Failed"

    public var isTerminal: Bool { self == .completed || self == .failed }

    /// True if an execution in this phase may be in `next` afterwards; staying is allowed.
    ///
    /// Pending to Completed is allowed: if a run has already ended when it is first seen, one update passes through
    /// Running.
    public func mayBecome(_ next: Phase) -> Bool {
        switch self {
        case .pending: true
        case .running: next != .pending
        case .completed, .failed: next == self
        }
    }
}

/// How an execution ended.
public enum Outcome: String, CaseIterable, Hashable, Sendable {
    /// The workflow succeeded.
    case success = "Success"
    /// The workflow ran and failed, or the engine rejected its input.
    case failed = "Failed"
    /// A time limit ended it.
    case timeout = "Timeout"
    /// A user stopped it.
    case cancelled = "Cancelled"
    /// The workflow has no result: its run was not created, not resolved or lost.
    case error = "Error"

    /// The phase of an execution with this outcome.
    public var phase: Phase { self == .success ? .completed : .failed }
}

/// Why an execution is in its phase: Towline's closed vocabulary, the same for every engine.
///
/// A reason decides the phase and the outcome (``phase``, ``outcome``), so they never contradict each other.
public enum Reason: String, CaseIterable, Hashable, Sendable {
    // MARK: Before a run exists

    /// The operator is creating other runs first.
    case waitingToCreate = "WaitingToCreate"
    /// The cluster does not serve the engine's API.
    case engineUnavailable = "EngineUnavailable"
    /// The definition that the execution names does not exist.
    case definitionNotFound = "DefinitionNotFound"
    /// The API server throttles, fails or is unreachable.
    case apiUnavailable = "APIUnavailable"
    /// A required admission webhook does not answer.
    case webhookUnavailable = "WebhookUnavailable"
    /// A resource quota does not allow the run.
    case quotaExceeded = "QuotaExceeded"
    /// The operator lacks a permission in the namespace.
    case forbidden = "Forbidden"
    /// The execution was restored from a backup and was not released yet.
    case restoredFromBackup = "RestoredFromBackup"

    // MARK: While a run exists

    /// The run exists and its engine has not processed it yet.
    case awaitingEngine = "AwaitingEngine"
    /// The engine has not processed the run for a minute; usually its controller is down.
    case engineNotResponding = "EngineNotResponding"
    /// The engine holds the run back for a queue, a lock or a volume.
    case queued = "Queued"
    /// The engine is fetching the workflow's definition; no step has started.
    case resolving = "Resolving"
    /// Steps are running.
    case executing = "Executing"
    /// The run is ending because a task failed or a stop was requested; its `finally` tasks may still run.
    case stopping = "Stopping"
    /// The run is being canceled.
    case cancelling = "Cancelling"
    /// A time limit was reached and the run is ending.
    case timingOut = "TimingOut"
    /// The API server rejects the request to stop the run, which continues.
    case shutdownRefused = "ShutdownRefused"
    /// The run waits until a user resumes it.
    case suspended = "Suspended"

    // MARK: Success

    /// All tasks succeeded.
    case succeeded = "Succeeded"
    /// The run succeeded and some tasks were skipped.
    case completedWithSkips = "CompletedWithSkips"

    // MARK: Failed

    /// A step ended with an exit code other than zero.
    case stepFailed = "StepFailed"
    /// A task failed, and the engine does not say at which step.
    case taskFailed = "TaskFailed"
    /// A container was killed for using more memory than its limit.
    case oomKilled = "OOMKilled"
    /// A container's image could not be pulled.
    case imagePullFailed = "ImagePullFailed"
    /// A node evicted the pod.
    case podEvicted = "PodEvicted"
    /// The pod could not be created.
    case podCreationFailed = "PodCreationFailed"
    /// A sidecar failed.
    case sidecarFailed = "SidecarFailed"
    /// A container that runs before the steps failed.
    case initContainerFailed = "InitContainerFailed"
    /// A container could not be configured, for example because a secret is missing.
    case configError = "ConfigError"
    /// A parameter is missing or of the wrong type.
    case invalidParameters = "InvalidParameters"
    /// The engine rejected the workflow's definition.
    case invalidWorkflow = "InvalidWorkflow"
    /// The tasks ran and their results could not be evaluated.
    case resultsFailed = "ResultsFailed"

    // MARK: Timeout

    /// The workflow reached its time limit.
    case pipelineTimeout = "PipelineTimeout"
    /// One task reached its own time limit.
    case taskTimeout = "TaskTimeout"
    /// The run's active deadline passed.
    case deadlineExceeded = "DeadlineExceeded"
    /// The engine did not stop the run at its time limit, so Towline's watchdog requested it, or tried to.
    case watchdogExpired = "WatchdogExpired"

    // MARK: Cancelled

    /// A user stopped the execution or its run.
    case cancelled = "Cancelled"

    // MARK: Error

    /// The API server, or the engine's admission webhook, rejected the run.
    case rejected = "Rejected"
    /// A policy of the cluster rejected the run.
    case policyDenied = "PolicyDenied"
    /// Another object has the run's name; it was not modified.
    case nameCollision = "NameCollision"
    /// No run could be created before the start deadline.
    case startDeadlineExceeded = "StartDeadlineExceeded"
    /// The namespace is being deleted and accepts no run.
    case namespaceTerminating = "NamespaceTerminating"
    /// The run was deleted before its end was read.
    case runDeleted = "RunDeleted"
    /// The run was deleted and another object has its name.
    case runReplaced = "RunReplaced"
    /// The engine could not fetch the workflow's definition.
    case resolutionFailed = "ResolutionFailed"
    /// The Pipeline or WorkflowTemplate does not exist.
    case templateNotFound = "TemplateNotFound"
    /// The engine itself failed.
    case engineError = "EngineError"
    /// The execution's spec contradicts itself or breaks a bound.
    case invalidSpec = "InvalidSpec"
    /// The engine ran another bundle than the digest pins.
    case digestMismatch = "DigestMismatch"
}

extension Reason {
    /// How an execution with this reason ended; nil if it has not.
    public var outcome: Outcome? {
        switch self {
        case .waitingToCreate, .engineUnavailable, .definitionNotFound, .apiUnavailable, .webhookUnavailable,
            .quotaExceeded, .forbidden, .restoredFromBackup, .awaitingEngine, .engineNotResponding, .queued,
            .resolving, .executing, .stopping, .cancelling, .timingOut, .shutdownRefused, .suspended:
            nil
        case .succeeded, .completedWithSkips: .success
        case .stepFailed, .taskFailed, .oomKilled, .imagePullFailed, .podEvicted, .podCreationFailed, .sidecarFailed,
            .initContainerFailed, .configError, .invalidParameters, .invalidWorkflow, .resultsFailed:
            .failed
        case .pipelineTimeout, .taskTimeout, .deadlineExceeded, .watchdogExpired: .timeout
        case .cancelled: .cancelled
        case .rejected, .policyDenied, .nameCollision, .startDeadlineExceeded, .namespaceTerminating, .runDeleted,
            .runReplaced, .resolutionFailed, .templateNotFound, .engineError, .invalidSpec, .digestMismatch:
            .error
        }
    }

    /// The phase this reason explains.
    public var phase: Phase {
        switch self {
        case .waitingToCreate, .engineUnavailable, .definitionNotFound, .apiUnavailable, .webhookUnavailable,
            .quotaExceeded, .forbidden, .restoredFromBackup:
            .pending
        default: outcome?.phase ?? .running
        }
    }
}

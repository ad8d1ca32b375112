/// How far an execution is; it only ever moves forward.
public enum Phase: String, CaseIterable, Hashable, Sendable {
    /// No run exists yet.
    case pending = "Pending"
    /// The run exists and has not ended.
    case running = "Running"
    /// The workflow did its work.
    case completed = "Completed"
    /// Everything else: the outcome says what.
    case failed = "Failed"

    public var isTerminal: Bool { self == .completed || self == .failed }

    /// True when an execution in this phase may be in `next` afterwards; staying is allowed.
    ///
    /// Pending to Completed is: a run first seen when it had ended passes through Running within one status.
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
    /// The workflow did its work.
    case success = "Success"
    /// The workflow ran and failed, or the engine refused it for the user's input.
    case failed = "Failed"
    /// A time limit ended it.
    case timeout = "Timeout"
    /// Somebody asked it to end.
    case cancelled = "Cancelled"
    /// There is no verdict from the workflow: it was not created, not resolved or lost.
    case error = "Error"

    /// The phase an execution with this outcome is in.
    public var phase: Phase { self == .success ? .completed : .failed }
}

/// Why an execution is in its phase: Towline's own closed vocabulary, the same for every engine.
///
/// A reason decides the phase and the outcome (``phase``, ``outcome``), so that these can never contradict each other.
public enum Reason: String, CaseIterable, Hashable, Sendable {
    // MARK: Before a run exists

    /// The execution was read and is valid; its run is about to be created.
    case accepted = "Accepted"
    /// The operator creates other runs first.
    case waitingToCreate = "WaitingToCreate"
    /// The cluster does not serve the engine's API.
    case engineUnavailable = "EngineUnavailable"
    /// The API server is throttling, failing or out of reach.
    case apiUnavailable = "APIUnavailable"
    /// An admission webhook that has to see the run does not answer.
    case webhookUnavailable = "WebhookUnavailable"
    /// A resource quota leaves no room for the run.
    case quotaExceeded = "QuotaExceeded"
    /// The operator lacks a permission in the namespace.
    case forbidden = "Forbidden"
    /// The execution was restored from a backup and nobody said yet that it may run.
    case restoredFromBackup = "RestoredFromBackup"

    // MARK: While a run exists

    /// The run was created and its engine has not looked at it yet.
    case awaitingEngine = "AwaitingEngine"
    /// The engine has not looked at the run for a minute; most often its controller is down.
    case engineNotResponding = "EngineNotResponding"
    /// The engine holds the run back, for a queue, a lock or a volume.
    case queued = "Queued"
    /// The engine is fetching the workflow's definition; no step has started.
    case resolving = "Resolving"
    /// Steps are running.
    case executing = "Executing"
    /// The run is ending, because a task failed or somebody asked for it; its `finally` tasks may still run.
    case stopping = "Stopping"
    /// The run is being cancelled.
    case cancelling = "Cancelling"
    /// A time limit was reached and the run is ending.
    case timingOut = "TimingOut"
    /// The API server refuses the request to stop the run, which continues.
    case shutdownRefused = "ShutdownRefused"
    /// The run waits for somebody to resume it.
    case suspended = "Suspended"

    // MARK: Success

    /// Every task did its work.
    case succeeded = "Succeeded"
    /// The run succeeded, and some of its tasks were skipped.
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
    /// A container could not be made of its configuration, such as a missing secret.
    case configError = "ConfigError"
    /// A parameter is missing or of the wrong type.
    case invalidParameters = "InvalidParameters"
    /// The engine read the workflow's definition and refused it.
    case invalidWorkflow = "InvalidWorkflow"
    /// The tasks ran, and their results could not be put together.
    case resultsFailed = "ResultsFailed"

    // MARK: Timeout

    /// The workflow reached its time limit.
    case pipelineTimeout = "PipelineTimeout"
    /// One task reached its own time limit.
    case taskTimeout = "TaskTimeout"
    /// The run's active deadline passed.
    case deadlineExceeded = "DeadlineExceeded"
    /// The engine did not end the run at its time limit, so Towline's watchdog told it to, or tried to.
    case watchdogExpired = "WatchdogExpired"

    // MARK: Cancelled

    /// Somebody asked the execution or its run to end.
    case cancelled = "Cancelled"

    // MARK: Error

    /// The API server or the engine's admission refused the run.
    case rejected = "Rejected"
    /// A policy of the cluster refused the run.
    case policyDenied = "PolicyDenied"
    /// A foreign object has the run's name; it was left untouched.
    case nameCollision = "NameCollision"
    /// No run could be created before the start deadline.
    case startDeadlineExceeded = "StartDeadlineExceeded"
    /// The namespace is being deleted and takes no run.
    case namespaceTerminating = "NamespaceTerminating"
    /// The run was deleted before its end was read.
    case runDeleted = "RunDeleted"
    /// The run was deleted, and another object has its name now.
    case runReplaced = "RunReplaced"
    /// A run should exist, and none was ever seen.
    case runLost = "RunLost"
    /// The engine could not fetch the workflow's definition.
    case resolutionFailed = "ResolutionFailed"
    /// The Pipeline or WorkflowTemplate does not exist.
    case templateNotFound = "TemplateNotFound"
    /// The engine itself failed.
    case engineError = "EngineError"
    /// The execution's spec contradicts itself or breaks a bound.
    case invalidSpec = "InvalidSpec"
    /// What ran is not what the digest pins.
    case digestMismatch = "DigestMismatch"
}

extension Reason {
    /// How an execution with this reason ended; nil while it has not.
    public var outcome: Outcome? {
        switch self {
        case .accepted, .waitingToCreate, .engineUnavailable, .apiUnavailable, .webhookUnavailable, .quotaExceeded,
            .forbidden, .restoredFromBackup, .awaitingEngine, .engineNotResponding, .queued, .resolving, .executing,
            .stopping, .cancelling, .timingOut, .shutdownRefused, .suspended:
            nil
        case .succeeded, .completedWithSkips: .success
        case .stepFailed, .taskFailed, .oomKilled, .imagePullFailed, .podEvicted, .podCreationFailed, .sidecarFailed,
            .initContainerFailed, .configError, .invalidParameters, .invalidWorkflow, .resultsFailed:
            .failed
        case .pipelineTimeout, .taskTimeout, .deadlineExceeded, .watchdogExpired: .timeout
        case .cancelled: .cancelled
        case .rejected, .policyDenied, .nameCollision, .startDeadlineExceeded, .namespaceTerminating, .runDeleted,
            .runReplaced, .runLost, .resolutionFailed, .templateNotFound, .engineError, .invalidSpec, .digestMismatch:
            .error
        }
    }

    /// The phase this reason explains.
    public var phase: Phase {
        switch self {
        case .accepted, .waitingToCreate, .engineUnavailable, .apiUnavailable, .webhookUnavailable, .quotaExceeded,
            .forbidden, .restoredFromBackup:
            .pending
        default: outcome?.phase ?? .running
        }
    }
}

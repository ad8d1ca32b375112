import KubeClient
import TowlineAPI

extension PipelineRun {
    /// The run's state; the condition's status takes precedence over its reason, and the reason over its message.
    var state: RunState {
        var state = RunState(reason, engineReason: condition?.reason ?? "", executed: nil)
        let counts = condition.flatMap { TaskCountMessage($0.message) }
        state.executed = executed(state, counts)
        state.children = children.counts
        // In a successful run, only conditions omit tasks.
        let skips = condition?.status == "True" ? .max : conditionalSkips
        state.progress = counts?.progress(conditionalSkips: skips)
        if counts == nil, let taskCount { state.taskCounts = TaskCounts(total: taskCount, skipped: conditionalSkips) }
        state.startedAt = startTime
        state.finishedAt = completionTime
        state.resolvedDigest = resolvedDigest
        state.outputs = results.outputs
        // The counts are part of the progress, so a message with nothing else is dropped.
        if let condition, counts?.hasMore != false { state.message = condition.message }
        state.wasShutDown = requestedShutdown != nil
        if state.reason == .executing, !children.hasAny, taskCount != nil, !state.hasOwnMessage {
            state.message = """
                Tekton has fetched the pipeline but has not created a task yet; if this persists, check the run's events
                """
        }
        if state.reason == .queued, requestedStatus == Self.pending {
            let patch = #"kubectl patch pipelinerun \#(metadata.name) -n \#(metadata.key.namespace)"#
            state.append(advice: #"; to start it, run: \#(patch) --type merge -p '{"spec":{"status":null}}'"#)
        }
        if state.reason == .templateNotFound { state.adviseToCreateTemplate() }
        if state.reason == .taskFailed {
            state.nonTaskRuns = children.others
            // All children are nested pipelines, which are not listed.
            if children.counts.taskRuns == 0, children.counts.customRuns == 0, let others = children.others?.others {
                state.explain(by: others)
            }
            if skippedByTimeout, counts?.hasFailures == false {
                // No task failed, so the run failed because the timeout expired before some tasks had started.
                state.reason = .pipelineTimeout
                state.message = "the timeout expired before all tasks had started"
            }
        }
        return state
    }

    /// True if a task succeeded, false if the run ended without children; the existence of TaskRuns proves nothing.
    private func executed(_ state: RunState, _ counts: TaskCountMessage?) -> Bool? {
        if let counts, counts.succeeded > (state.isFinished ? 0 : tolerantTasks) { return true }
        return state.isFinished && !children.hasAny ? false : nil
    }

    /// The shutdown that was already requested.
    var requestedShutdown: Shutdown? {
        switch requestedStatus {
        case Self.cancel: .terminate
        case Self.cancelRunningFinally, Self.stopRunningFinally: .stop
        default: nil
        }
    }

    /// The value of `spec.status` that keeps a run from starting.
    private static let pending = "PipelineRunPending"

    /// The values of `spec.status` that stop a run.
    static let cancel = "Cancelled"
    static let cancelRunningFinally = "CancelledRunFinally"
    static let stopRunningFinally = "StoppedRunFinally"

    private var reason: Reason {
        guard let condition else { return children.hasAny ? .executing : .awaitingEngine }
        let tektonReason = PipelineRunReason(rawValue: condition.reason)
        switch condition.status {
        case "True": return tektonReason == .completed ? .completedWithSkips : .succeeded
        case "False": return failureReason(tektonReason, condition.message)
        default: return runningReason(tektonReason)
        }
    }

    /// The reason of an unfinished run; if Tekton's reason is unknown, the run's progress decides.
    private func runningReason(_ tektonReason: PipelineRunReason?) -> Reason {
        if requestedShutdown != nil { return .cancelling }
        switch tektonReason?.reasonWhileRunning {
        // Tekton may fetch tasks while others are running.
        case .resolving? where children.hasAny: return .executing
        // `Started` stays until the first task is created, which may fail for a long time.
        case .resolving? where tektonReason == .started && taskCount != nil: return .executing
        case let reason?: return reason
        case nil: return children.hasAny || taskCount != nil ? .executing : .resolving
        }
    }

    private func failureReason(_ tektonReason: PipelineRunReason?, _ message: String) -> Reason {
        if tektonReason == .couldNotGetPipeline, Self.isNotFound(message) { return .templateNotFound }
        if let reason = tektonReason?.failureReason { return reason }
        // Without children nothing ran, so no task failed.
        return children.hasAny || tektonReason == .failed ? .taskFailed : .invalidWorkflow
    }

    /// Whether the message says that the Pipeline is missing from the namespace or the bundle.
    ///
    /// Names in these messages are quoted or at the end, and contain neither spaces nor quotes.
    private static func isNotFound(_ message: String) -> Bool {
        if message.contains("could not find object in image with kind: ") { return true }
        var scanner = TextScanner(message)
        return scanner.text(before: ": pipelines.tekton.dev \"") != nil && scanner.text(before: "\" not found") != nil
            && scanner.isAtEnd
    }
}

/// Tekton's reasons in a PipelineRun's condition, of all releases since v1.0.
enum PipelineRunReason: String, CaseIterable {
    // Not done.
    case pending = "PipelineRunPending"
    case started = "Started"
    case resolvingPipeline = "ResolvingPipelineRef"
    case resolvingTask = "ResolvingTaskRef"
    case running = "Running"
    case stopping = "PipelineRunStopping"
    case cancelledRunningFinally = "CancelledRunningFinally"
    case stoppedRunningFinally = "StoppedRunningFinally"
    case timeoutRunningFinally = "PipelineRunTimeoutRunningFinally"
    case couldNotCancel = "PipelineRunCouldntCancel"
    case couldNotTimeOut = "PipelineRunCouldntTimeOut"
    // Done.
    case succeeded = "Succeeded"
    case completed = "Completed"
    case failed = "Failed"
    case timeout = "PipelineRunTimeout"
    case cancelled = "Cancelled"
    case couldNotGetResult = "CouldntGetPipelineResult"
    // Could not be started; reasons that Tekton documents as validation can also occur later.
    case couldNotGetPipeline = "CouldntGetPipeline"
    case couldNotGetTask = "CouldntGetTask"
    case resourceVerificationFailed = "ResourceVerificationFailed"
    case parameterMissing = "ParameterMissing"
    case parameterTypeMismatch = "ParameterTypeMismatch"
    case objectParameterMissesKeys = "ObjectParameterMissKeys"
    case parameterArrayIndexingInvalid = "ParamArrayIndexingInvalid"
    case invalidParameterValue = "InvalidParamValue"
    case invalidMatrixParameterTypes = "InvalidMatrixParameterTypes"
    case pipelineValidationFailed = "PipelineValidationFailed"
    case invalidGraph = "PipelineInvalidGraph"
    case invalidWorkspaceBindings = "InvalidWorkspaceBindings"
    case invalidTaskRunSpecs = "InvalidTaskRunSpecs"
    case invalidTaskResultReference = "InvalidTaskResultReference"
    case invalidPipelineResultReference = "InvalidPipelineResultReference"
    case requiredWorkspaceMarkedOptional = "RequiredWorkspaceMarkedOptional"
    case invalidResourceBindings = "InvalidPipelineResourceBindings"
    case celEvaluationFailed = "CELEvaluationFailed"
    case createRunFailed = "CreateRunFailed"
    case couldNotCreateWorkspaceVolume = "CouldntCreateWorkspacePVC"
    case couldNotCreateAffinityAssistant = "ReasonCouldntCreateOrUpdateAffinityAssistantStatefulSet"
}

extension PipelineRunReason {
    /// Towline's reason while the condition is Unknown; nil for reasons that only occur at the end.
    var reasonWhileRunning: Reason? {
        switch self {
        case .pending: .queued
        case .started, .resolvingPipeline, .resolvingTask: .resolving
        case .running: .executing
        case .stopping: .stopping
        case .cancelledRunningFinally, .stoppedRunningFinally, .couldNotCancel: .cancelling
        case .timeoutRunningFinally, .couldNotTimeOut: .timingOut
        default: nil
        }
    }

    /// Towline's reason if the condition is False; nil for reasons that say only that.
    var failureReason: Reason? {
        switch self {
        case .timeout: .pipelineTimeout
        case .cancelled: .cancelled
        case .couldNotGetResult: .resultsFailed
        case .couldNotGetPipeline, .couldNotGetTask: .resolutionFailed
        case .resourceVerificationFailed: .policyDenied
        case .parameterMissing, .parameterTypeMismatch, .objectParameterMissesKeys, .parameterArrayIndexingInvalid,
            .invalidParameterValue, .invalidMatrixParameterTypes:
            .invalidParameters
        case .pipelineValidationFailed, .invalidGraph, .invalidWorkspaceBindings, .invalidTaskRunSpecs,
            .invalidTaskResultReference, .invalidPipelineResultReference, .requiredWorkspaceMarkedOptional,
            .invalidResourceBindings, .celEvaluationFailed, .createRunFailed:
            .invalidWorkflow
        case .couldNotCreateWorkspaceVolume, .couldNotCreateAffinityAssistant: .engineError
        default: nil
        }
    }
}

/// The task counts in a PipelineRun's message, the only place where Tekton reports progress.
///
/// `Tasks Completed: 5 (Failed: 1 (Ignored: 1), Cancelled 0), Incomplete: 2, Skipped: 1`; without `Incomplete` once
/// the run has ended. Messages of timeouts, cancellation and validation have another form.
struct TaskCountMessage: Hashable {
    let completed: Int32
    /// How many of the completed tasks succeeded. Before the run ends, this includes tolerated failures, which Tekton
    /// counts as failed only in its final message.
    let succeeded: Int32
    let incomplete: Int32
    let skipped: Int32
    /// How many tasks failed validation.
    let invalid: Int32
    /// Whether a task failed whose failure the pipeline does not ignore.
    let hasFailures: Bool
    /// Whether text follows the counts, such as why a task failed validation.
    let hasMore: Bool

    init?(_ message: String) {
        var scanner = TextScanner(message)
        guard scanner.consume("Tasks Completed: "), let completed = scanner.number(),
            scanner.consume(" (Failed: "), let failed = scanner.number()
        else { return nil }
        var ignored: Int32 = 0
        if scanner.consume(" (Ignored: ") {
            guard let count = scanner.number(), scanner.consume(")") else { return nil }
            ignored = count
        }
        guard scanner.consume(", Cancelled "), let cancelled = scanner.number(), scanner.consume(")") else {
            return nil
        }
        var incomplete: Int32 = 0
        if scanner.consume(", Incomplete: ") {
            guard let count = scanner.number() else { return nil }
            incomplete = count
        }
        guard scanner.consume(", Skipped: "), let skipped = scanner.number() else { return nil }
        var rest = scanner
        invalid = rest.consume(", Failed Validation: ") ? rest.number() ?? 0 : 0
        self.completed = completed
        // Each count has at most nine digits, so neither the sum nor the difference overflows.
        succeeded = max(0, completed - (failed + cancelled))
        self.incomplete = incomplete
        self.skipped = skipped
        hasFailures = failed > ignored
        hasMore = !scanner.isAtEnd
    }

    /// The number of tasks; each count has at most nine digits, so the sum fits into 64 bits.
    private var total: Int32? {
        Int32(exactly: Int64(completed) + Int64(incomplete) + Int64(skipped) + Int64(invalid))
    }

    /// The progress of the run; nil if there are no tasks.
    ///
    /// - Parameter conditionalSkips: How many of the skipped tasks their own conditions skipped.
    func progress(conditionalSkips: Int32) -> Progress? {
        guard let total, total > 0 else { return nil }
        return Progress(done: min(total, succeeded + min(conditionalSkips, skipped)), total: total)
    }
}

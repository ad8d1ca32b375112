import KubeClient
import TowlineAPI

extension PipelineRun {
    /// The run in Towline's words: the condition's status decides first, its reason next, its text last.
    var state: RunState {
        var state = RunState(reason, engineReason: condition?.reason ?? "", executed: nil)
        let tally = condition.flatMap { TaskCountMessage($0.message) }
        state.executed = executed(state, tally)
        state.children = children.counts
        // Only conditions leave tasks out of a run that succeeded.
        let skips = condition?.status == "True" ? .max : conditionalSkips
        state.progress = tally?.progress(conditionalSkips: skips)
        if tally == nil, let taskCount { state.taskCounts = TaskCounts(total: taskCount, skipped: conditionalSkips) }
        state.startedAt = startTime
        state.finishedAt = completionTime
        state.resolvedDigest = resolvedDigest
        state.outputs = results.outputs
        // The counts go into the progress; repeating them would only make the message longer.
        if let condition, tally?.hasMore != false { state.message = condition.message }
        state.wasShutDown = requestedShutdown != nil
        if state.reason == .executing, !children.areAny, taskCount != nil, !state.hasOwnMessage {
            state.message = """
                Tekton has fetched the pipeline and created no task yet; if that lasts, look at the run's events
                """
        }
        if state.reason == .taskFailed {
            state.nonTaskRuns = children.others
            // Nested pipelines are all there is, and no list shows them.
            if children.counts.taskRuns == 0, children.counts.customRuns == 0, let others = children.others?.others {
                state.explain(by: others)
            }
            if skipsOvertime, tally?.hasFailures == false {
                // No task failed: the run ended as it did because the time was over before some had started.
                state.reason = .pipelineTimeout
                state.message = "a time limit was reached before every task had started"
            }
        }
        return state
    }

    /// A task that succeeded has started; a run that ended without children started nothing. TaskRuns alone prove nothing.
    private func executed(_ state: RunState, _ tally: TaskCountMessage?) -> Bool? {
        if let tally, tally.succeeded > (state.isFinished ? 0 : tolerantTasks) { return true }
        return state.isFinished && !children.areAny ? false : nil
    }

    /// What was already asked of the run.
    var requestedShutdown: Shutdown? {
        switch requestedStatus {
        case Self.cancel: .terminate
        case Self.cancelRunningFinally, Self.stopRunningFinally: .stop
        default: nil
        }
    }

    /// The words of `spec.status` that end a run.
    static let cancel = "Cancelled"
    static let cancelRunningFinally = "CancelledRunFinally"
    static let stopRunningFinally = "StoppedRunFinally"

    private var reason: Reason {
        guard let condition else { return children.areAny ? .executing : .awaitingEngine }
        let word = PipelineRunReason(rawValue: condition.reason)
        switch condition.status {
        case "True": return word == .completed ? .completedWithSkips : .succeeded
        case "False": return failureReason(word, condition.message)
        default: return runningReason(word)
        }
    }

    /// An unknown word is told by what the run has: Tekton adds words often.
    private func runningReason(_ word: PipelineRunReason?) -> Reason {
        if requestedShutdown != nil { return .cancelling }
        switch word?.meaningWhileRunning {
        // Tasks may be fetched while others are running.
        case .resolving? where children.areAny: return .executing
        // The word stays until the first task was created, which may fail for long.
        case .resolving? where word == .started && taskCount != nil: return .executing
        case let reason?: return reason
        case nil: return children.areAny || taskCount != nil ? .executing : .resolving
        }
    }

    private func failureReason(_ word: PipelineRunReason?, _ message: String) -> Reason {
        if word == .couldNotGetPipeline, Self.saysNotFound(message) { return .templateNotFound }
        if let reason = word?.meaningOfFailure { return reason }
        // Without children nothing ran, so it was not a task that failed.
        return children.areAny || word == .failed ? .taskFailed : .invalidWorkflow
    }

    /// True for the sentences about a Pipeline that is not in the namespace, or not in the bundle.
    ///
    /// Names in these sentences are quoted or followed by their end, and have neither blanks nor quotes in them.
    private static func saysNotFound(_ message: String) -> Bool {
        if message.contains("could not find object in image with kind: ") { return true }
        var scanner = TextScanner(message)
        return scanner.text(before: ": pipelines.tekton.dev \"") != nil && scanner.text(before: "\" not found") != nil
            && scanner.isAtEnd
    }
}

/// The words Tekton's controller puts into a PipelineRun's condition, of all releases from v1.0 on.
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
    // Could not be started; those marked in Tekton's documentation as validation can also come later.
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
    /// What the word means where the condition is neither True nor False; nil for words that only end a run.
    var meaningWhileRunning: Reason? {
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

    /// What the word means where the condition is False; nil for words that say no more than that.
    var meaningOfFailure: Reason? {
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

/// The counts Tekton puts into a PipelineRun's message, the only place where it tells how far the run is.
///
/// `Tasks Completed: 5 (Failed: 1 (Ignored: 1), Cancelled 0), Incomplete: 2, Skipped: 1`; without `Incomplete` once
/// the run has ended. Messages of timeouts, cancellation and validation have another form.
struct TaskCountMessage: Hashable {
    let completed: Int32
    /// How many of the completed tasks succeeded; of an unfinished run those that failed tolerably are among them, since
    /// Tekton counts these as failed only in its last message.
    let succeeded: Int32
    let incomplete: Int32
    let skipped: Int32
    /// Tasks that Tekton refused when it was their turn.
    let invalid: Int32
    /// True when a task failed whose failure the pipeline does not ignore.
    let hasFailures: Bool
    /// True when something stands behind the counts, such as why a task was refused.
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

    /// How many tasks there are; each count has at most nine digits, so the sum of a few fits 64 bits.
    private var total: Int32? {
        Int32(exactly: Int64(completed) + Int64(incomplete) + Int64(skipped) + Int64(invalid))
    }

    /// What succeeded, or was skipped by its own condition, of all tasks; nil without any.
    ///
    /// - Parameter conditionalSkips: how many of the skipped tasks their own conditions left out.
    func progress(conditionalSkips: Int32) -> Progress? {
        guard let total, total > 0 else { return nil }
        return Progress(done: min(total, succeeded + min(conditionalSkips, skipped)), total: total)
    }
}

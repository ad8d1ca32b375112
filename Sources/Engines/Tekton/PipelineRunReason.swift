import TowlineAPI

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

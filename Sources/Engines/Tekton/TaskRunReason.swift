import TowlineAPI

/// The words Tekton's controller puts into the condition of a TaskRun that failed.
enum TaskRunReason: String, CaseIterable {
    case stepFailed = "StepFailed"
    case stepOutOfMemory = "StepOOM"
    case sidecarFailed = "SidecarFailed"
    case sidecarOutOfMemory = "SidecarOOM"
    case initContainerFailed = "InitContainerFailed"
    case initContainerOutOfMemory = "InitContainerOOM"
    case podEvicted = "PodEvicted"
    /// Up to v1.11 the word for all that the words above tell apart.
    case failed = "Failed"
    case timeout = "TaskRunTimeout"
    case cancelled = "TaskRunCancelled"
    case imagePullFailed = "TaskRunImagePullFailed"
    case createContainerConfigError = "CreateContainerConfigError"
    case podCreationFailed = "PodCreationFailed"
    case podAdmissionFailed = "PodAdmissionFailed"
    case resolutionFailed = "TaskRunResolutionFailed"
    case validationFailed = "TaskRunValidationFailed"
    case taskValidationFailed = "TaskValidationFailed"
    case resultTooLarge = "TaskRunResultLargerThanAllowedLimit"
    case invalidParameterValue = "InvalidParamValue"
    case resourceVerificationFailed = "ResourceVerificationFailed"
    case couldNotCreateWorkspaceVolume = "CouldntCreateWorkspacePVC"
    case couldNotStopSidecar = "TaskRunStopSidecarFailed"
    /// The pipeline goes on (`onError: continue`): no failure of the run.
    case failureIgnored = "FailureIgnored"
}

extension TaskRunReason {
    /// True for the words for the end of a pod, which therefore existed.
    var isOfPod: Bool {
        switch self {
        case .stepFailed, .stepOutOfMemory, .sidecarFailed, .sidecarOutOfMemory, .initContainerFailed,
            .initContainerOutOfMemory, .podEvicted, .failed, .failureIgnored, .resultTooLarge, .couldNotStopSidecar:
            true
        default: false
        }
    }

    /// What the word means; nil for those that leave it to the steps.
    var meaning: Reason? {
        switch self {
        case .stepFailed: .stepFailed
        case .stepOutOfMemory, .sidecarOutOfMemory, .initContainerOutOfMemory: .oomKilled
        case .sidecarFailed: .sidecarFailed
        case .initContainerFailed: .initContainerFailed
        case .podEvicted: .podEvicted
        case .timeout: .taskTimeout
        case .cancelled: .cancelled
        case .imagePullFailed: .imagePullFailed
        case .createContainerConfigError: .configError
        case .podCreationFailed, .podAdmissionFailed: .podCreationFailed
        case .resolutionFailed: .resolutionFailed
        case .validationFailed, .taskValidationFailed: .invalidWorkflow
        case .resultTooLarge: .resultsFailed
        case .invalidParameterValue: .invalidParameters
        case .resourceVerificationFailed: .policyDenied
        case .couldNotCreateWorkspaceVolume, .couldNotStopSidecar: .engineError
        case .failed, .failureIgnored: nil
        }
    }
}

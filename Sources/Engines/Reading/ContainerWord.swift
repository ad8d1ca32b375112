import TowlineAPI

/// The kubelet's words for a container that did not start or did not end well.
enum ContainerWord: String, CaseIterable {
    case error = "Error"
    case outOfMemory = "OOMKilled"
    case cannotRun = "ContainerCannotRun"
    case startError = "StartError"
    case imagePullBackOff = "ImagePullBackOff"
    case imagePullError = "ErrImagePull"
    case imageNeverPull = "ErrImageNeverPull"
    case imageInspectError = "ImageInspectError"
    case invalidImageName = "InvalidImageName"
    case registryUnavailable = "RegistryUnavailable"
    case signatureValidationFailed = "SignatureValidationFailed"
    case createConfigError = "CreateContainerConfigError"
    case createError = "CreateContainerError"
    case runError = "RunContainerError"
    case evicted = "Evicted"
    /// The kubelet could not find the container when its pod ended, after an eviction or a loss of the node.
    case lost = "ContainerStatusUnknown"
}

extension ContainerWord {
    /// What the word says about a failed task.
    var meaning: Reason {
        switch self {
        case .error: .stepFailed
        case .outOfMemory: .oomKilled
        case .imagePullBackOff, .imagePullError, .imageNeverPull, .imageInspectError, .invalidImageName,
            .registryUnavailable, .signatureValidationFailed:
            .imagePullFailed
        case .cannotRun, .startError, .createConfigError, .createError, .runError: .configError
        case .evicted, .lost: .podEvicted
        }
    }
}

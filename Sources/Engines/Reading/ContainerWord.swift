import WorkflowAPI

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
        case .evicted: .podEvicted
        }
    }
}

/// The kubelet's sentences about a pod, which engines repeat without its reason.
enum PodMessage {
    /// The whole sentence of a pod that ran into its `activeDeadlineSeconds`.
    static let deadline = "Pod was active on the node longer than the specified deadline"

    /// True when the sentence begins as those of the kubelet's eviction do.
    static func saysEvicted(_ message: String) -> Bool {
        let beginnings = [
            "The node was low on resource: ", "The node had condition: ", "Usage of EmptyDir volume ",
            "Pod ephemeral local storage usage exceeds ",
        ]
        return beginnings.contains { message.hasPrefix($0) }
    }
}

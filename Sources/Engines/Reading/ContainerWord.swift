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

/// The kubelet's sentences about a pod, which engines repeat without its reason.
enum PodMessage {
    /// The whole sentence of a pod that ran into its `activeDeadlineSeconds`.
    static let deadline = "Pod was active on the node longer than the specified deadline"

    /// True for the sentences about pods whose containers were never started.
    static func saysNeverStarted(_ message: String) -> Bool { message.hasPrefix("Pod was rejected") }

    /// True when the sentence begins as those of the kubelet's eviction do.
    static func saysEvicted(_ message: String) -> Bool {
        let beginnings = [
            "The node was low on resource: ", "The node had condition: ", "Usage of EmptyDir volume ",
            "Pod ephemeral local storage usage exceeds ",
        ]
        return beginnings.contains { message.hasPrefix($0) }
    }
}

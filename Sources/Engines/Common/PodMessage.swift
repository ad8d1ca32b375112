import TowlineAPI

/// Recognizes Kubernetes' messages about pods that did not run to completion; engines repeat them without the reason.
///
/// Sources: kubelet's `kubelet.go` (rejectPod), `eviction/helpers.go`, `nodeshutdown/`, `preemption/`, `lifecycle/`;
/// the taint eviction, pod garbage collection and node lifecycle controllers; the API server's admission.
enum PodMessage {
    /// The complete message about a pod that exceeded its `activeDeadlineSeconds`.
    static let deadline = "Pod was active on the node longer than the specified deadline"

    /// The reason for the failure; nil if the message is not known.
    static func failureReason(_ message: String) -> Reason? {
        if isRejection(message) || isCreateRefusal(message) { return .podCreationFailed }
        return isEviction(message) ? .podEvicted : nil
    }

    /// Whether the message proves that no container of the pod started.
    static func provesNothingStarted(_ message: String) -> Bool { isRejection(message) || isCreateRefusal(message) }

    // MARK: Rejected by the kubelet

    /// The kubelet's reasons for a pod that it does not admit, alone or before a sentence.
    private static let rejectionReasons: Set<Substring> = [
        "NodeShutdown", "UnexpectedAdmissionError", "NodeAffinity", "TopologyAffinityError", "InvalidNodeInfo",
        "PodOSNotSupported", "AppArmor", "Sysctl", "SysctlForbidden", "VolumeAttachmentLimitExceeded",
    ]

    /// What kubelets before 1.24 write after the word "Pod".
    private static let rejections = [
        "Pod was rejected as the node is shutting down.",
        "Node is in progress of shutting down, not admitting any new pods", "Node didn't have enough resource: ",
        "Node didn't have enough capacity: ", "The node had condition: ", "Allocate failed due to ", "Predicate ",
    ]

    private static func isRejection(_ message: String) -> Bool {
        if message.hasPrefix("Pod was rejected") { return true }
        let word = leadingWord(message)
        // One reason per resource that the node lacks: `OutOfcpu`, `OutOfpods`, `OutOfnvidia.com/gpu`.
        if rejectionReasons.contains(word) || (word.hasPrefix("OutOf") && word != "OutOfMemory") { return true }
        if message.hasPrefix("Node didn't have enough resource: ") { return true }
        guard message.hasPrefix("Pod ") else { return false }
        let rest = message.dropFirst(4)
        return rejections.contains { rest.hasPrefix($0) }
    }

    // MARK: Not created

    /// Whether the API server refused to create the pod.
    private static func isCreateRefusal(_ message: String) -> Bool {
        var scanner = TextScanner(message)
        if scanner.consume("pods is forbidden: ") { return true }
        if scanner.consume("Internal error occurred: failed calling webhook \"") { return true }
        if scanner.consume("admission webhook \"") { return scanner.text(before: "\" denied the request") != nil }
        for (kind, ending) in [("pods", " is forbidden: "), ("Pod", " is invalid: ")] {
            scanner = TextScanner(message)
            if scanner.consume("\(kind) \""), let name = scanner.text(before: "\""), !name.contains(" ") {
                return scanner.consume(ending)
            }
        }
        return false
    }

    // MARK: Evicted

    /// Reasons of the kubelet and controllers for a pod that was evicted or lost its node, alone or before a sentence.
    private static let evictionReasons: Set<Substring> = [
        "Evicted", "Terminated", "Shutdown", "Preempting", "Preempted", "NodeLost", "TaintManagerEviction",
        "DeletionByTaintManager", "DeletionByPodGC", "EvictionByEvictionAPI", "PreemptionByScheduler",
        "PreemptionByKubeScheduler", "TerminationByKubelet",
    ]

    private static let evictions = [
        "The node was low on resource: ", "The node had condition: ", "Usage of EmptyDir volume ",
        "Pod ephemeral local storage usage exceeds ",
        "Pod was terminated in response to imminent node shutdown.", "Node is shutting, evicting pods",
        "Preempted in order to admit critical pod", "Preempted by ", "Pod was preempted by Kubelet ",
        "Taint manager: deleting due to NoExecute taint", "Device Taint manager: deleting due to NoExecute taint",
        "Eviction API: evicting", "PodGC: ",
    ]

    private static func isEviction(_ message: String) -> Bool {
        // Argo's message about a running pod that was deleted.
        if message == "pod deleted" || evictionReasons.contains(leadingWord(message)) { return true }
        if evictions.contains(where: { message.hasPrefix($0) }) { return true }
        var scanner = TextScanner(message)
        if scanner.consume("Container "), let name = scanner.text(before: " "), !name.isEmpty {
            if scanner.consume("exceeded its local ephemeral storage limit ") { return true }
            if scanner.consume("was using "), scanner.text(before: ", which exceeds its request of ") != nil {
                return true
            }
        }
        scanner = TextScanner(message)
        return scanner.consume("Node ") && scanner.text(before: " which was running pod ") != nil
            && message.hasSuffix(" is unresponsive")
    }

    /// The text before the first colon if it is a single word; otherwise empty.
    private static func leadingWord(_ message: String) -> Substring {
        let word = message.prefix { $0 != ":" }
        return word.contains(" ") ? "" : word
    }
}

/// The kubelet's reasons for a container that did not start or that failed.
enum ContainerReason: String, CaseIterable {
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
    /// The kubelet could not find the container when its pod ended, after an eviction or the loss of the node.
    case lost = "ContainerStatusUnknown"
}

extension ContainerReason {
    /// The reason for the failed task.
    var failureReason: Reason {
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

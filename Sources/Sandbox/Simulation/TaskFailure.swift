/// The ways in which a simulated task can fail.
enum TaskFailure: Hashable, Sendable {
    /// The container ends with this code, 1 to 255.
    case exit(Int)
    case outOfMemory
    case imagePull
    /// The same on a node that gives the pod up, as those of virtual kubelets do.
    case imageGivenUp
    case evicted
    case configError

    static let grammar = "one of exit=1 to exit=255, oom, image-pull, image-pull-final, evicted, config-error"

    init?(_ text: String) {
        switch text {
        case "oom": self = .outOfMemory
        case "image-pull": self = .imagePull
        case "image-pull-final": self = .imageGivenUp
        case "evicted": self = .evicted
        case "config-error": self = .configError
        default:
            guard text.hasPrefix("exit="), let code = UInt8(text.dropFirst(5)), code > 0 else { return nil }
            self = .exit(Int(code))
        }
    }

    /// What the container ends with; nil when it never ran.
    var exitCode: Int? {
        switch self {
        case .exit(let code): code
        case .outOfMemory, .evicted: 137
        case .imagePull, .imageGivenUp, .configError: nil
        }
    }

    /// The reason the kubelet gives for a container that ended so.
    var containerReason: String {
        self == .outOfMemory ? "OOMKilled" : "Error"
    }

    /// Why the container does not start, as the kubelet words it; nil when it does.
    var waiting: (reason: String, message: String)? {
        switch self {
        case .imagePull, .imageGivenUp: ("ImagePullBackOff", "Back-off pulling image")
        case .configError: ("CreateContainerConfigError", "configmap \"settings\" not found")
        case .exit, .outOfMemory, .evicted: nil
        }
    }

    var isImagePull: Bool { self == .imagePull || self == .imageGivenUp }

    /// What the kubelet says of a pod it evicted.
    static let evictionMessage = "The node was low on resource: memory."
}

import KubeClient

/// How the tasks of a workflow behave in the simulation, told by annotations of its Pipeline or WorkflowTemplate.
struct Behavior: Sendable {
    /// What comes before the `/` of every annotation the simulation reads.
    static let prefix = "sandbox.towline.dev/"

    /// How long a task takes whose template says nothing.
    static let standardDuration = Duration.seconds(1)

    private var duration = Behavior.standardDuration
    private var durations: [String: Duration] = [:]
    private var failures: [String: TaskFailure] = [:]
    /// Keys are `<task>.<result>`.
    private var results: [String: String] = [:]

    /// All tasks take the standard time and succeed.
    init() {}

    /// Reads annotations and leaves out those of others; throws when a value of ours cannot be read.
    init(annotations: JSONObject) throws(BehaviorError) {
        for member in annotations where member.key.hasPrefix(Self.prefix) {
            let name = String(member.key.dropFirst(Self.prefix.count))
            let value = member.value.stringValue ?? ""
            if name == "duration" {
                duration = try Self.duration(value, annotation: member.key)
            } else if let task = name.task(after: "duration.") {
                durations[task] = try Self.duration(value, annotation: member.key)
            } else if let task = name.task(after: "fail.") {
                guard let failure = TaskFailure(value) else {
                    throw BehaviorError(annotation: member.key, value: value, accepted: TaskFailure.grammar)
                }
                failures[task] = failure
            } else if let result = name.task(after: "result.") {
                results[result] = value
            }
        }
    }

    private static func duration(_ text: String, annotation: String) throws(BehaviorError) -> Duration {
        guard let duration = Duration.goLimit(text) else {
            throw BehaviorError(annotation: annotation, value: text, accepted: "a duration such as 0s, 500ms or 1m30s")
        }
        return duration
    }

    /// How long the task takes that goes by these names, the first one known counts.
    func duration(of names: [String]) -> Duration {
        names.lazy.compactMap { durations[$0] }.first ?? duration
    }

    /// How the task fails that goes by these names; nil when it succeeds.
    func failure(of names: [String]) -> TaskFailure? {
        names.lazy.compactMap { failures[$0] }.first
    }

    /// What a task gives as one of its results; nil when no annotation says.
    func result(_ result: String, of names: [String]) -> String? {
        names.lazy.compactMap { results["\($0).\(result)"] }.first
    }
}

extension String {
    fileprivate func task(after prefix: String) -> String? {
        hasPrefix(prefix) && utf8.count > prefix.utf8.count ? String(dropFirst(prefix.count)) : nil
    }
}

/// An annotation of the simulation that cannot be read.
struct BehaviorError: Error, Hashable, CustomStringConvertible {
    let annotation: String
    let value: String
    let accepted: String

    var description: String { "annotation \(annotation): \"\(value.prefix(100))\" is not \(accepted)" }
}

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

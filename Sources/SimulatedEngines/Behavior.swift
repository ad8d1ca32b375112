import KubeClient

/// How the tasks of a simulated workflow behave, read from annotations of its Pipeline or WorkflowTemplate.
struct Behavior: Sendable {
    /// The prefix of every annotation that the simulation reads.
    static let prefix = "sandbox.towline.dev/"

    /// How long a task takes when no annotation sets a duration.
    static let defaultDuration = Duration.seconds(1)

    private var duration = Behavior.defaultDuration
    private var durations: [String: Duration] = [:]
    private var failures: [String: TaskFailure] = [:]
    /// Whether and when finished runs are archived; nil for no mark at all.
    private(set) var archive: Delay?
    /// Keys are `<task>.<result>`.
    private var results: [String: String] = [:]

    /// Every task takes the default duration and succeeds.
    init() {}

    /// Reads the annotations under ``prefix`` and ignores the rest; throws if a value is invalid.
    init(annotations: JSONObject) throws(BehaviorError) {
        for member in annotations where member.key.hasPrefix(Self.prefix) {
            let name = String(member.key.dropFirst(Self.prefix.count))
            let value = member.value.stringValue ?? ""
            if name == "archive" {
                archive = try Self.delay(value, annotation: member.key)
            } else if name == "queue-delay" {
                // Kueue reads it; it is only checked here.
                _ = try Self.delay(value, annotation: member.key)
            } else if name == "duration" {
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
            throw BehaviorError(annotation: annotation, value: text, accepted: "a duration such as 0s, 500ms, or 1m30s")
        }
        return duration
    }

    private static func delay(_ text: String, annotation: String) throws(BehaviorError) -> Delay {
        guard let delay = Delay(text) else {
            throw BehaviorError(annotation: annotation, value: text, accepted: Delay.grammar)
        }
        return delay
    }

    /// How long a task takes; the first of its names that has an annotation decides.
    func duration(of names: [String]) -> Duration {
        names.lazy.compactMap { durations[$0] }.first ?? duration
    }

    /// How a task fails; nil if it succeeds. The first of its names that has an annotation decides.
    func failure(of names: [String]) -> TaskFailure? {
        names.lazy.compactMap { failures[$0] }.first
    }

    /// The value of one of a task's results; nil if no annotation sets it.
    func result(_ result: String, of names: [String]) -> String? {
        names.lazy.compactMap { results["\($0).\(result)"] }.first
    }
}

extension String {
    fileprivate func task(after prefix: String) -> String? {
        hasPrefix(prefix) && utf8.count > prefix.utf8.count ? String(dropFirst(prefix.count)) : nil
    }
}

/// When something outside the engine acts on a run: an archive after its end, or a queue after its creation.
enum Delay: Hashable, Sendable {
    case after(Duration)
    /// The run waits forever.
    case never

    static let grammar = "a duration such as 2s, or never"

    init?(_ text: String) {
        if text == "never" {
            self = .never
        } else {
            guard let duration = Duration.goLimit(text) else { return nil }
            self = .after(duration)
        }
    }

    /// When it acts.
    struct Due: Hashable, Sendable {
        /// Nil for never.
        let time: Timestamp?
    }

    func due(after start: Timestamp) -> Due {
        switch self {
        case .after(let delay): Due(time: start + delay)
        case .never: Due(time: nil)
        }
    }
}

/// An annotation of the simulation with an invalid value.
struct BehaviorError: Error, Hashable, CustomStringConvertible {
    let annotation: String
    let value: String
    let accepted: String

    var description: String {
        "invalid value \"\(value.prefix(100))\" of annotation \(annotation): use \(accepted)"
    }
}

/// The ways in which a simulated task can fail.
enum TaskFailure: Hashable, Sendable {
    /// The container exits with this code, 1 to 255.
    case exit(Int)
    case outOfMemory
    case imagePull
    /// Like ``imagePull``, but the node then fails the pod, as virtual kubelets do.
    case imagePullFinal
    case evicted
    case configError

    static let grammar = "one of exit=1 to exit=255, oom, image-pull, image-pull-final, evicted, config-error"

    init?(_ text: String) {
        switch text {
        case "oom": self = .outOfMemory
        case "image-pull": self = .imagePull
        case "image-pull-final": self = .imagePullFinal
        case "evicted": self = .evicted
        case "config-error": self = .configError
        default:
            guard text.hasPrefix("exit="), let code = UInt8(text.dropFirst(5)), code > 0 else { return nil }
            self = .exit(Int(code))
        }
    }

    /// The container's exit code; nil if it never ran.
    var exitCode: Int? {
        switch self {
        case .exit(let code): code
        case .outOfMemory, .evicted: 137
        case .imagePull, .imagePullFinal, .configError: nil
        }
    }

    /// The kubelet's reason for the terminated container.
    var containerReason: String {
        self == .outOfMemory ? "OOMKilled" : "Error"
    }

    /// Why the container does not start, in the kubelet's words; nil if it starts.
    var waiting: (reason: String, message: String)? {
        switch self {
        case .imagePull, .imagePullFinal: ("ImagePullBackOff", "Back-off pulling image")
        case .configError: ("CreateContainerConfigError", "configmap \"settings\" not found")
        case .exit, .outOfMemory, .evicted: nil
        }
    }

    var isImagePull: Bool { self == .imagePull || self == .imagePullFinal }

    /// The kubelet's message for an evicted pod.
    static let evictionMessage = "The node was low on resource: memory."
}

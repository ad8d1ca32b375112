import KubeClient

/// One run of a workflow as a simulated engine carries it through: a state machine without I/O and without a clock.
///
/// It is told the time and what became of its actions, and answers with the next actions. ``RunLoop`` does the rest.
protocol SimulatedRun: Sendable {
    /// What users may ask of a run that is under way, by changing its object: to stop, to hold, to go on.
    associatedtype Request: Hashable, Sendable
    /// Names what has to be looked up before the run can start.
    associatedtype Reference: Sendable
    /// What the lookup found.
    associatedtype Resolution: Sendable

    /// Takes on a run; nil when it has ended before, or when another controller is to look after it.
    init?(_ object: JSONValue)

    static func request(in object: JSONValue) -> Request

    mutating func observe(_ request: Request)
    mutating func resolve(_ resolution: Resolution)

    /// Tells that an object was created, as the cluster stored it.
    mutating func created(_ object: JSONValue)

    /// Does what is due; called again until there is nothing left to do at that time.
    mutating func advance(to now: Timestamp) -> [RunAction<Reference>]

    /// When something will be due without anyone asking for it.
    var wakeTime: Timestamp? { get }

    /// The run has ended and nothing is left to be written.
    var isFinished: Bool { get }
}

/// What a simulated run wants to be done, in order.
enum RunAction<Reference: Sendable>: Sendable {
    case write(ClusterWrite)
    case resolve(Reference)
}

/// One write to the cluster.
enum ClusterWrite: Hashable, Sendable {
    case create(GroupVersionResource, namespace: String, JSONValue)
    /// A merge patch; of the status subresource when `subresource` is `status`.
    case patch(GroupVersionResource, namespace: String, name: String, JSONValue, subresource: String?)
    case delete(GroupVersionResource, namespace: String, name: String)
    case log(String, namespace: String, pod: String, container: String)
}

import KubeClient

/// One entry of the simulated server's history: the result of a write.
struct Change {
    enum Verb: String {
        case added = "ADDED"
        case modified = "MODIFIED"
        case deleted = "DELETED"
    }

    let revision: Int
    let verb: Verb
    let kind: ResourceKind
    let key: ObjectKey
    /// The object after the write; for a deletion its last state with the version of the deletion.
    let object: JSONValue
    /// The object before the write; nil for a creation.
    let before: JSONValue?
    /// The client that wrote.
    let writer: Writer
    /// When an operator sent the request; nil for other clients.
    let sent: ContinuousClock.Instant?
    let encoded: [UInt8]

    var uid: String { object["metadata"]?["uid"]?.stringValue ?? "" }
}

/// A client that writes to the simulated server.
enum Writer: Hashable, CustomStringConvertible {
    case user
    case engine
    case garbageCollector
    /// A foreign controller.
    case controller
    case operatorProcess(Int)

    var isOperator: Bool {
        if case .operatorProcess = self { true } else { false }
    }

    var description: String {
        switch self {
        case .user: "user"
        case .engine: "engine"
        case .garbageCollector: "gc"
        case .controller: "controller"
        case .operatorProcess(let number): "operator-\(number)"
        }
    }
}

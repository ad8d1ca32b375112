import KubeClient

/// One entry of the simulated server's history: an object as a write left it.
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
    /// The object after the write; for a deletion its last state, with the version of the deletion.
    let object: JSONValue
    /// The object before; nil for a creation.
    let before: JSONValue?
    /// Who wrote: a user, an engine, or an operator process.
    let writer: Writer
    let encoded: [UInt8]

    var uid: String { object["metadata"]?["uid"]?.stringValue ?? "" }
}

/// Who writes to the simulated server.
enum Writer: Hashable, CustomStringConvertible {
    case user
    case engine
    case garbageCollector
    /// A controller other than Towline.
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

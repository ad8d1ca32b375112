import KubeClient
import TowlineAPI

/// What an example says will become of it, in its annotation `towline.dev/expect`.
enum Expectation: Equatable, CustomStringConvertible {
    /// It ends so: `Completed/Success`, or with a reason `Failed/Failed/OOMKilled`.
    case ends(phase: String, outcome: String, reason: String?)
    /// The API refuses it and names this field: `Refused/spec.workflowRef`.
    case refused(field: String)

    /// Reads the annotation; nil when the example makes no claim.
    init?(of execution: JSONValue) {
        guard let text = execution[path: ["metadata", "annotations", WellKnown.expectAnnotation]]?.stringValue else {
            return nil
        }
        let words = text.split(separator: "/").map(String.init)
        switch words.count {
        case 2 where words[0] == "Refused": self = .refused(field: words[1])
        case 2: self = .ends(phase: words[0], outcome: words[1], reason: nil)
        case 3: self = .ends(phase: words[0], outcome: words[1], reason: words[2])
        default: return nil
        }
    }

    var isRefusal: Bool {
        if case .refused = self { true } else { false }
    }

    /// True when the execution ended as expected.
    func isMet(by row: ExecutionRow) -> Bool {
        guard case .ends(let phase, let outcome, let reason) = self else { return false }
        return row.phase == phase && row.outcome == outcome && (reason == nil || row.reason == reason)
    }

    /// True when this is what the API said, or that it said nothing.
    func isMet(byRefusal message: String?) -> Bool {
        guard case .refused(let field) = self, let message else { return false }
        return message.contains(field)
    }

    var description: String {
        switch self {
        case .ends(let phase, let outcome, let reason):
            [phase, outcome, reason].compactMap { $0 }.joined(separator: "/")
        case .refused(let field): "to be refused for \(field)"
        }
    }
}

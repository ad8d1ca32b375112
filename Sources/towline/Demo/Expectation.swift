import KubeClient
import WorkflowAPI

/// How an example says it should end: `Completed/Success`, or with a reason `Failed/Failed/OOMKilled`.
struct Expectation: Equatable, CustomStringConvertible {
    let phase: String
    let outcome: String
    let reason: String?

    /// Reads the annotation of an example; nil when it makes no claim.
    init?(of execution: JSONValue) {
        guard let text = execution[path: ["metadata", "annotations", WellKnown.expectAnnotation]]?.stringValue else {
            return nil
        }
        let words = text.split(separator: "/").map(String.init)
        guard words.count == 2 || words.count == 3 else { return nil }
        phase = words[0]
        outcome = words[1]
        reason = words.count == 3 ? words[2] : nil
    }

    /// True when the execution ended as expected.
    func isMet(by row: ExecutionRow) -> Bool {
        row.phase == phase && row.outcome == outcome && (reason == nil || row.reason == reason)
    }

    var description: String { [phase, outcome, reason].compactMap { $0 }.joined(separator: "/") }
}

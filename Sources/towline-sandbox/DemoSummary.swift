import KubeClient
import TowlineAPI

/// The results of the examples, compared with the expected ones.
struct DemoSummary {
    /// True if a signal stopped the demo; unfinished executions are not unexpected then.
    var isInterrupted = false
    private var failures: [(name: String, message: String)] = []
    private var rejections: [String] = []
    private var unexpected: [String] = []
    private var executions = Tally()
    private var environments = Tally()

    /// How many examples of a kind there are.
    private struct Tally {
        var count = 0
        var finished = 0
        var isComplete: Bool { finished == count }
    }

    var exitCode: Int32 {
        isInterrupted ? 130 : unexpected.isEmpty && executions.isComplete && environments.isComplete ? 0 : 1
    }

    /// The name of an execution that failed as expected, as an example for kubectl.
    var failedName: String? { failures.first?.name }

    /// Adds the final state of an execution, or the state of an environment that stays.
    mutating func add(_ row: DemoRow, expected: ExpectedResult?) {
        let tally: WritableKeyPath<DemoSummary, Tally> = row.isEnvironment ? \.environments : \.executions
        self[keyPath: tally].count += 1
        if row.isFinished { self[keyPath: tally].finished += 1 }
        if row.phase == "Failed", !row.isEnvironment { failures.append((row.name, row.message)) }
        guard let expected, !expected.isMet(by: row) else { return }
        let result = [row.phase, row.outcome, row.reason].filter { !$0.isEmpty }.joined(separator: "/")
        unexpected.append("\(row.key) is \(result), expected \(expected): \(row.message)")
    }

    /// Adds what was not as expected in the story of an environment.
    mutating func add(problemsOf story: [String]) { unexpected += story }

    /// Adds the error of the API server for an invalid example; nil if it was accepted.
    mutating func add(rejectionOf manifest: JSONValue, message: String?) {
        if let message { rejections.append(message) }
        guard let expected = ExpectedResult(of: manifest), !expected.isMet(byRejection: message) else { return }
        let name = manifest[path: ["metadata", "name"]]?.stringValue ?? "?"
        unexpected.append("\(name), expected \(expected), was \(message.map { "rejected: \($0)" } ?? "accepted")")
    }

    func text(isVerbose: Bool) -> String {
        guard !isInterrupted else {
            return "Interrupted: \(executions.finished) of \(executions.count) executions had finished."
        }

        var lines: [String] = []
        if isVerbose {
            if !failures.isEmpty {
                lines += ["Failed executions:"] + failures.map { "  \($0.name): \($0.message)" } + [""]
            }
            if !rejections.isEmpty { lines += ["Rejected manifests:"] + rejections.map { "  \($0)" } + [""] }
        }
        lines += unexpected.map { "UNEXPECTED: \(isVerbose ? $0 : $0.bounded(to: 300))" }
        lines += [
            "\(executions.finished) of \(executions.count) executions finished: "
                + "\(executions.finished - failures.count) succeeded, \(failures.count) failed.",
            "\(environments.finished) of \(environments.count) environments are in the state that their examples name.",
            "\(rejections.count) invalid manifests were rejected.",
            unexpected.isEmpty
                ? "All results are as expected." : "\(unexpected.count) results are not as expected.",
        ]
        if !isVerbose { lines.append("Add --verbose for all messages, --keep to use kubectl.") }
        return lines.joined(separator: "\n")
    }
}

/// The expected result of an example, from its annotation `towline.dev/expect`.
enum ExpectedResult: Equatable, CustomStringConvertible {
    /// The execution finishes, as in `Completed/Success` or `Failed/Failed/OOMKilled`.
    case finished(phase: String, outcome: String, reason: String?)
    /// The environment stays like this until somebody changes it or it expires, as in `Active/Ready`.
    case resting(phase: String, reason: String)
    /// The API server rejects it with a message that names the field, as in `Refused/spec.workflowRef`.
    case rejected(field: String)

    /// Parses the annotation; nil if the example has none.
    init?(of object: JSONValue) {
        guard let text = object[path: ["metadata", "annotations", WellKnown.expectAnnotation]]?.stringValue else {
            return nil
        }
        let words = text.split(separator: "/").map(String.init)
        switch words.count {
        case 2 where words[0] == "Refused": self = .rejected(field: words[1])
        case 2 where object["kind"] == "Environment": self = .resting(phase: words[0], reason: words[1])
        case 2: self = .finished(phase: words[0], outcome: words[1], reason: nil)
        case 3: self = .finished(phase: words[0], outcome: words[1], reason: words[2])
        default: return nil
        }
    }

    var isRejection: Bool {
        if case .rejected = self { true } else { false }
    }

    func isMet(by row: DemoRow) -> Bool {
        switch self {
        case .finished(let phase, let outcome, let reason):
            row.phase == phase && row.outcome == outcome && (reason == nil || row.reason == reason)
        case .resting(let phase, let reason): row.phase == phase && row.reason == reason
        case .rejected: false
        }
    }

    /// - Parameter message: the error of the API server; nil if it accepted the example.
    func isMet(byRejection message: String?) -> Bool {
        guard case .rejected(let field) = self, let message else { return false }
        return message.contains(field)
    }

    var description: String {
        switch self {
        case .finished(let phase, let outcome, let reason):
            [phase, outcome, reason].compactMap { $0 }.joined(separator: "/")
        case .resting(let phase, let reason): "\(phase)/\(reason)"
        case .rejected(let field): "a rejection that names \(field)"
        }
    }
}

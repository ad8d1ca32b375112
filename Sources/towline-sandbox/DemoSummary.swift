import KubeClient
import TowlineAPI

/// The results of the examples, compared with the expected ones.
struct DemoSummary {
    /// True if a signal stopped the demo; unfinished executions are not unexpected then.
    var isInterrupted = false
    private var failures: [(name: String, message: String)] = []
    private var rejections: [String] = []
    private var unexpected: [String] = []
    private var count = 0
    private var finished = 0

    var exitCode: Int32 { isInterrupted ? 130 : unexpected.isEmpty && finished == count ? 0 : 1 }

    /// The name of an execution that failed as expected, as an example for kubectl.
    var failedName: String? { failures.first?.name }

    /// Adds the final state of an execution.
    mutating func add(_ row: ExecutionRow, expected: ExpectedResult?) {
        count += 1
        if row.isFinished { finished += 1 }
        if row.phase == "Failed" { failures.append((row.name, row.message)) }
        guard let expected, !expected.isMet(by: row) else { return }
        let result = [row.phase, row.outcome, row.reason].filter { !$0.isEmpty }.joined(separator: "/")
        unexpected.append("\(row.key) is \(result), expected \(expected): \(row.message)")
    }

    /// Adds the error of the API server for an invalid example; nil if it was accepted.
    mutating func add(rejectionOf manifest: JSONValue, message: String?) {
        if let message { rejections.append(message) }
        guard let expected = ExpectedResult(of: manifest), !expected.isMet(byRejection: message) else { return }
        let name = manifest[path: ["metadata", "name"]]?.stringValue ?? "?"
        unexpected.append("\(name), expected \(expected), was \(message.map { "rejected: \($0)" } ?? "accepted")")
    }

    func text(isVerbose: Bool) -> String {
        guard !isInterrupted else { return "Interrupted: \(finished) of \(count) executions had finished." }
        var lines: [String] = []
        if isVerbose {
            if !failures.isEmpty {
                lines += ["Failed executions:"] + failures.map { "  \($0.name): \($0.message)" } + [""]
            }
            if !rejections.isEmpty { lines += ["Rejected manifests:"] + rejections.map { "  \($0)" } + [""] }
        }
        lines += unexpected.map { "UNEXPECTED: \(isVerbose ? $0 : $0.bounded(to: 300))" }
        lines += [
            "\(finished) of \(count) executions finished: \(finished - failures.count) succeeded, "
                + "\(failures.count) failed.",
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
    /// The API server rejects it with a message that names the field, as in `Refused/spec.workflowRef`.
    case rejected(field: String)

    /// Parses the annotation; nil if the example has none.
    init?(of execution: JSONValue) {
        guard let text = execution[path: ["metadata", "annotations", WellKnown.expectAnnotation]]?.stringValue else {
            return nil
        }
        let words = text.split(separator: "/").map(String.init)
        switch words.count {
        case 2 where words[0] == "Refused": self = .rejected(field: words[1])
        case 2: self = .finished(phase: words[0], outcome: words[1], reason: nil)
        case 3: self = .finished(phase: words[0], outcome: words[1], reason: words[2])
        default: return nil
        }
    }

    var isRejection: Bool {
        if case .rejected = self { true } else { false }
    }

    func isMet(by row: ExecutionRow) -> Bool {
        guard case .finished(let phase, let outcome, let reason) = self else { return false }
        return row.phase == phase && row.outcome == outcome && (reason == nil || row.reason == reason)
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
        case .rejected(let field): "a rejection that names \(field)"
        }
    }
}

import KubeClient

/// What became of the examples, compared with what their files say.
struct DemoSummary {
    private var failures: [String] = []
    private var refusals: [String] = []
    private var surprises: [String] = []
    private var count = 0
    private var ended = 0

    /// True when every example went as its file says.
    var isAsExpected: Bool { surprises.isEmpty && ended == count }

    /// Takes down how an execution ended.
    mutating func note(_ row: ExecutionRow, _ expectation: Expectation?) {
        count += 1
        if row.isFinished { ended += 1 }
        if row.phase == "Failed" { failures.append("\(row.name): \(row.message)") }
        guard let expectation, !expectation.isMet(by: row) else { return }
        let actual = [row.phase, row.outcome, row.reason].joined(separator: "/")
        surprises.append("\(row.namespace)/\(row.name) ended \(actual), expected \(expectation): \(row.message)")
    }

    /// Takes down what the API said to an invalid example; nil when it accepted it.
    mutating func note(refusalOf document: JSONValue, _ message: String?) {
        if let message { refusals.append(message) }
        guard let expectation = Expectation(of: document), !expectation.isMet(byRefusal: message) else { return }
        let name = document[path: ["metadata", "name"]]?.stringValue ?? "?"
        surprises.append("\(name) was \(expectation), but the API said: \(message ?? "nothing against it")")
    }

    var text: String {
        var lines: [String] = []
        if !failures.isEmpty { lines += ["Why some failed:"] + failures.map { "  \($0)" } + [""] }
        if !refusals.isEmpty { lines += ["What the API refused:"] + refusals.map { "  \($0)" } + [""] }
        lines += surprises.map { "NOT AS EXPECTED: \($0)" }
        lines.append(
            "\(ended) of \(count) executions ended, \(refusals.count) invalid manifests refused, "
                + "\(surprises.count) surprises.")
        return lines.joined(separator: "\n")
    }
}

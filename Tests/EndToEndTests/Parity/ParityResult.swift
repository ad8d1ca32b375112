import KubeClient

/// What an execution's status says, without what is particular to its run: alike on every engine.
struct ParityResult: Equatable, Sendable, CustomStringConvertible {
    var phase: String
    var outcome: String?
    /// Nil where each engine has a word of its own.
    var reason: String?
    var executed: Bool?
    /// Each as `Type=Status`, sorted.
    var conditions: [String]
    /// The task that failed, how, and with which exit code: `restart: StepFailed 3`.
    var failure: String?
    var outputs: [String] = []

    /// What stands in a status.
    init(_ execution: JSONValue) {
        let status = execution["status"]
        phase = status?["phase"]?.stringValue ?? "-"
        outcome = status?["outcome"]?.stringValue
        reason = status?["reason"]?.stringValue
        executed = status?["executed"]?.boolValue
        conditions = (status?["conditions"]?.arrayValue ?? []).map { condition in
            "\(condition["type"]?.stringValue ?? "-")=\(condition["status"]?.stringValue ?? "-")"
        }.sorted()
        if let failure = status?["failure"], failure.objectValue != nil {
            // What a task was ended with at its time limit is made up by one engine, and told by the other.
            let isOwn = outcome == "Failed"
            let code = isOwn ? failure["exitCode"]?.integerValue.map { " \($0)" } ?? "" : ""
            self.failure =
                "\(failure["task"]?.stringValue ?? "-"): \(failure["reason"]?.stringValue ?? "-")\(code)"
        }
        outputs = (status?["outputs"]?.arrayValue ?? []).map { output in
            "\(output["name"]?.stringValue ?? "-")=\(output["value"]?.stringValue ?? "-")"
        }
    }

    /// What is expected; the conditions are those that the contract lists for the phase, and `conditions`.
    init(
        _ phase: String, _ outcome: String? = nil, _ reason: String?, executed: Bool?, failure: String? = nil,
        outputs: [String] = [], conditions further: [String] = []
    ) {
        self.phase = phase
        self.outcome = outcome
        self.reason = reason
        self.executed = executed
        self.failure = failure
        self.outputs = outputs
        let standard =
            switch phase {
            case "Completed": ["Finished=True", "Ready=True", "Succeeded=True"]
            case "Failed": ["Finished=True", "Ready=False", "Stalled=True", "Succeeded=False"]
            default: ["Finished=False", "Ready=False", "Reconciling=True", "Succeeded=Unknown"]
            }
        conditions = (standard + further).sorted()
    }

    /// The same without the words that each engine has for itself.
    var withoutReason: ParityResult {
        var copy = self
        copy.reason = nil
        copy.failure = nil
        return copy
    }

    var description: String {
        let executed = executed.map { "\($0)" } ?? "-"
        return "\(phase)/\(outcome ?? "-")/\(reason ?? "-") executed \(executed) [\(conditions.joined(separator: " "))]"
            + (failure.map { " \($0)" } ?? "") + (outputs.isEmpty ? "" : " \(outputs.joined(separator: " "))")
    }
}

import KubeClient

/// What a watcher saw of executions and of their runs, and every breach of the law in it.
package struct History: Sendable {
    /// One execution, as it was seen last.
    package struct Life: Sendable {
        package let name: String
        package fileprivate(set) var phase = "Pending"
        package fileprivate(set) var outcome = ""
        package fileprivate(set) var reason = ""
        package fileprivate(set) var message = ""
        fileprivate var startedAt: String?
        fileprivate var finishedAt: String?

        package var isFinished: Bool { phase == "Completed" || phase == "Failed" }
        /// `Completed/Success/Succeeded`
        package var verdict: String { "\(phase)/\(outcome)/\(reason)" }
    }

    /// By the UID of the execution.
    package private(set) var lives: [String: Life] = [:]
    /// The UIDs of all runs that were ever seen, by the UID of the execution that owns them.
    package private(set) var runs: [String: Set<String>] = [:]
    package private(set) var violations: [String] = []

    package init() {}

    package mutating func observe(execution: JSONValue) {
        guard let uid = execution["metadata"]?["uid"]?.stringValue else { return }
        let before = lives[uid]
        var life = before ?? Life(name: execution["metadata"]?["name"]?.stringValue ?? "")
        let status = execution["status"]
        life.phase = status?["phase"]?.stringValue ?? "Pending"
        life.outcome = status?["outcome"]?.stringValue ?? ""
        life.reason = status?["reason"]?.stringValue ?? ""
        life.message = status?["message"]?.stringValue ?? ""
        life.startedAt = status?["startedAt"]?.stringValue
        life.finishedAt = status?["finishedAt"]?.stringValue
        lives[uid] = life
        if let before { compare(before, life) }
        if life.isFinished, life.finishedAt == nil { violations.append("\(life.name): ended without finishedAt") }
    }

    /// Takes note of a run; one that no execution controls is somebody else's.
    package mutating func observe(run: JSONValue) {
        guard let uid = run["metadata"]?["uid"]?.stringValue,
            let owner = run["metadata"]?["ownerReferences"]?.arrayValue?.first(where: {
                $0["controller"] == true && $0["kind"] == "WorkflowExecution"
            })?["uid"]?.stringValue
        else { return }
        runs[owner, default: []].insert(uid)
        if let all = runs[owner], all.count > 1 {
            violations.append("\(lives[owner]?.name ?? owner): \(all.count) runs were created")
        }
    }

    private mutating func compare(_ before: Life, _ after: Life) {
        func complain(_ what: String) { violations.append("\(after.name): \(what)") }
        let ranks = ["Pending": 0, "Running": 1, "Completed": 2, "Failed": 2]
        if ranks[after.phase] ?? 0 < ranks[before.phase] ?? 0
            || before.isFinished && (before.phase, before.outcome) != (after.phase, after.outcome)
        {
            complain("\(before.verdict) became \(after.verdict)")
        }
        if let started = before.startedAt, started != after.startedAt {
            complain("startedAt \(started) became \(after.startedAt ?? "nothing")")
        }
        if let finished = before.finishedAt, finished != after.finishedAt {
            complain("finishedAt \(finished) became \(after.finishedAt ?? "nothing")")
        }
    }
}

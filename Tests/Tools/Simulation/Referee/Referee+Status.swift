import KubeClient
import TowlineAPI

/// Compares what a status claims with what really happened.
extension Referee {
    /// The rounding of two times to whole seconds.
    private static let rounding = Duration.seconds(2)
    /// The grace period that the contract adds to a time limit before the operator stops a run.
    static let grace = Duration.seconds(60)

    /// Checks `executed` and the final reason of a new status.
    func checkClaims(of change: Change, _ before: JSONValue) {
        guard let entry = executions[change.uid], let status = change.object["status"] else { return }
        if isOn(.executed), let problem = executedProblem(status, before["status"], entry) {
            fail("\(change.key) @\(change.revision): \(problem)")
        }
        guard before["status"]?["outcome"] == nil, status["outcome"] != nil else { return }
        let (reason, message) = (status["reason"]?.stringValue ?? "", status["message"]?.stringValue ?? "")
        // The first status of an execution whose writes were rejected before can be the final one.
        let run = entry.run?.uid ?? status["runRef"]?["uid"]?.stringValue
        let record = run.flatMap { records[$0] }
        let problem: String? =
            switch reason {
            case "WatchdogExpired" where isOn(.verdicts): watchdogProblem(message, record, entry)
            case "StartDeadlineExceeded" where isOn(.deadlines): deadlineProblem(entry)
            case "RunDeleted", "RunReplaced":
                isOn(.identity) && record?.isGone == false && !hasUnelectedReplicas
                    ? "the run in the status still exists" : nil
            default: nil
            }
        if let problem { fail("\(change.key) @\(change.revision): \(reason), but \(problem)") }
    }

    private func executedProblem(_ new: JSONValue, _ old: JSONValue?, _ entry: ExecutionRecord) -> String? {
        if old?["executed"] == true, new["executed"] != true { return "executed changed from true" }
        let runs = records.filter { $0.value.execution == entry.uid }
        let run = entry.run?.uid
        let hasStarted = run.map(hasStarted) ?? runs.keys.contains(where: hasStarted)
        if new["executed"] == true { return hasStarted ? nil : "executed is true, but no step has started" }
        guard new["executed"] == false, new != old else { return nil }
        if new["outcome"] == nil { return "executed is false before the end" }
        guard old?["outcome"] == nil else { return nil }
        // The operator may not know about a run that a second active operator has just created.
        if run == nil, hasUnelectedReplicas { return nil }
        if hasStarted, run != nil || !runs.values.allSatisfy(\.isGone), !(run.map(isReportOfEarlierEnd) ?? false) {
            return "executed is false, but a step has started"
        }
        let hasEnded = run.map { verdicts[$0]?.isEmpty == false } ?? true
        return hasEnded ? nil : "executed is false without proof: the run had not ended"
    }

    /// True if the operator reports an end without a started step, and could not yet know that the run has continued.
    private func isReportOfEarlierEnd(of run: String) -> Bool {
        guard let record = records[run], record.hasEndedUnstarted, let resumed = record.resumed else { return false }
        let isRecent = resumed.duration(to: server.time.now) < Self.pollInterval + .seconds(5)
        return isRecent || record.verified.map { $0 < resumed } ?? true
    }

    /// The false claim of a `WatchdogExpired` status; nil if it is true.
    private func watchdogProblem(_ message: String, _ record: RunRecord?, _ entry: ExecutionRecord) -> String? {
        guard let timeout = entry.timeout else { return "it has no time limit" }
        guard let record else { return "it never had a run" }
        let now = server.time.now
        if !hasClockJumped, record.created.duration(to: now) + Self.rounding < .seconds(timeout) + Self.grace {
            return "its time limit has not expired"
        }
        let saysMayRun = message.contains("may still be running")
        if record.stopped != nil {
            let isOver = record.isGone || record.ended != nil
            return isOver || saysMayRun ? nil : "it does not say that the run may still be running"
        }
        if message.contains("was terminated") || message.contains("was stopped") {
            return "no request to stop the run was accepted: \(message)"
        }
        guard let since = record.refusedSince else { return "no stop of the run was requested" }
        let patience = since.duration(to: now)
        if patience < .seconds(290) { return "stops were rejected for only \(patience)" }
        return saysMayRun ? nil : "it does not say that the run may still be running"
    }

    private func deadlineProblem(_ entry: ExecutionRecord) -> String? {
        guard let seconds = entry.startDeadline, !hasClockJumped else { return nil }
        let age = entry.created.duration(to: server.time.now)
        return age + Self.rounding < .seconds(seconds) ? "it was only \(age) old" : nil
    }

    /// Checks that an operator stops a run only on request of a user or after its time limit.
    func checkStop(of run: Change) {
        guard isOn(.limits), let record = records[run.uid], let entry = executions[record.execution],
            entry.shutdown == nil
        else { return }
        guard let timeout = entry.timeout else { return fail("\(run.writer) stopped \(run.key) without a reason") }
        let age = record.created.duration(to: server.time.now)
        // The age of an execution that another process created depends on the server's clock.
        if !hasClockJumped, age + Self.rounding < .seconds(timeout) + Self.grace {
            fail("\(run.writer) stopped \(run.key) after \(age), but its time limit is \(timeout) seconds")
        }
    }
}

/// The rules for changes of a status: an independent implementation of the contract on plain JSON.
enum StatusRules {
    /// The first rule that a status write violates; nil if it violates none.
    static func violation(from before: JSONValue, to after: JSONValue) -> String? {
        let (old, new) = (before["status"] ?? [:], after["status"] ?? [:])
        return immutable(old, new) ?? phases(old, new) ?? times(old, new) ?? generation(new, after)
    }

    private static func immutable(_ old: JSONValue, _ new: JSONValue) -> String? {
        for field in ["startedAt", "finishedAt", "duration"] {
            if let value = old[field], new[field] != value { return "\(field) changed from \(value)" }
        }
        if let run = old["runRef"], new["runRef"] != run { return "runRef changed" }
        guard let phase = old["phase"]?.stringValue, phase == "Completed" || phase == "Failed" else { return nil }
        let latched = [
            "phase", "outcome", "reason", "message", "engineReason", "executed", "failure", "outputs", "progress",
        ]
        for field in latched where old[field] != new[field] { return "\(field) changed after the end" }
        return nil
    }

    private static func phases(_ old: JSONValue, _ new: JSONValue) -> String? {
        let order = ["Pending": 0, "Running": 1, "Completed": 2, "Failed": 2]
        let from = old["phase"]?.stringValue ?? "Pending"
        guard let to = new["phase"]?.stringValue, let rank = order[to] else {
            return "phase is \(new["phase"] ?? .null)"
        }
        if rank < order[from] ?? 0 { return "phase went from \(from) to \(to)" }
        let isTerminal = rank == 2
        if isTerminal != (new["outcome"] != nil) { return "outcome and phase \(to) do not agree" }
        if isTerminal != (new["finishedAt"] != nil) { return "finishedAt and phase \(to) do not agree" }
        let hasRun = new["startedAt"] != nil && new["finishedAt"] != nil
        if old["finishedAt"] == nil, hasRun != (new["duration"] != nil) {
            return "duration and phase \(to) do not agree"
        }
        if to == "Running" || to == "Completed", new["startedAt"] == nil { return "\(to) without startedAt" }
        if (to == "Completed") != (new["outcome"] == "Success") { return "outcome and phase \(to) contradict" }
        return nil
    }

    private static func times(_ old: JSONValue, _ new: JSONValue) -> String? {
        let start = new["startedAt"]?.stringValue.flatMap { Timestamp(rfc3339: $0) }
        let end = new["finishedAt"]?.stringValue.flatMap { Timestamp(rfc3339: $0) }
        if let start, let end, end < start { return "finishedAt is before startedAt" }
        let before = old["updatedAt"]?.stringValue.flatMap { Timestamp(rfc3339: $0) }
        guard let now = new["updatedAt"]?.stringValue.flatMap({ Timestamp(rfc3339: $0) }) else { return "no updatedAt" }
        if let before, now <= before { return "updatedAt did not increase" }
        var (old, new) = (old, new)
        old["updatedAt"] = nil
        new["updatedAt"] = nil
        return old == new ? "the write changed only updatedAt" : nil
    }

    private static func generation(_ new: JSONValue, _ after: JSONValue) -> String? {
        let observed = new["observedGeneration"]?.integerValue ?? -1
        let actual = after["metadata"]?["generation"]?.integerValue ?? 0
        return observed > actual ? "observedGeneration \(observed) is ahead of \(actual)" : nil
    }
}

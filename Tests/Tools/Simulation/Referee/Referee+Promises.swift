import KubeClient

/// Compares the statuses that are written with what really happened.
extension Referee {
    /// Two times are rounded to whole seconds.
    private static let rounding = Duration.seconds(2)
    /// What the contract adds to a time limit before a run is stopped from outside.
    static let grace = Duration.seconds(60)

    /// Checks a new status of an execution: `executed` and the verdict.
    func checkWords(of change: Change, _ before: JSONValue) {
        guard let entry = cases[change.uid], let status = change.object["status"] else { return }
        if isOn(.executed), let broken = brokenExecuted(status, before["status"], entry) {
            fail("\(change.key) @\(change.revision): \(broken)")
        }
        guard before["status"]?["outcome"] == nil, status["outcome"] != nil else { return }
        let (reason, message) = (status["reason"]?.stringValue ?? "", status["message"]?.stringValue ?? "")
        let record = entry.run.flatMap { records[$0.uid] }
        let broken: String? =
            switch reason {
            case "WatchdogExpired" where isOn(.verdicts): brokenWatchdog(message, record, entry)
            case "StartDeadlineExceeded" where isOn(.deadlines): brokenDeadline(entry)
            case "RunDeleted", "RunReplaced":
                isOn(.identity) && record?.isGone == false && !hasRivals ? "the run that was seen still exists" : nil
            default: nil
            }
        if let broken { fail("\(change.key) @\(change.revision): \(reason), but \(broken)") }
    }

    private func brokenExecuted(_ new: JSONValue, _ old: JSONValue?, _ entry: ExecutionCase) -> String? {
        if old?["executed"] == true, new["executed"] != true { return "executed went back from true" }
        let runs = records.filter { $0.value.execution == entry.uid }
        let run = entry.run?.uid
        let hasStarted = run.map(hasStarted) ?? runs.keys.contains(where: hasStarted)
        if new["executed"] == true { return hasStarted ? nil : "executed is true, and no step has started" }
        guard new["executed"] == false, new != old else { return nil }
        if new["outcome"] == nil { return "executed is false before the end" }
        guard old?["outcome"] == nil else { return nil }
        // A rival may just have created it.
        if run == nil, hasRivals { return nil }
        if hasStarted, run != nil || !runs.values.allSatisfy(\.isGone) {
            return "executed is false, and a step has started"
        }
        let hasEnded = run.map { verdicts[$0]?.isEmpty == false } ?? true
        return hasEnded ? nil : "executed is false without proof: the run had not ended"
    }

    /// What is wrong with a verdict of the watchdog; nil if it is correct.
    private func brokenWatchdog(_ message: String, _ record: RunRecord?, _ entry: ExecutionCase) -> String? {
        guard let timeout = entry.timeout else { return "there is no time limit" }
        guard let record else { return "there never was a run" }
        let now = server.time.now
        if record.created.duration(to: now) + Self.rounding < .seconds(timeout) + Self.grace {
            return "its time limit is not exceeded"
        }
        let saysMayRun = message.contains("may still be running")
        if record.stopped != nil {
            let isOver = record.isGone || record.ended != nil
            return isOver || saysMayRun ? nil : "it does not say that the run may still be running"
        }
        if message.contains("was terminated") || message.contains("was stopped") {
            return "no request to stop the run was accepted: \(message)"
        }
        guard let since = record.refusedSince else { return "no stop of the run was sent" }
        let patience = since.duration(to: now)
        if patience < .seconds(290) { return "stops were rejected for only \(patience)" }
        return saysMayRun ? nil : "it does not say that the run may still be running"
    }

    private func brokenDeadline(_ entry: ExecutionCase) -> String? {
        guard let seconds = entry.startDeadline else { return nil }
        let age = entry.created.duration(to: server.time.now)
        return age + Self.rounding < .seconds(seconds) ? "it was only \(age) old" : nil
    }

    /// Checks that an operator stops a run only for a user's shutdown or an exceeded time limit.
    func checkStop(of run: Change) {
        guard isOn(.limits), let record = records[run.uid], let entry = cases[record.execution],
            entry.shutdown == nil
        else { return }
        guard let timeout = entry.timeout else { return fail("\(run.writer) stopped \(run.key) for no reason") }
        let age = record.created.duration(to: server.time.now)
        if age + Self.rounding < .seconds(timeout) + Self.grace {
            fail("\(run.writer) stopped \(run.key) after \(age), and its time limit is \(timeout) seconds")
        }
    }
}

import KubeClient

/// An operator deletes only objects whose TTL expired, that belong to the execution, and that nothing keeps.
extension Referee {
    /// How long after reading an execution the deletion of its run may arrive.
    private static let slowest = Duration.seconds(150)

    /// If clocks differ by any amount, only the rule about true times can say what is early or late.
    var isJudging: Bool { !trouble.faults.contains(.clocks) || isOn(.retention) }

    func observeExpiry(of execution: Change) {
        guard isJudging, let before = execution.before else { return }
        let rule = rule(of: before, execution.uid)
        if let objection = rule.objection(toDeletingWith: run(of: before)) {
            return fail("\(execution.writer) deleted \(execution.key): \(objection)")
        }
        checkPunctuality(rule.executionDue, of: execution.uid, execution.key)
    }

    func observeExpiry(of run: Change, _ owner: String?) {
        guard let owner else { return fail("\(run.writer) deleted the foreign object \(run.key)") }
        guard isJudging else { return }
        guard let execution = server.all(.executions).first(where: { $0.uid == owner }) else {
            let wasThere = deletions[owner].map { $0.duration(to: server.time.now) < Self.slowest } ?? false
            if !wasThere { fail("\(run.writer) deleted \(run.key), whose execution is long gone") }
            return
        }
        let rule = rule(of: execution.object, owner)
        let isFresh = changes[owner].map { rule.now - $0 < Self.slowest } ?? false
        if let objection = rule.objection(toDeletingRun: run, isFresh: isFresh) {
            return fail("\(run.writer) deleted the run \(run.key): \(objection)")
        }
        checkPunctuality(rule.runDue, of: owner, run.key)
    }

    /// Without obstacles, expired objects are deleted within seconds.
    private func checkPunctuality(_ due: Timestamp?, of uid: String, _ key: ObjectKey) {
        // Until then, another process may have to start, or a failed request to be repeated.
        guard let calm, let due, due > calm + .seconds(120), let service,
            service.since.duration(to: server.time.now) > truth.now() - due + .seconds(120)
        else { return }
        // The status is written first; if that failed, a poll interval is added.
        guard case .some(let free) = obstacles.free(.statuses, nil, key.namespace),
            free.map({ $0.duration(to: server.time.now) > truth.now() - due + .seconds(10) }) ?? true
        else { return }
        let since = [due, changes[uid], runChanges[uid]].compactMap { $0 }.max() ?? due
        let lateness = truth.now() - since
        if lateness > RetentionRule.patience { fail("\(key) was deleted \(lateness) after its TTL expired") }
    }

    /// What may be deleted of an execution now, in true time if clocks differ by any amount.
    func rule(of execution: JSONValue, _ uid: String) -> RetentionRule {
        var rule = RetentionRule(execution: execution, now: truth.now())
        if trouble.faults.contains(.clocks) { rule.ends = cases[uid]?.ends ?? [] }
        return rule
    }

    /// The run that an execution names, if it exists.
    private func run(of execution: JSONValue) -> Change? {
        guard let uid = execution["status"]?["runRef"]?["uid"]?.stringValue else { return nil }
        return (server.all(.pipelineRuns) + server.all(.workflows)).first { $0.uid == uid }
    }
}

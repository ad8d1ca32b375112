import KubeClient

/// What an operator deletes has outlived its time, is nobody else's, and is not to be kept.
extension Referee {
    /// A reconciliation that has read an execution may take this long until its deletion of the run arrives.
    private static let slowest = Duration.seconds(150)

    /// Where clocks differ by any amount, only the law of true times can say what is early or late.
    var isJudging: Bool { !trouble.faults.contains(.clocks) || isOn(.retention) }

    func observeExpiry(of execution: Change) {
        guard isJudging, let before = execution.before else { return }
        let law = law(of: before, execution.uid)
        if let objection = law.objection(toDeletingWith: run(of: before)) {
            return fail("\(execution.writer) deleted \(execution.key): \(objection)")
        }
        checkPunctuality(law.executionDue, of: execution.uid, execution.key)
    }

    func observeExpiry(of run: Change, _ owner: String?) {
        guard let owner else { return fail("\(run.writer) deleted the foreign object \(run.key)") }
        guard isJudging else { return }
        guard let execution = server.all(.executions).first(where: { $0.uid == owner }) else {
            let wasThere = deletions[owner].map { $0.duration(to: server.time.now) < Self.slowest } ?? false
            if !wasThere { fail("\(run.writer) deleted \(run.key), whose execution is long gone") }
            return
        }
        let law = law(of: execution.object, owner)
        let isFresh = changes[owner].map { law.now - $0 < Self.slowest } ?? false
        if let objection = law.objection(toDeletingRun: run, isFresh: isFresh) {
            return fail("\(run.writer) deleted the run \(run.key): \(objection)")
        }
        checkPunctuality(law.runDue, of: owner, run.key)
    }

    /// What is due while nothing is in the way goes within seconds.
    private func checkPunctuality(_ due: Timestamp?, of uid: String, _ key: ObjectKey) {
        // Until then another process may have to start, or what failed to be tried again.
        guard let calm, let due, due > calm + .seconds(120), let service,
            service.since.duration(to: server.time.now) > truth.now() - due + .seconds(120)
        else { return }
        // First the status says what it has to say: where that could not be written, a poll interval is added.
        guard case .some(let free) = obstacles.free(.statuses, nil, key.namespace),
            free.map({ $0.duration(to: server.time.now) > truth.now() - due + .seconds(10) }) ?? true
        else { return }
        let since = [due, changes[uid], runChanges[uid]].compactMap { $0 }.max() ?? due
        let lateness = truth.now() - since
        if lateness > RetentionLaw.patience { fail("\(key) was deleted \(lateness) after its time") }
    }

    /// What may be deleted of an execution now, in true time where clocks differ by any amount.
    func law(of execution: JSONValue, _ uid: String) -> RetentionLaw {
        var law = RetentionLaw(execution: execution, now: truth.now())
        if trouble.faults.contains(.clocks) { law.ends = cases[uid]?.ends ?? [] }
        return law
    }

    /// The run that an execution names, where it still is.
    private func run(of execution: JSONValue) -> Change? {
        guard let uid = execution["status"]?["runRef"]?["uid"]?.stringValue else { return nil }
        return (server.all(.pipelineRuns) + server.all(.workflows)).first { $0.uid == uid }
    }
}

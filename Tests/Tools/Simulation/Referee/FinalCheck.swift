import KubeClient
import TowlineAPI

/// What must be true of every execution once faults have stopped and the operator has had time.
struct FinalCheck {
    let server: SimulatedServer
    let referee: Referee

    /// The first problem in the final state; nil without one.
    var problem: String? {
        for execution in server.all(.executions) where execution.object["metadata"]?["deletionTimestamp"] == nil {
            if let problem = problem(of: execution) { return "\(execution.key): \(problem)" }
        }
        return nil
    }

    /// True while a TTL of a finished execution or run is still pending.
    var hasPendingTTL: Bool {
        server.all(.executions).contains { execution in
            let rule = referee.rule(of: execution.object, execution.uid)
            return [rule.executionDue, rule.runDue].contains { $0.map { rule.now < $0 + .seconds(60) } ?? false }
        }
    }

    private func problem(of execution: Change) -> String? {
        let status = execution.object["status"]
        let generation = execution.object["metadata"]?["generation"]?.integerValue
        guard status?["observedGeneration"]?.integerValue == generation else {
            return "observedGeneration is \(status?["observedGeneration"]?.integerValue ?? -1), not \(generation ?? 0)"
        }
        let isArgo = execution.object["spec"]?["workflowRef"]?["engine"] == "argo"
        let kind = isArgo ? ResourceKind.workflows : .pipelineRuns
        let name = RunName.of(executionName: execution.key.name, uid: execution.uid)
        let found = server.current(kind, ObjectKey(namespace: execution.key.namespace, name: name))
        let run = found.flatMap { isOwn($0, of: execution) ? $0 : nil }
        guard let outcome = status?["outcome"]?.stringValue.flatMap({ Outcome(rawValue: $0) }) else {
            guard let run else { return "\(status?["phase"] ?? "no phase") without a run" }
            return Verdict.of(run.object, kind).isEmpty
                ? problem(withLiving: run, execution.object["spec"], kind) : "its run has ended, and it has not"
        }
        if let problem = problem(with: outcome, status?["reason"]?.stringValue ?? "", execution, run, found) {
            return problem
        }
        let seen = run.flatMap { $0.uid == status?["runRef"]?["uid"]?.stringValue ? $0 : nil }
        if let problem = problem(withRunaway: run, kind) { return problem }
        let isUnlabeled = (status?["runRef"]?["uid"]?.stringValue).flatMap { referee.records[$0]?.isUnlabeled } ?? false
        guard referee.isJudging else { return nil }
        let rule = referee.rule(of: execution.object, execution.uid)
        if isUnlabeled {
            // No one can know what happens to an ended run that no watch shows.
            guard let due = rule.executionDue else { return nil }
            return !rule.isKept && !rule.isManaged || rule.now < due + RetentionRule.patience
                ? "its TTL has not expired yet" : nil
        }
        let isOwned = seen?.object["metadata"]?["ownerReferences"] != nil
        return rule.remainder(with: seen, isOwned: isOwned)
    }

    /// A run may run forever, except if it was stopped.
    private func problem(withLiving run: Change, _ spec: JSONValue?, _ kind: ResourceKind) -> String? {
        if spec?["executionConfig"]?["timeoutSeconds"] != nil { return "its run exceeds its time limit" }
        let isAsked = run.object["spec"]?["shutdown"] != nil || run.object["spec"]?["status"] != nil
        let isRefused = referee.obstacles.refusesForGood(.stops, kind, run.key.namespace)
        return spec?["shutdown"] == nil || isAsked || isRefused ? nil : "no stop of its run was requested"
    }

    /// Stops of a run that exceeded its limit are repeated as long as they are rejected, also after the verdict.
    private func problem(withRunaway run: Change?, _ kind: ResourceKind) -> String? {
        guard referee.isOn(.limits), let run, let record = referee.records[run.uid], record.ended == nil,
            record.stopped == nil, referee.cases[record.execution]?.isGivenUp == true,
            !referee.obstacles.refusesForGood(.stops, kind, run.key.namespace)
        else { return nil }
        return "its run exceeded its time limit, and the stop was not repeated"
    }

    /// True if an operator may conclude that there is no run although there is one.
    ///
    /// A rival may have created it after the other one had checked. A user may have deleted it before a crashed process
    /// could store its existence. And if a server does not serve the engine's runs, there are none, although it may
    /// serve them again later, with what a crashed operator had created.
    private func mayMissRuns(_ execution: Change) -> Bool {
        let isArgo = execution.object["spec"]?["workflowRef"]?["engine"] == "argo"
        return referee.hasRivals || referee.runsThatVanished.contains(execution.uid)
            || server.everAbsent.contains(isArgo ? .workflows : .pipelineRuns)
    }

    /// True for the original run of the execution, and false for a replacement.
    private func isOwn(_ run: Change, of execution: Change) -> Bool {
        let seen = execution.object["status"]?["runRef"]?["uid"]?.stringValue
        return referee.execution(of: run) == execution.uid && (seen == nil || seen == run.uid)
    }

    /// Whether a verdict matches what really happened.
    private func problem(
        with outcome: Outcome, _ reason: String, _ execution: Change, _ run: Change?, _ found: Change?
    ) -> String? {
        let verdicts = execution.object["status"]?["runRef"]?["uid"]?.stringValue.flatMap { referee.verdicts[$0] } ?? []
        let spec = execution.object["spec"]
        switch outcome {
        case .success, .failed:
            return verdicts.contains(outcome) ? nil : "\(outcome) was never the run's verdict (\(verdicts))"
        case .timeout:
            return spec?["executionConfig"]?["timeoutSeconds"] == nil ? "Timeout without a time limit" : nil
        case .cancelled:
            if spec?["shutdown"] != nil, !referee.hasRun(execution) || mayMissRuns(execution) { return nil }
            return verdicts.contains(.cancelled) ? nil : "Cancelled, which its run never was (\(verdicts))"
        case .error: return problem(withError: reason, execution, found)
        }
    }

    private func problem(withError reason: String, _ execution: Change, _ found: Change?) -> String? {
        let hasRun = referee.hasRun(execution)
        switch reason {
        case "RunDeleted":
            return hasRun && referee.runsThatVanished.contains(execution.uid) ? nil : "\(reason), but no run vanished"
        case "NameCollision", "RunReplaced":
            let isItsOwn = found.map { isOwn($0, of: execution) } == true
            // Before the run is stored, only the owner identifies it.
            let isStripped = found?.object["metadata"]?["ownerReferences"] == nil
            if reason == "NameCollision", isStripped { return nil }
            return isItsOwn && !referee.hasRivals ? "\(reason), but the run is its own" : nil
        case "StartDeadlineExceeded":
            if execution.object["spec"]?["executionConfig"]?["startDeadlineSeconds"] == nil {
                return "no start deadline"
            }
            return hasRun && !mayMissRuns(execution) ? "\(reason), but a run was created" : nil
        case "PolicyDenied", "Rejected":
            let run = ObjectKey(
                namespace: execution.key.namespace,
                name: RunName.of(executionName: execution.key.name, uid: execution.uid))
            return referee.denials.contains(run) ? nil : "\(reason), but its run was not denied"
        default: return "an error for no reason: \(reason)"
        }
    }
}

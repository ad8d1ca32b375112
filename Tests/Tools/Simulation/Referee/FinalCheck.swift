import KubeClient
import TowlineAPI

/// What has to be true of every execution once faults have stopped and the operator has had time.
struct FinalCheck {
    let server: SimulatedServer
    let referee: Referee

    /// The first thing that is not as it has to be in the end; nil when all is well.
    var problem: String? {
        for execution in server.all(.executions) where execution.object["metadata"]?["deletionTimestamp"] == nil {
            if let problem = problem(of: execution) { return "\(execution.key): \(problem)" }
        }
        return nil
    }

    /// True while something finished still has to be looked at because a TTL ends.
    var hasPendingTTL: Bool {
        server.all(.executions).contains { execution in
            let law = referee.law(of: execution.object, execution.uid)
            return [law.executionDue, law.runDue].contains { $0.map { law.now < $0 + .seconds(60) } ?? false }
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
        let law = referee.law(of: execution.object, execution.uid)
        if isUnlabeled {
            // What becomes of an ended run that no watch shows is for nobody to know.
            guard let due = law.executionDue else { return nil }
            return !law.isKept && !law.isManaged || law.now < due + RetentionLaw.patience
                ? "its time is still to come" : nil
        }
        let isOwned = seen?.object["metadata"]?["ownerReferences"] != nil
        return law.remainder(with: seen, isOwned: isOwned)
    }

    /// A run may go on for ever, but not when it was to end.
    private func problem(withLiving run: Change, _ spec: JSONValue?, _ kind: ResourceKind) -> String? {
        if spec?["executionConfig"]?["timeoutSeconds"] != nil { return "its run outlives its time limit" }
        let isAsked = run.object["spec"]?["shutdown"] != nil || run.object["spec"]?["status"] != nil
        let isRefused = referee.obstacles.refusesForGood(.stops, kind, run.key.namespace)
        return spec?["shutdown"] == nil || isAsked || isRefused ? nil : "nobody asked its run to end"
    }

    /// A run that outlived its limit is asked to stop as long as that is refused, also after the verdict.
    private func problem(withRunaway run: Change?, _ kind: ResourceKind) -> String? {
        guard referee.isOn(.limits), let run, let record = referee.records[run.uid], record.ended == nil,
            record.stopped == nil, referee.cases[record.execution]?.isGivenUp == true,
            !referee.obstacles.refusesForGood(.stops, kind, run.key.namespace)
        else { return nil }
        return "its run outlived its time limit, and nobody asked it to stop again"
    }

    /// True where an operator may hold that there is no run although there is one.
    ///
    /// A rival may have created it after the other one had looked. Somebody may have deleted it before a process that
    /// crashed could store that it had been there. And a server that does not serve the engine's runs
    /// is taken at its word, although it may serve them again later, with what a crashed operator had created.
    private func mayMissRuns(_ execution: Change) -> Bool {
        let isArgo = execution.object["spec"]?["workflowRef"]?["engine"] == "argo"
        return referee.hasRivals || referee.runsThatVanished.contains(execution.uid)
            || server.everAbsent.contains(isArgo ? .workflows : .pipelineRuns)
    }

    /// True for the run that the execution had from the beginning, and not for one that somebody put in its place.
    private func isOwn(_ run: Change, of execution: Change) -> Bool {
        let seen = execution.object["status"]?["runRef"]?["uid"]?.stringValue
        return referee.execution(of: run) == execution.uid && (seen == nil || seen == run.uid)
    }

    /// Whether an ending is one that really happened.
    private func problem(
        with outcome: Outcome, _ reason: String, _ execution: Change, _ run: Change?, _ found: Change?
    ) -> String? {
        let verdicts = execution.object["status"]?["runRef"]?["uid"]?.stringValue.flatMap { referee.verdicts[$0] } ?? []
        let spec = execution.object["spec"]
        switch outcome {
        case .success, .failed:
            return verdicts.contains(outcome) ? nil : "\(outcome) was never the run's word (\(verdicts))"
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
            // Before it was stored which run it is, only the owner tells.
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
            return referee.denials.contains(run) ? nil : "\(reason), but nobody denied its run"
        default: return "an error for no reason: \(reason)"
        }
    }
}

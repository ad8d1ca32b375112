import KubeClient
import TowlineAPI

/// The conditions that every execution must meet some time after the end of all faults.
struct FinalCheck {
    let server: SimulatedServer
    let referee: Referee

    /// The first problem; nil if all executions and environments are correct.
    var problem: String? {
        for execution in server.all(.executions) where execution.object["metadata"]?["deletionTimestamp"] == nil {
            if let problem = problem(of: execution) { return "\(execution.key): \(problem)" }
        }
        return environmentProblem
    }

    /// True while the TTL of a finished execution or run has not expired.
    var hasPendingTTL: Bool {
        server.all(.executions).contains { execution in
            let rules = referee.retentionRules(of: execution.object, execution.uid)
            return [rules.executionDue, rules.runDue].contains { due in
                due.map { rules.now < $0 + .seconds(60) && $0 < rules.now + RetentionRules.horizon } ?? false
            }
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
            guard let run else {
                if case .none = referee.executions[execution.uid].flatMap(referee.definitionAvailable),
                    status?["reason"] == "DefinitionNotFound"
                {
                    return nil
                }
                return "\(status?["phase"] ?? "no phase") without a run"
            }
            return Verdict.of(run.object, kind).isEmpty
                ? problem(withLiving: run, execution, kind)
                : "its run has ended, but the execution has not"
        }
        if let problem = problem(with: outcome, status?["reason"]?.stringValue ?? "", execution, run, found) {
            return problem
        }
        let seen = run.flatMap { $0.uid == status?["runRef"]?["uid"]?.stringValue ? $0 : nil }
        if let problem = problem(withRunaway: run, kind) { return problem }
        let isUnlabeled = (status?["runRef"]?["uid"]?.stringValue).flatMap { referee.records[$0]?.isUnlabeled } ?? false
        guard referee.checksRetention else { return nil }
        let rules = referee.retentionRules(of: execution.object, execution.uid)
        if isUnlabeled {
            // The operator cannot see a finished run that no watch selects.
            guard let due = rules.executionDue, due < rules.now + RetentionRules.horizon else { return nil }
            return !rules.isKept && !rules.isManaged || rules.now < due + RetentionRules.patience
                ? "its TTL has not expired" : nil
        }
        let isOwned = seen?.object["metadata"]?["ownerReferences"] != nil
        return rules.problem(with: seen, isOwned: isOwned)
    }

    /// A run may continue forever, unless it has a time limit or a stop was requested.
    private func problem(withLiving run: Change, _ execution: Change, _ kind: ResourceKind) -> String? {
        let spec = execution.object["spec"]
        if Self.limit(of: execution) != nil { return "its run is still running after its time limit" }
        let isAsked = run.object["spec"]?["shutdown"] != nil || run.object["spec"]?["status"] != nil
        let isRefused = referee.obstacles.rejectsPermanently(.stops, kind, run.key.namespace)
        return spec?["shutdown"] == nil || isAsked || isRefused ? nil : "no stop of its run was requested"
    }

    /// The time limit of the execution itself, or of the definition that it names.
    private static func limit(of execution: Change) -> JSONValue? {
        execution.object["spec"]?["executionConfig"]?["timeoutSeconds"]
            ?? execution.object["status"]?["resolved"]?["timeoutSeconds"]
    }

    /// While stops of a run beyond its time limit are rejected, the operator retries them, also after the final status.
    private func problem(withRunaway run: Change?, _ kind: ResourceKind) -> String? {
        guard referee.isOn(.limits), let run, let record = referee.records[run.uid], record.ended == nil,
            record.stopped == nil, referee.executions[record.execution]?.hasWatchdogVerdict == true,
            !referee.obstacles.rejectsPermanently(.stops, kind, run.key.namespace)
        else { return nil }
        return "its run exceeded its time limit, and the stop was not retried"
    }

    /// True if the operator may conclude that no run exists although one does.
    ///
    /// A second active operator can create the run after the first has looked. A user can delete the run before a process
    /// that crashed stored its existence. And if the server does not serve the engine's runs, it can serve them again
    /// later, including those that a crashed operator created.
    private func mayMissRuns(_ execution: Change) -> Bool {
        let isArgo = execution.object["spec"]?["workflowRef"]?["engine"] == "argo"
        return referee.hasUnelectedReplicas || referee.runsThatVanished.contains(execution.uid)
            || server.everAbsent.contains(isArgo ? .workflows : .pipelineRuns)
    }

    /// True for the original run of the execution, and false for a replacement.
    private func isOwn(_ run: Change, of execution: Change) -> Bool {
        let seen = execution.object["status"]?["runRef"]?["uid"]?.stringValue
        return referee.execution(of: run) == execution.uid && (seen == nil || seen == run.uid)
    }

    /// The problem with a final outcome that does not match what happened.
    private func problem(
        with outcome: Outcome, _ reason: String, _ execution: Change, _ run: Change?, _ found: Change?
    ) -> String? {
        let verdicts = execution.object["status"]?["runRef"]?["uid"]?.stringValue.flatMap { referee.verdicts[$0] } ?? []
        let spec = execution.object["spec"]
        switch outcome {
        case .success, .failed:
            return verdicts.contains(outcome) ? nil : "\(outcome) was never an outcome of the run (\(verdicts))"
        case .timeout:
            return Self.limit(of: execution) == nil ? "Timeout without a time limit" : nil
        case .cancelled:
            if spec?["shutdown"] != nil, !referee.hasRun(execution) || mayMissRuns(execution) { return nil }
            return verdicts.contains(.cancelled) ? nil : "Cancelled, but the run was never canceled (\(verdicts))"
        case .error: return problem(withError: reason, execution, found)
        }
    }

    private func problem(withError reason: String, _ execution: Change, _ found: Change?) -> String? {
        let hasRun = referee.hasRun(execution)
        switch reason {
        case "RunDeleted":
            return hasRun && referee.runsThatVanished.contains(execution.uid)
                ? nil : "\(reason), but no run disappeared"
        case "NameCollision", "RunReplaced":
            let isItsOwn = found.map { isOwn($0, of: execution) } == true
            // Before the run is stored in the status, only the owner reference identifies it.
            let isStripped = found?.object["metadata"]?["ownerReferences"] == nil
            if reason == "NameCollision", isStripped { return nil }
            return isItsOwn && !referee.hasUnelectedReplicas ? "\(reason), but the run is its own" : nil
        case "StartDeadlineExceeded":
            if execution.object["spec"]?["executionConfig"]?["startDeadlineSeconds"] == nil {
                return "no start deadline"
            }
            return hasRun && !mayMissRuns(execution) ? "\(reason), but a run was created" : nil
        case "InvalidSpec":
            return referee.isRefusedByDefinition(execution) ? nil : "\(reason), but its definition accepts it"
        case "PolicyDenied", "Rejected":
            let run = ObjectKey(
                namespace: execution.key.namespace,
                name: RunName.of(executionName: execution.key.name, uid: execution.uid))
            return referee.denials.contains(run) ? nil : "\(reason), but no policy denied its run"
        default: return "Error with an unexpected reason: \(reason)"
        }
    }
}

import KubeClient
import TowlineAPI

/// Checks that an operator deletes only its own expired objects that need not be kept.
extension Referee {
    /// The maximum time from the read of an execution until the deletion of its run arrives.
    private static let slowest = Duration.seconds(150)

    /// With arbitrary clock skew, only the rules based on true times can decide what is early or late.
    var checksRetention: Bool { !hasClockJumped && (!configuration.faults.contains(.clocks) || isOn(.retention)) }

    func observeExpiry(of execution: Change) {
        guard checksRetention, let before = execution.before else { return }
        let rules = retentionRules(of: before, execution.uid)
        if let objection = rules.objection(toDeletingWith: run(of: before)) {
            return fail("\(execution.writer) deleted \(execution.key): \(objection)")
        }
        checkPunctuality(rules.executionDue, of: execution.uid, execution.key)
    }

    func observeExpiry(of run: Change, _ owner: String?) {
        guard let owner else { return fail("\(run.writer) deleted the foreign object \(run.key)") }
        guard checksRetention else { return }
        guard let execution = server.all(.executions).first(where: { $0.uid == owner }) else {
            let wasThere = deletions[owner].map { $0.duration(to: server.time.now) < Self.slowest } ?? false
            if !wasThere { fail("\(run.writer) deleted \(run.key), whose execution was deleted long ago") }
            return
        }
        let rules = retentionRules(of: execution.object, owner)
        let isFresh = changes[owner].map { rules.now - $0 < Self.slowest } ?? false
        if let objection = rules.objection(toDeletingRun: run, isFresh: isFresh) {
            return fail("\(run.writer) deleted the run \(run.key): \(objection)")
        }
        checkPunctuality(rules.runDue, of: owner, run.key)
    }

    /// Without obstacles, a due object is deleted within seconds.
    private func checkPunctuality(_ due: Timestamp?, of uid: String, _ key: ObjectKey) {
        // Before that, another process may need to start or a failure may need a retry.
        guard let faultsEnded, let due, due > faultsEnded + .seconds(120), let service,
            service.since.duration(to: server.time.now) > trueClock.now() - due + .seconds(120)
        else { return }
        // The status is written first; if that was blocked, a poll interval is added.
        guard case .some(let free) = obstacles.free(.statuses, nil, key.namespace),
            free.map({ $0.duration(to: server.time.now) > trueClock.now() - due + .seconds(10) }) ?? true
        else { return }
        let since = [due, changes[uid], runChanges[uid]].compactMap { $0 }.max() ?? due
        let lateness = trueClock.now() - since
        if lateness > RetentionRules.patience { fail("\(key) was deleted \(lateness) after its TTL expired") }
    }

    /// The retention rules of an execution, in true time if clock skew is arbitrary.
    func retentionRules(of execution: JSONValue, _ uid: String) -> RetentionRules {
        var rules = RetentionRules(execution: execution, now: trueClock.now())
        if hasClockJumped { return RetentionRules(execution: execution, now: server.clock.now()) }
        if configuration.faults.contains(.clocks) { rules.ends = executions[uid]?.ends ?? [] }
        return rules
    }

    /// The run in the status of an execution, if it still exists.
    private func run(of execution: JSONValue) -> Change? {
        guard let uid = execution["status"]?["runRef"]?["uid"]?.stringValue else { return nil }
        return (server.all(.pipelineRuns) + server.all(.workflows)).first { $0.uid == uid }
    }
}

/// The rules for what may and what must be deleted: an independent implementation of the contract on plain JSON.
struct RetentionRules {
    let execution: JSONValue
    let now: Timestamp
    /// When the execution, and later its run, really ended; nil if all clocks nearly agree and the status has the correct
    /// times.
    var ends: [Timestamp]?

    /// The maximum skew of two clocks; with arbitrary skew, the maximum delay until a decision is stored.
    private var skew: Duration { ends == nil ? .seconds(2) : .seconds(35) }
    /// The maximum delay of a deletion without obstacles, including the skew.
    static let patience = Duration.seconds(6)
    /// TTLs that expire later than this are not waited for.
    static let horizon = Duration.seconds(86_400)

    /// When the execution may be deleted; nil for never.
    var executionDue: Timestamp? { due("ttlSecondsAfterFinished") }

    /// When its run may be deleted; nil for never.
    var runDue: Timestamp? {
        [due("runTTLSecondsAfterFinished"), isManaged ? nil : executionDue].compactMap { $0 }.min()
    }

    var isManaged: Bool {
        let metadata = execution["metadata"]
        return metadata?["annotations"]?["argocd.argoproj.io/tracking-id"] != nil
            || metadata?["labels"]?["kustomize.toolkit.fluxcd.io/name"] != nil
            || metadata?["annotations"]?["meta.helm.sh/release-name"] != nil
    }

    var isKept: Bool { Self.isKept(execution) }

    static func isKept(_ object: JSONValue) -> Bool {
        object["metadata"]?["annotations"]?[WellKnown.keepAnnotation] != nil
    }

    /// Argo's label on Workflows that will be archived or are archived.
    static let archiveLabel = "workflows.argoproj.io/workflow-archiving-status"

    private static func isToBeArchived(_ object: JSONValue) -> Bool {
        object["metadata"]?["labels"]?[archiveLabel] == "Pending"
    }

    private func due(_ field: String) -> Timestamp? {
        guard let end = execution["status"]?["finishedAt"]?.stringValue.flatMap({ Timestamp(rfc3339: $0) }),
            let seconds = execution["spec"]?["executionConfig"]?[field]?.integerValue
        else { return nil }
        if let ends { return ends.max().map { $0 + .seconds(seconds) } }
        return max(end, secondEnd ?? end) + .seconds(seconds)
    }

    /// When the run ended again after it continued beyond the end of the execution.
    private var secondEnd: Timestamp? {
        let diverged = execution["status"]?["conditions"]?.arrayValue?.first { $0["type"] == "RunDiverged" }
        guard diverged?["status"] == "False" else { return nil }
        return diverged?["lastTransitionTime"]?.stringValue.flatMap { Timestamp(rfc3339: $0) }
    }

    /// The reason that the execution must not be deleted; nil if it may. `run` is its run, if that exists.
    func objection(toDeletingWith run: Change?) -> String? {
        if execution["status"]?["outcome"] == nil { return "it has not ended" }
        guard let due = executionDue else { return "it has no TTL" }
        if now + skew < due { return "its TTL expires at \(due.rfc3339)" }
        if isManaged { return "a GitOps tool manages it" }
        if isKept { return "it must be kept" }
        // The deletion does not affect a run without an owner reference, or one that is already being deleted.
        guard let run, run.object["metadata"]?["ownerReferences"] != nil,
            run.object["metadata"]?["deletionTimestamp"] == nil
        else { return nil }
        if Self.isKept(run.object) { return "its run must be kept" }
        if Self.isToBeArchived(run.object) { return "its run is not archived yet" }
        return nil
    }

    /// The reason that this run of the execution must not be deleted; nil if it may.
    ///
    /// - Parameter isFresh: whether the execution changed so recently that the operator cannot have known.
    func objection(toDeletingRun run: Change, isFresh: Bool) -> String? {
        if execution["status"]?["outcome"] == nil { return "its execution has not ended" }
        if execution["status"]?["runRef"]?["uid"]?.stringValue != run.uid { return "it is not the run in the status" }
        if let before = run.before, Self.isKept(before) { return "it must be kept" }
        if let before = run.before, Self.isToBeArchived(before) { return "it is not archived yet" }
        if let before = run.before, Verdict.of(before, run.kind).isEmpty { return "it is still running" }
        if isFresh { return nil }
        if isKept { return "its execution must be kept" }
        guard let due = runDue else { return "it has no TTL" }
        return now + skew < due ? "its TTL expires at \(due.rfc3339)" : nil
    }

    /// A pending or missing deletion, or a wrong condition, of an execution with the run `run`; nil if all is correct.
    ///
    /// - Parameter isOwned: false if a user removed the owner reference of the run.
    func problem(with run: Change?, isOwned: Bool = true) -> String? {
        guard execution["status"]?["outcome"] != nil else { return nil }
        let ownTime = run == nil ? nil : due("runTTLSecondsAfterFinished")
        let times = [executionDue, ownTime].compactMap { $0 }
        let condition = execution["status"]?["conditions"]?.arrayValue?.first { $0["type"] == "Retained" }
        let reason = condition?["reason"]?.stringValue
        if times.isEmpty { return reason.map { "Retained is \($0), but there is no TTL" } }
        if times.contains(where: { $0 > now + Self.horizon }) { return nil }
        if times.contains(where: { now < $0 + Self.patience }) { return "its TTL has not expired" }
        if run?.object["metadata"]?["deletionTimestamp"] != nil { return "its run is being deleted" }
        let isHeldBack = isKept || executionDue == nil || isManaged
        if run != nil, !isOwned, !isHeldBack { return "it still exists after its TTL expired" }
        let obstacle = run != nil && !isOwned ? ownTime.map { _ in "RunNotOwned" } : Self.obstacle(of: run)
        if run != nil, !isOwned, !isKept, executionDue == nil || ownTime == nil, obstacle == nil {
            return reason == nil || isManaged ? nil : "Retained is \(reason ?? "missing")"
        }
        let isHeld = !isKept && executionDue != nil && isManaged
        if isHeld, ownTime != nil, obstacle == nil { return "its run still exists after its TTL expired" }
        let expected = isKept ? "KeptByAnnotation" : isHeld ? "ManagedByGitOps" : obstacle
        guard let expected else { return "it still exists after its TTL expired" }
        // The reason from before the removal of the owner reference is still valid.
        if !isOwned, let reason, reason == Self.obstacle(of: run) { return nil }
        return reason == expected ? nil : "Retained is \(reason ?? "missing"), not \(expected)"
    }

    private static func obstacle(of run: Change?) -> String? {
        guard let run else { return nil }
        if isKept(run.object) { return "KeptByAnnotation" }
        if Verdict.of(run.object, run.kind).isEmpty { return "RunStillRunning" }
        return isToBeArchived(run.object) ? "NotArchived" : nil
    }
}

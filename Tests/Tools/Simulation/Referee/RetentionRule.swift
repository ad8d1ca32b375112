import KubeClient
import TowlineAPI

/// What may be deleted and what must be: an independent reading of the contract, over plain JSON.
struct RetentionRule {
    let execution: JSONValue
    let now: Timestamp
    /// When the execution, and later its run, really ended; nil if the clocks of all machines nearly agree, so that the
    /// status has the time.
    var ends: [Timestamp]?

    /// Clocks of two machines differ by at most this much. If they differ by more, a decision may be stored this much
    /// later.
    private var skew: Duration { ends == nil ? .seconds(2) : .seconds(35) }
    /// Without obstacles, expired objects are deleted within this time, including the skew.
    static let patience = Duration.seconds(6)

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

    /// Argo's label for a Workflow that will be or was archived.
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

    /// When a run that continued after the end of its execution ended again.
    private var secondEnd: Timestamp? {
        let diverged = execution["status"]?["conditions"]?.arrayValue?.first { $0["type"] == "RunDiverged" }
        guard diverged?["status"] == "False" else { return nil }
        return diverged?["lastTransitionTime"]?.stringValue.flatMap { Timestamp(rfc3339: $0) }
    }

    /// Why the execution may not be deleted; nil if it may. `run` is its run, if it exists.
    func objection(toDeletingWith run: Change?) -> String? {
        if execution["status"]?["outcome"] == nil { return "it has not ended" }
        guard let due = executionDue else { return "no TTL is set" }
        if now + skew < due { return "its TTL does not expire before \(due.rfc3339)" }
        if isManaged { return "a GitOps tool manages it" }
        if isKept { return "it is kept by annotation" }
        // A run that it no longer owns stays, and one that is being deleted is deleted anyway.
        guard let run, run.object["metadata"]?["ownerReferences"] != nil,
            run.object["metadata"]?["deletionTimestamp"] == nil
        else { return nil }
        if Self.isKept(run.object) { return "its run is kept by annotation" }
        if Self.isToBeArchived(run.object) { return "its run is not archived yet" }
        return nil
    }

    /// Why this run of the execution may not be deleted; nil if it may.
    ///
    /// - Parameter isFresh: the execution was changed so recently that the operator may not know it.
    func objection(toDeletingRun run: Change, isFresh: Bool) -> String? {
        if execution["status"]?["outcome"] == nil { return "its execution has not ended" }
        if execution["status"]?["runRef"]?["uid"]?.stringValue != run.uid { return "it is not the run that was seen" }
        if let before = run.before, Self.isKept(before) { return "it is kept by annotation" }
        if let before = run.before, Self.isToBeArchived(before) { return "it is not archived yet" }
        if let before = run.before, Verdict.of(before, run.kind).isEmpty { return "it is still running" }
        if isFresh { return nil }
        if isKept { return "its execution is kept by annotation" }
        guard let due = runDue else { return "no TTL is set" }
        return now + skew < due ? "its TTL does not expire before \(due.rfc3339)" : nil
    }

    /// What is pending or missing for an execution with this run; nil if everything is as required.
    ///
    /// - Parameter isOwned: false if the owner reference of the run was removed.
    func remainder(with run: Change?, isOwned: Bool = true) -> String? {
        guard execution["status"]?["outcome"] != nil else { return nil }
        let ownTime = run == nil ? nil : due("runTTLSecondsAfterFinished")
        let times = [executionDue, ownTime].compactMap { $0 }
        let condition = execution["status"]?["conditions"]?.arrayValue?.first { $0["type"] == "Retained" }
        let reported = condition?["reason"]?.stringValue
        if times.isEmpty { return reported.map { "Retained says \($0), and no TTL is set" } }
        if times.contains(where: { now < $0 + Self.patience }) { return "its TTL has not expired yet" }
        if run?.object["metadata"]?["deletionTimestamp"] != nil { return "its run is being deleted" }
        let isHeldBack = isKept || executionDue == nil || isManaged
        if run != nil, !isOwned, !isHeldBack { return "it exists although its TTL expired" }
        let obstacle = run != nil && !isOwned ? ownTime.map { _ in "RunNotOwned" } : Self.obstacle(of: run)
        if run != nil, !isOwned, !isKept, executionDue == nil || ownTime == nil, obstacle == nil {
            return reported == nil || isManaged ? nil : "Retained says \(reported ?? "nothing")"
        }
        let isHeld = !isKept && executionDue != nil && isManaged
        if isHeld, ownTime != nil, obstacle == nil { return "its run exists although its TTL expired" }
        let expected = isKept ? "KeptByAnnotation" : isHeld ? "ManagedByGitOps" : obstacle
        guard let expected else { return "it exists although its TTL expired" }
        // What kept it before it lost its owner still keeps it.
        if !isOwned, let reported, reported == Self.obstacle(of: run) { return nil }
        return reported == expected ? nil : "Retained says \(reported ?? "nothing"), not \(expected)"
    }

    private static func obstacle(of run: Change?) -> String? {
        guard let run else { return nil }
        if isKept(run.object) { return "KeptByAnnotation" }
        if Verdict.of(run.object, run.kind).isEmpty { return "RunGoesOn" }
        return isToBeArchived(run.object) ? "RunToBeArchived" : nil
    }
}

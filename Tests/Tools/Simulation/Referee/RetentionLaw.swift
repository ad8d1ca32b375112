import KubeClient
import TowlineAPI

/// What may be deleted and what has to be, as anybody may hold Towline to it: a second reading of the contract, over
/// plain JSON.
struct RetentionLaw {
    let execution: JSONValue
    let now: Timestamp
    /// When the execution, and later its run, really ended; nil where the clocks of all machines nearly agree, and the
    /// status tells.
    var ends: [Timestamp]?

    /// Clocks of two machines differ by this much at most; where they differ by more, what was decided may be stored so
    /// much later.
    private var skew: Duration { ends == nil ? .seconds(2) : .seconds(35) }
    /// What is due goes within this time, its skew included, once nothing is in the way.
    static let patience = Duration.seconds(6)

    /// When the execution may go; nil for never.
    var executionDue: Timestamp? { due("ttlSecondsAfterFinished") }

    /// When its run may go; nil for never.
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

    /// Argo's label for a Workflow that is to be archived, or was.
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

    /// When the run ended again that went on after the execution had ended.
    private var secondEnd: Timestamp? {
        let diverged = execution["status"]?["conditions"]?.arrayValue?.first { $0["type"] == "RunDiverged" }
        guard diverged?["status"] == "False" else { return nil }
        return diverged?["lastTransitionTime"]?.stringValue.flatMap { Timestamp(rfc3339: $0) }
    }

    /// Why the execution may not be deleted; nil when it may. `run` is its run, where there still is one.
    func objection(toDeletingWith run: Change?) -> String? {
        if execution["status"]?["outcome"] == nil { return "it has not ended" }
        guard let due = executionDue else { return "nobody set a time" }
        if now + skew < due { return "its time is not over until \(due.rfc3339)" }
        if isManaged { return "a GitOps tool manages it" }
        if isKept { return "it is to be kept" }
        // A run that is no longer its own stays anyway, and one that is being deleted goes anyway.
        guard let run, run.object["metadata"]?["ownerReferences"] != nil,
            run.object["metadata"]?["deletionTimestamp"] == nil
        else { return nil }
        if Self.isKept(run.object) { return "its run is to be kept" }
        if Self.isToBeArchived(run.object) { return "its run is to be archived" }
        return nil
    }

    /// Why this run of the execution may not be deleted; nil when it may.
    ///
    /// - Parameter isFresh: the execution has been changed so recently that whoever deletes cannot have known.
    func objection(toDeletingRun run: Change, isFresh: Bool) -> String? {
        if execution["status"]?["outcome"] == nil { return "its execution has not ended" }
        if execution["status"]?["runRef"]?["uid"]?.stringValue != run.uid { return "it is not the run that was seen" }
        if let before = run.before, Self.isKept(before) { return "it is to be kept" }
        if let before = run.before, Self.isToBeArchived(before) { return "it is to be archived" }
        if let before = run.before, Verdict.of(before, run.kind).isEmpty { return "it goes on" }
        if isFresh { return nil }
        if isKept { return "its execution is to be kept" }
        guard let due = runDue else { return "nobody set a time" }
        return now + skew < due ? "its time is not over until \(due.rfc3339)" : nil
    }

    /// What is still to come, or should have come, of an execution whose run is `run`; nil when all is as it has to be.
    ///
    /// - Parameter isOwned: false where somebody took the run from the execution.
    func remainder(with run: Change?, isOwned: Bool = true) -> String? {
        guard execution["status"]?["outcome"] != nil else { return nil }
        let ownTime = run == nil ? nil : due("runTTLSecondsAfterFinished")
        let times = [executionDue, ownTime].compactMap { $0 }
        let condition = execution["status"]?["conditions"]?.arrayValue?.first { $0["type"] == "Retained" }
        let told = condition?["reason"]?.stringValue
        if times.isEmpty { return told.map { "Retained says \($0), and nobody set a time" } }
        if times.contains(where: { now < $0 + Self.patience }) { return "its time is still to come" }
        if run?.object["metadata"]?["deletionTimestamp"] != nil { return "its run is being deleted" }
        let isHeldBack = isKept || executionDue == nil || isManaged
        if run != nil, !isOwned, !isHeldBack { return "it outlives its time" }
        let obstacle = run != nil && !isOwned ? ownTime.map { _ in "RunNotOwned" } : Self.obstacle(of: run)
        if run != nil, !isOwned, !isKept, executionDue == nil || ownTime == nil, obstacle == nil {
            return told == nil || isManaged ? nil : "Retained says \(told ?? "nothing")"
        }
        let isHeld = !isKept && executionDue != nil && isManaged
        if isHeld, ownTime != nil, obstacle == nil { return "its run outlives its time" }
        let expected = isKept ? "KeptByAnnotation" : isHeld ? "ManagedByGitOps" : obstacle
        guard let expected else { return "it outlives its time" }
        // What kept it before it lost its owner still does.
        if !isOwned, let told, told == Self.obstacle(of: run) { return nil }
        return told == expected ? nil : "Retained says \(told ?? "nothing"), not \(expected)"
    }

    private static func obstacle(of run: Change?) -> String? {
        guard let run else { return nil }
        if isKept(run.object) { return "KeptByAnnotation" }
        if Verdict.of(run.object, run.kind).isEmpty { return "RunGoesOn" }
        return isToBeArchived(run.object) ? "RunToBeArchived" : nil
    }
}

extension Mutant {
    private static let deciding = "Sources/Executions/Decision/Situation+AfterTheEnd.swift"
    private static let expiry = "Sources/Executions/Scheduling/ExpirySchedule.swift"

    /// Bugs in the deletion of executions and runs after their TTL.
    static let ofRetention = [
        Mutant(
            "delete-gitops-managed-executions",
            Edit(
                deciding, "retention.isKept || retention.management != nil",
                "retention.isKept || !BUG && retention.management != nil"),
            Edit(
                "Sources/Executions/Decision/Situation+AfterTheEnd.swift",
                "        if isExecutionDue, let mark", "        if !BUG, isExecutionDue, let mark")),
        Mutant(
            "count-ttl-from-the-start",
            Edit(
                expiry, "let end = execution.status.lastEnd",
                "let end = BUG ? execution.status.startedAt : execution.status.lastEnd")),
        Mutant(
            "count-ttl-from-the-first-end",
            Edit(
                expiry, "return max(finishedAt, diverged.lastTransitionTime)",
                "return BUG ? finishedAt : max(finishedAt, diverged.lastTransitionTime)")),
        Mutant(
            "delete-runs-without-a-resource-version",
            Edit(
                "Sources/Executions/Reconcile/Reconciler+Execution.swift",
                "DeleteOptions(uid: uid, resourceVersion: version, propagation: .background)",
                "DeleteOptions(uid: uid, resourceVersion: BUG ? nil : version, propagation: .background)")),
        Mutant(
            "delete-unfinished-runs",
            Edit(
                "Sources/Executions/Decision/Situation+AfterTheEnd.swift",
                "if !run.state.isFinished {\n            return Obstacle(",
                "if !BUG, !run.state.isFinished {\n            return Obstacle(")),
    ]
}

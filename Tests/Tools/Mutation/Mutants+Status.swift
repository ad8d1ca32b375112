extension Mutant {
    private static let update = "Sources/Status/StatusUpdate.swift"
    private static let writing = "Sources/Executions/Reconcile/Reconciler+Execution.swift"

    /// Bugs in writing the status.
    static let ofStatus = [
        Mutant(
            "reopen-finished-executions",
            Edit(
                update,
                "    public mutating func revise(_ change: (inout Status) -> Void) {\n        guard !status.phase.isTerminal",
                "    public mutating func revise(_ change: (inout Status) -> Void) {\n        guard BUG || !status.phase.isTerminal"
            ),
            Edit(
                "Sources/Executions/Decision/Situation+AfterTheEnd.swift",
                "        guard isDiverged else { return events + [.acknowledged] }\n",
                "        if BUG { return [.observed(observation(of: run, run.state))] }\n"
                    + "        guard isDiverged else { return events + [.acknowledged] }\n")),
        Mutant(
            "overwrite-startedAt",
            Edit(
                update, "        if phase.requiresStart, status.startedAt == nil {",
                "        if phase.requiresStart, BUG || status.startedAt == nil {")),
        Mutant(
            "observe-a-future-generation",
            Edit(
                update, "        result.observedGeneration = generation\n",
                "        result.observedGeneration = BUG ? generation + 1 : generation\n")),
        Mutant(
            "write-unchanged-status",
            Edit(
                update, "        guard result != before else { return nil }\n",
                "        guard BUG || result != before else { return nil }\n")),
        Mutant(
            "write-status-without-a-resource-version",
            Edit(
                "Sources/Status/StatusUpdate.swift", "        if !resourceVersion.isEmpty {",
                "        if !BUG, !resourceVersion.isEmpty {")),
        Mutant(
            "trust-the-cache-after-a-conflict",
            Edit(
                writing, "{ return .success }\n            if error.isConflict {\n",
                "{ return .success }\n            if BUG, error.isConflict { return .failed() }\n"
                    + "            if error.isConflict {\n"),
            Edit(
                "Sources/KubeRuntime/Watching/StoreState.swift",
                "        entries[key] = Entry(object: object, round: round)\n        quarantine[key] = nil\n        if object.uid == old.uid {",
                "        if BUG { return }\n        entries[key] = Entry(object: object, round: round)\n"
                    + "        quarantine[key] = nil\n        if object.uid == old.uid {")),
        Mutant(
            "skip-the-final-generation",
            Edit(
                "Sources/Executions/Cache/ExecutionCache.swift",
                "        !execution.isFinished || execution.status.observedGeneration != execution.generation",
                "        !execution.isFinished || !BUG && execution.status.observedGeneration != execution.generation")),
    ]
}

extension Mutant {
    private static let watching = "Sources/KubeRuntime/Watching/ReflectorMachine.swift"

    /// Bugs in caches, the work queue, retries and the election.
    static let ofMachinery = [
        Mutant(
            "ignore-410",
            Edit(
                watching, "        if error.isExpired || error.isResourceVersionTooLarge {\n",
                "        if BUG, error.isExpired { return pause(attempt: watchFailures, then: .watching, now, random) }\n"
                    + "        if error.isExpired || error.isResourceVersionTooLarge {\n")),
        Mutant(
            "ignore-silent-watches",
            Edit(
                watching, "        Watch(deadline: now.advanced(by: timeout + settings.watchMargin), lastSignal: now)",
                "        Watch(\n            deadline: now.advanced(by: timeout + (BUG ? .seconds(86_400) : settings.watchMargin)),\n"
                    + "            lastSignal: now)")),
        Mutant(
            "drop-keys-added-while-running",
            Edit(
                "Sources/KubeRuntime/WorkQueue/WorkQueueState.swift",
                "        case .running(let since):\n            entry.phase = .runningDirty(since: since, again: .now)\n",
                "        case .running(let since):\n            if BUG { return }\n"
                    + "            entry.phase = .runningDirty(since: since, again: .now)\n")),
        Mutant(
            "forget-failures",
            Edit(
                "Sources/KubeRuntime/Controller/Controller.swift", "        queue.done(item.key, outcome)\n",
                "        queue.done(item.key, BUG ? .success : outcome)\n")),
        Mutant(
            "never-poll",
            Edit(
                "Sources/Executions/ExecutionController.swift",
                "                        for verifier in verifiers { group.addTask { await verifier.run() } }\n",
                "                        for verifier in verifiers { group.addTask { if !BUG { await verifier.run() } } }\n"
            )),
        Mutant(
            "take-a-held-lease",
            Edit(
                "Sources/KubeRuntime/Election/ElectionMachine.swift",
                "        isFree(now) ? claim(now) : wait(now, random)\n",
                "        BUG || isFree(now) ? claim(now) : wait(now, random)\n")),
    ]
}

extension Mutant {
    private static let starting = "Sources/Executions/Decision/Situation.swift"
    private static let situation = "Sources/Executions/Decision/Situation.swift"
    private static let reading = "Sources/Executions/Reconcile/Reconciler+Run.swift"

    /// Bugs in the creation, adoption and stopping of runs.
    static let ofRuns = [
        Mutant(
            "skip-adoption",
            Edit(
                starting, "        case .nameTaken:\n",
                "        case .nameTaken:\n            if BUG { return report([ended(.nameCollision, \"taken\")]) }\n"
            )),
        Mutant(
            "skip-the-uid-check",
            Edit(
                situation, "        return run.isOwned(byExecutionWithUID: uid)\n",
                "        return BUG || run.isOwned(byExecutionWithUID: uid)\n")),
        Mutant(
            "accept-another-run",
            Edit(
                situation, "        if let known = status.runRef { return known.uid == run.uid }\n",
                "        if let known = status.runRef { return BUG || known.uid == run.uid }\n")),
        Mutant(
            "recreate-vanished-runs",
            Edit(
                situation, "            return wasSeen || last.map(isOurs) == true ?",
                "            return !BUG && (wasSeen || last.map(isOurs) == true) ?")),
        Mutant(
            "trust-the-cache-about-deletion",
            Edit(
                situation, "        case .unknown: return wasSeen ? .readRun : startStep(spec)",
                "        case .unknown: return wasSeen ? (BUG ? report(runDisappeared(nil)) : .readRun) : startStep(spec)"
            )),
        Mutant(
            "treat-a-missing-type-as-a-missing-run",
            Edit(
                reading, "            } else if error.isPlainNotFound {",
                "            } else if BUG, error.isPlainNotFound {\n                reconciliation.facts.run = .absent(last: nil)\n"
                    + "            } else if error.isPlainNotFound {")),
        Mutant(
            "write-the-status-before-the-create",
            Edit(
                starting, "        guard\n            let manifest = engine.makeRun(",
                "        if BUG, execution.status.reason != .executing {\n"
                    + "            return report([held(.executing, \"created\")])\n        }\n"
                    + "        guard\n            let manifest = engine.makeRun("),
            Edit(
                situation, "        let wasSeen = execution.status.runRef != nil\n",
                "        let wasSeen = execution.status.runRef != nil || BUG && execution.status.phase == .running\n")),
        Mutant(
            "name-runs-by-attempt",
            Edit(
                "Sources/Executions/Decision/Situation.swift", "named: execution.runName, labels",
                "named: BUG ? execution.runName + \"-\\(now.seconds % 97)\" : execution.runName, labels")),
        Mutant(
            "omit-the-owner-reference",
            Edit(
                "Sources/Engines/Common/RunManifest.swift",
                "                writer.array { $0.object { writeOwner(execution, to: &$0) } }\n",
                "                writer.array { writer in if !BUG { writer.object { writeOwner(execution, to: &$0) } } }\n"
            )),
        Mutant(
            "stop-runs-without-a-resource-version",
            Edit(
                "Sources/Engines/Common/RunManifest.swift",
                "{ $0.member(\"resourceVersion\", run.resourceVersion.text) }",
                "{ if !BUG { $0.member(\"resourceVersion\", run.resourceVersion.text) } }")),
        Mutant(
            "ignore-shutdown",
            Edit(
                "Sources/Executions/Decision/Situation+Running.swift",
                "        isOverTimeout(run, spec) ? .terminate : spec.shutdown\n",
                "        isOverTimeout(run, spec) ? .terminate : BUG ? nil : spec.shutdown\n")),
        Mutant(
            "disable-the-watchdog",
            Edit(
                "Sources/Executions/Decision/Situation+Running.swift",
                "        spec.executionConfig.timeoutSeconds.map { .seconds($0) + timing.watchdogGrace }\n",
                "        BUG ? nil : spec.executionConfig.timeoutSeconds.map { .seconds($0) + timing.watchdogGrace }\n")
        ),
        Mutant(
            "end-while-a-create-is-in-flight",
            Edit(
                starting, "        guard let settled = facts.pendingCreateDeadline, instant < settled else",
                "        guard !BUG, let settled = facts.pendingCreateDeadline, instant < settled else")),
        Mutant(
            "report-timeouts-as-failures",
            Edit(
                "Sources/TowlineAPI/Reason.swift",
                "        case .pipelineTimeout, .taskTimeout, .deadlineExceeded, .watchdogExpired: .timeout\n",
                "        case .pipelineTimeout, .taskTimeout, .deadlineExceeded, .watchdogExpired: BUG ? .failed : .timeout\n"
            )),
    ]
}

extension Mutant {
    private static let deciding = "Sources/Environments/Decision/EnvironmentDecision.swift"
    private static let phases = "Sources/Environments/Decision/EnvironmentDecision+Phases.swift"
    private static let following = "Sources/Environments/Decision/EnvironmentDecision+Execution.swift"
    private static let ending = "Sources/Environments/Decision/EnvironmentDecision+Termination.swift"
    private static let making = "Sources/Environments/Decision/PhaseExecution.swift"
    private static let reconciling = "Sources/Environments/EnvironmentReconciler.swift"
    private static let environmentEvents = "Sources/Status/EnvironmentEvent.swift"
    private static let resolving = "Sources/Executions/Decision/Situation+Definition.swift"

    /// Bugs in the phases, the expiry and the teardown of environments, and in the use of definitions.
    static let ofEnvironments = [
        // Attempts and their executions.
        Mutant(
            "create-before-storing-the-attempt",
            Edit(
                following, "            return act(.create(execution))\n",
                "            return BUG ? .create(execution) : act(.create(execution))\n")),
        Mutant(
            "repeat-deleted-executions",
            Edit(
                following,
                "        if record.executionUID == nil {\n            if let step = establish(name, phase, &record, shutdown: nil)",
                "        if BUG, case .missing = facts.executions[name] { record.executionUID = nil }\n"
                    + "        if record.executionUID == nil {\n            if let step = establish(name, phase, &record, shutdown: nil)"
            )),
        Mutant(
            "skip-the-adoption-of-executions",
            Edit(
                following, "expected.map({ state.isSame(as: $0) }) ?? false",
                "!BUG && (expected.map({ state.isSame(as: $0) }) ?? false)")),
        Mutant(
            "believe-refused-creates",
            Edit(
                following,
                "            guard facts.executions[name] != nil else { return .readExecution(name) }\n            return failUncreated",
                "            guard BUG || facts.executions[name] != nil else { return .readExecution(name) }\n            return failUncreated"
            )),
        Mutant(
            "own-the-teardown",
            Edit(following, "isOwned: !phase.isTeardown", "isOwned: BUG || !phase.isTeardown")),
        Mutant(
            "keep-one-execution",
            Edit(
                phases,
                "if attempt > PhaseExecution.keptAttempts {\n            let old = name(attempt - PhaseExecution.keptAttempts)",
                "let kept = BUG ? 1 : PhaseExecution.keptAttempts\n        if attempt > kept {\n            let old = name(attempt - kept)"
            )),
        // The order of phases.
        Mutant(
            "ignore-gates",
            Edit(
                phases, "case .failed: if phase.gatesNext { blocking = phase }",
                "case .failed: if !BUG, phase.gatesNext { blocking = phase }")),
        Mutant(
            "ignore-signals",
            Edit(
                phases, "if environment.spec.signals.contains(signal) { return nil }",
                "if BUG || environment.spec.signals.contains(signal) { return nil }")),
        Mutant(
            "start-without-the-catalog",
            Edit(
                deciding, "let wanted = plan.phases.compactMap(\\.definition)\n",
                "let wanted = plan.phases.filter { !BUG || !$0.isTeardown }.compactMap(\\.definition)\n")),
        Mutant(
            "become-ready-too-early",
            Edit(
                phases, "if plan.readiness == .start { update.apply(.becameReady) }",
                "if BUG || plan.readiness == .start { update.apply(.becameReady) }")),
        Mutant(
            "forget-the-lead-time",
            Edit(
                deciding, "now < start, status.startedAt == nil {\n            enter(.approaching",
                "now < (BUG ? start - .seconds(20) : start), status.startedAt == nil {\n            enter(.approaching")
        ),
        Mutant(
            "retry-without-a-limit",
            Edit(
                following, "guard canRetry, record.attempt <= phase.retry.limit,",
                "guard canRetry, record.attempt <= phase.retry.limit + (BUG ? 1 : 0),")),
        Mutant(
            "handle-a-retry-again",
            Edit(
                phases, "        update.apply(.retryHandled(request))\n",
                "        if !BUG { update.apply(.retryHandled(request)) }\n")),
        Mutant(
            "run-the-failure-phase-again",
            Edit(
                phases, "record.state == .waiting else { continue }\n            if let failed {",
                "record.state == .waiting || BUG && record.state == .failed else { continue }\n            if let failed {"
            )),
        // Time.
        Mutant(
            "expire-early",
            Edit(
                ending, "return status.expiresAt.map { now >= $0 } ?? false ? .expired : nil",
                "return status.expiresAt.map { now >= (BUG ? $0 - .seconds(1) : $0) } ?? false ? .expired : nil")),
        Mutant(
            "expire-late",
            Edit(
                deciding, "            times.append(expiry)\n",
                "            times.append(BUG ? expiry + .seconds(4) : expiry)\n")),
        Mutant(
            "move-the-expiry-earlier",
            Edit(
                environmentEvents, "if status.expiresAt.map({ $0 < whole }) ?? true { status.expiresAt = whole }",
                "if BUG || (status.expiresAt.map({ $0 < whole }) ?? true) { status.expiresAt = whole }")),
        Mutant(
            "extend-beyond-the-maximum",
            Edit(deciding, "if let end = slot.maxEnd, time > end {", "if !BUG, let end = slot.maxEnd, time > end {")),
        Mutant(
            "ignore-extensions",
            Edit(
                deciding,
                "        update.apply(.conditionRemoved(.extensionRefused))\n        update.apply(.expires(at: time))\n",
                "        update.apply(.conditionRemoved(.extensionRefused))\n        if !BUG { update.apply(.expires(at: time)) }\n"
            )),
        // Termination.
        Mutant(
            "tear-down-beside-a-running-phase",
            Edit(
                ending,
                "let record = status.record(of: phase.name), record.state == .running else { continue }\n            if let step = stop",
                "let record = status.record(of: phase.name), record.state == .running, !BUG else { continue }\n            if let step = stop"
            )),
        Mutant(
            "let-late-creates-run",
            Edit(
                ending, "if let step = establish(name, phase, &record, shutdown: .terminate) { return bounded(step) }",
                "if let step = establish(name, phase, &record, shutdown: BUG ? nil : .terminate) { return bounded(step) }"
            )),
        Mutant(
            "never-terminate",
            Edit(
                ending, "let wanted: Shutdown = now < graceEnd ? .stop : .terminate",
                "let wanted: Shutdown = BUG || now < graceEnd ? .stop : .terminate")),
        Mutant(
            "terminate-at-once",
            Edit(
                ending, "let graceEnd = (status.terminationStartedAt ?? now) + stopGrace",
                "let graceEnd = (status.terminationStartedAt ?? now) + (BUG ? .zero : stopGrace)")),
        Mutant(
            "hold-beyond-the-bound",
            Edit(
                ending,
                "(status.terminationStartedAt ?? now) + environment.spec.timeslot.teardownBound\n    }\n\n    /// The next step",
                "(status.terminationStartedAt ?? now) + environment.spec.timeslot.teardownBound * (BUG ? 2 : 1)\n    }\n\n    /// The next step"
            )),
        Mutant(
            "skip-the-teardown",
            Edit(ending, "guard hasCreatedAnything(plan) else {", "guard !BUG, hasCreatedAnything(plan) else {")),
        Mutant(
            "wait-in-a-terminating-namespace",
            Edit(
                ending, "if result?.reason == \"NamespaceTerminating\" {",
                "if !BUG, result?.reason == \"NamespaceTerminating\" {"),
            Edit(
                ending, "        if isTerminating { return end(.namespaceTerminating, cause) }\n",
                "        if !BUG, isTerminating { return end(.namespaceTerminating, cause) }\n")),
        Mutant(
            "forget-the-finalizer",
            Edit(
                deciding, "if plan.teardown != nil, !environment.isHeld {",
                "if !BUG, plan.teardown != nil, !environment.isHeld {")),
        Mutant(
            "keep-the-finalizer",
            Edit(
                deciding, "            return act(.release)\n",
                "            return BUG ? act(.rest(until: nil)) : act(.release)\n")),
        // Reactions.
        Mutant(
            "miss-the-end-of-executions",
            Edit(
                "Sources/Environments/EnvironmentController.swift",
                "old.uid != new.uid || old.isFinished != new.isFinished || old.isDeleted != new.isDeleted",
                "!BUG && (old.uid != new.uid || old.isFinished != new.isFinished || old.isDeleted != new.isDeleted)")),
        Mutant(
            "look-for-the-catalog-rarely",
            Edit(
                deciding, "static let pollInterval = Duration.seconds(10)",
                "static let pollInterval = Duration.seconds(BUG ? 40 : 10)")),
        Mutant(
            "oversleep-pauses",
            Edit(
                phases,
                "pauses until \\(end.rfc3339).\", current: phase.name)\n                    return rest(until: end)",
                "pauses until \\(end.rfc3339).\", current: phase.name)\n                    return rest(until: BUG ? end + .seconds(15) : end)"
            )),
        // Definitions.
        Mutant(
            "ignore-what-a-definition-declares",
            Edit(
                resolving, "guard let workflow, problems.isEmpty else {",
                "guard let workflow, BUG || problems.isEmpty else {")),
        Mutant(
            "run-without-the-definition",
            Edit(
                "Sources/TowlineAPI/WorkflowExecution.swift", "        !isFinished && status.resolved == nil &&",
                "        !BUG && !isFinished && status.resolved == nil &&")),
        Mutant(
            "run-another-workflow-than-the-definition",
            Edit(
                "Sources/TowlineAPI/DefinitionCheck.swift", "target.name = target.name ?? spec.id.name",
                "target.name = BUG ? spec.id.name : target.name ?? spec.id.name")),
    ]
}

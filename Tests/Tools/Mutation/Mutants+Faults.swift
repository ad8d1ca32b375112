extension Mutant {
    private static let watchdog = "Sources/Executions/Decision/Situation+Running.swift"
    private static let running = "Sources/Executions/Decision/Situation+Running.swift"
    private static let clock = "Sources/KubeRuntime/Time/ServerClock.swift"
    private static let transition = "Sources/Status/ExecutionEvent.swift"

    /// Bugs that show only with clock skew, rejected requests, and changes by other clients.
    static let ofFaults = [
        Mutant(
            "trust-the-engines-clock",
            Edit(
                "Sources/Executions/Cache/Timeline.swift",
                "max(run.creationTimestamp ?? .earliest, ServerTime(assuming: began))",
                "BUG ? ServerTime(assuming: began) : max(run.creationTimestamp ?? .earliest, ServerTime(assuming: began))"
            ),
            Edit(
                "Sources/Executions/Cache/Timeline.swift", "age: isNew ? Self.age(earliest, now) : .zero",
                "age: BUG || isNew ? Self.age(earliest, now) : .zero")),
        Mutant(
            "trust-the-local-clock",
            Edit(
                clock,
                "        return estimate.withLock { $0.time(at: instant) } ?? ServerTime(assuming: fallback.now())\n",
                "        if BUG { return ServerTime(assuming: fallback.now()) }\n"
                    + "        return estimate.withLock { $0.time(at: instant) } ?? ServerTime(assuming: fallback.now())\n"
            )),
        Mutant(
            "trust-a-proxys-clock",
            Edit(
                clock, "guard (200..<300).contains(status), let date",
                "guard BUG || (200..<300).contains(status), let date")),
        Mutant(
            "stop-runs-without-the-grace-period",
            Edit(
                watchdog, "        return age >= limit\n",
                "        return age >= (BUG ? limit - timing.watchdogGrace : limit)\n")),
        Mutant(
            "expire-starts-twice-as-fast",
            Edit(
                "Sources/Executions/Decision/Situation.swift",
                "facts.timeInOwnQueues - facts.timeline.executionAge(at: instant)",
                "facts.timeInOwnQueues - facts.timeline.executionAge(at: instant) * (BUG ? 2 : 1)")),
        Mutant(
            "give-up-after-one-rejected-stop",
            Edit(
                watchdog,
                "guard let failing = stops.failing, failing.since.duration(to: instant) >= timing.stopPatience,\n            age - limit >= timing.stopPatience\n",
                "guard let failing = stops.failing,\n"
                    + "            BUG || failing.since.duration(to: instant) >= timing.stopPatience && age - limit >= timing.stopPatience\n"
            )),
        Mutant(
            "report-a-rejected-stop-as-a-termination",
            Edit(
                watchdog, "It could not be stopped and may still be running: \\\n",
                "\\(BUG ? \"It was terminated.\" : \"It could not be stopped and may still be running:\") \\\n")),
        Mutant(
            "retry-rejected-stops-without-a-pause",
            Edit(
                "Sources/Executions/Cache/Timeline.swift",
                "guard var refusal = stops.failing?.refusal, let pause = stops.attempts?.pause(at: instant) else { return nil }",
                "guard !BUG, var refusal = stops.failing?.refusal, let pause = stops.attempts?.pause(at: instant) else { return nil }"
            )),
        Mutant(
            "do-not-stop-runs-after-the-end",
            Edit(
                "Sources/Executions/Decision/Situation+AfterTheEnd.swift",
                "guard facts.stopRefusal == nil, case .present(let run) = facts.run, shouldStillStop(run),",
                "guard !BUG, facts.stopRefusal == nil, case .present(let run) = facts.run, shouldStillStop(run),")),
        Mutant(
            "do-not-report-rejected-stops",
            Edit(
                watchdog, "guard let failing = facts.timeline.stops.failing else { return nil }",
                "guard !BUG, let failing = facts.timeline.stops.failing else { return nil }")),
        Mutant(
            "do-not-report-deletions",
            Edit(
                running, "if run.isBeingDeleted { observation.message = deletionMessage(run) }",
                "if !BUG, run.isBeingDeleted { observation.message = deletionMessage(run) }")),
        Mutant(
            "report-too-early-that-nothing-started",
            Edit(
                "Sources/Engines/Argo/Workflow+State.swift", "guard isFinished, !summary.mayHaveStarted",
                "guard BUG || isFinished, !summary.mayHaveStarted"),
            Edit(
                transition, "seen.reason.outcome == nil && seen.executed == false ? nil : seen.executed",
                "!BUG && seen.reason.outcome == nil && seen.executed == false ? nil : seen.executed")),
        Mutant(
            "treat-a-lost-run-as-not-executed",
            Edit(
                transition, "                    status.phase == .pending && status.runRef == nil",
                "                    BUG || status.phase == .pending && status.runRef == nil")),
        Mutant(
            "treat-disowned-runs-as-foreign",
            Edit(
                "Sources/Executions/Decision/Situation.swift", "        guard isOurs(run) else {\n",
                "        guard isOurs(run), !BUG || run.isOwned(byExecutionWithUID: execution.uid) else {\n")),
        Mutant(
            "delete-unarchived-runs",
            Edit(
                "Sources/Executions/Decision/Situation+AfterTheEnd.swift",
                "        case .promised:\n", "        case .promised where !BUG:\n"),
            Edit(
                "Sources/Executions/Decision/Situation+AfterTheEnd.swift",
                "        case .started, .none:\n", "        case .started, .none, .promised:\n")),
        Mutant(
            "miss-a-recovery",
            Edit(
                "Sources/Executions/Scheduling/Recovery.swift", "change { $0.failed(key, in: group, now: $1) }",
                "if !BUG { change { $0.failed(key, in: group, now: $1) } }")),
        Mutant(
            "let-held-creates-take-all-slots",
            Edit(
                "Sources/Executions/Scheduling/CreateTraffic.swift",
                "return !isSlow || taken.count { self.isSlow($0.lane, now) } < slowPlaces",
                "return BUG || !isSlow || taken.count { self.isSlow($0.lane, now) } < slowPlaces"),
            Edit(
                "Sources/Executions/Scheduling/CreateTraffic.swift",
                "let window = isSlow(lane, now) ? 1 : windows[lane] ?? 1",
                "let window = BUG ? places : isSlow(lane, now) ? 1 : windows[lane] ?? 1")),
        Mutant(
            "verify-too-rarely",
            Edit(
                "Sources/Executions/Scheduling/VerificationPace.swift", "        self.interval = interval\n",
                "        self.interval = BUG ? interval * 3 : interval\n")),
        Mutant(
            "do-not-verify-new-runs",
            Edit(
                "Sources/Executions/Scheduling/Freshness.swift",
                "        lane(of: execution)?.track(execution.runKey, of: execution.key, time.now)\n",
                "        if !BUG { lane(of: execution)?.track(execution.runKey, of: execution.key, time.now) }\n")),
    ]
}

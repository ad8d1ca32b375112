extension Mutant {
    private static let watchdog = "Sources/Executions/Decision/Situation+Running.swift"
    private static let running = "Sources/Executions/Decision/Situation+Running.swift"
    private static let clock = "Sources/KubeRuntime/Time/ServerClock.swift"
    private static let transition = "Sources/Status/ExecutionEvent.swift"

    /// Bugs that show only where clocks differ, requests are refused, and others touch what is not theirs.
    static let ofTrouble = [
        Mutant(
            "believe-the-engines-clock",
            Edit(
                "Sources/Executions/Cache/Timeline.swift",
                "max(run.creationTimestamp ?? .earliest, ServerTime(assuming: began))",
                "BUG ? ServerTime(assuming: began) : max(run.creationTimestamp ?? .earliest, ServerTime(assuming: began))"
            ),
            Edit(
                "Sources/Executions/Cache/Timeline.swift", "age: isNew ? Self.age(earliest, now) : .zero",
                "age: BUG || isNew ? Self.age(earliest, now) : .zero")),
        Mutant(
            "believe-this-machines-clock",
            Edit(
                clock,
                "        return estimate.withLock { $0.time(at: instant) } ?? ServerTime(assuming: fallback.now())\n",
                "        if BUG { return ServerTime(assuming: fallback.now()) }\n"
                    + "        return estimate.withLock { $0.time(at: instant) } ?? ServerTime(assuming: fallback.now())\n"
            )),
        Mutant(
            "believe-a-proxys-clock",
            Edit(
                clock, "guard (200..<300).contains(status), let date",
                "guard BUG || (200..<300).contains(status), let date")),
        Mutant(
            "stop-a-run-without-its-grace",
            Edit(
                watchdog, "        return age >= limit\n",
                "        return age >= (BUG ? limit - timing.watchdogGrace : limit)\n")),
        Mutant(
            "expire-a-start-twice-as-fast",
            Edit(
                "Sources/Executions/Decision/Situation.swift",
                "facts.timeInOwnQueues - facts.timeline.executionAge(at: instant)",
                "facts.timeInOwnQueues - facts.timeline.executionAge(at: instant) * (BUG ? 2 : 1)")),
        Mutant(
            "give-up-a-run-after-one-refusal",
            Edit(
                watchdog,
                "guard let failing = stops.failing, failing.since.duration(to: instant) >= timing.stopPatience,\n            age - limit >= timing.stopPatience\n",
                "guard let failing = stops.failing,\n"
                    + "            BUG || failing.since.duration(to: instant) >= timing.stopPatience && age - limit >= timing.stopPatience\n"
            )),
        Mutant(
            "call-a-refused-stop-a-termination",
            Edit(
                watchdog, "It could not be stopped and may still be running: \\\n",
                "\\(BUG ? \"It was terminated.\" : \"It could not be stopped and may still be running:\") \\\n")),
        Mutant(
            "hammer-a-refused-stop",
            Edit(
                running, "if let refusal = facts.stopRefusal { return .failed(retryAfter: refusal.pause) }",
                "if let refusal = facts.stopRefusal { return BUG ? .idle(recheckAfter: .seconds(1)) : .failed(retryAfter: refusal.pause) }"
            )),
        Mutant(
            "never-stop-a-run-after-its-verdict",
            Edit(
                "Sources/Executions/Decision/Situation+AfterTheEnd.swift",
                "guard facts.stopRefusal == nil, case .present(let run) = facts.run, shouldStillStop(run),",
                "guard !BUG, facts.stopRefusal == nil, case .present(let run) = facts.run, shouldStillStop(run),")),
        Mutant(
            "keep-quiet-about-refused-stops",
            Edit(
                watchdog, "guard let failing = facts.timeline.stops.failing else { return nil }",
                "guard !BUG, let failing = facts.timeline.stops.failing else { return nil }")),
        Mutant(
            "keep-quiet-about-a-deletion",
            Edit(
                running, "if run.isBeingDeleted { observation.message = deletionMessage(run) }",
                "if !BUG, run.isBeingDeleted { observation.message = deletionMessage(run) }")),
        Mutant(
            "say-too-soon-that-nothing-started",
            Edit(
                "Sources/Engines/Argo/Workflow+State.swift", "guard isFinished, !summary.mayHaveStarted",
                "guard BUG || isFinished, !summary.mayHaveStarted"),
            Edit(
                transition, "seen.reason.outcome == nil && seen.executed == false ? nil : seen.executed",
                "!BUG && seen.reason.outcome == nil && seen.executed == false ? nil : seen.executed")),
        Mutant(
            "take-a-lost-run-for-proof",
            Edit(
                transition, "                    status.phase == .pending && status.runRef == nil",
                "                    BUG || status.phase == .pending && status.runRef == nil")),
        Mutant(
            "take-a-disowned-run-for-another",
            Edit(
                "Sources/Executions/Decision/Situation.swift", "        guard isOurs(run) else {\n",
                "        guard isOurs(run), !BUG || run.isOwned(byExecutionWithUID: execution.uid) else {\n")),
        Mutant(
            "delete-what-is-to-be-archived",
            Edit(
                "Sources/Executions/Decision/Situation+AfterTheEnd.swift",
                "guard run.isToBeArchived else { return nil }",
                "guard !BUG, run.isToBeArchived else { return nil }")),
        Mutant(
            "sleep-through-a-recovery",
            Edit(
                "Sources/Executions/Scheduling/Recovery.swift", "change { $0.failed(key, in: group, now: $1) }",
                "if !BUG { change { $0.failed(key, in: group, now: $1) } }")),
        Mutant(
            "let-held-creates-take-every-place",
            Edit(
                "Sources/Executions/Scheduling/CreateTraffic.swift",
                "return !isSlow || taken.count { self.isSlow($0.lane, now) } < slowPlaces",
                "return BUG || !isSlow || taken.count { self.isSlow($0.lane, now) } < slowPlaces"),
            Edit(
                "Sources/Executions/Scheduling/CreateTraffic.swift",
                "let window = isSlow(lane, now) ? 1 : windows[lane] ?? 1",
                "let window = BUG ? places : isSlow(lane, now) ? 1 : windows[lane] ?? 1")),
        Mutant(
            "verify-a-third-as-often",
            Edit(
                "Sources/Executions/Scheduling/VerificationPace.swift", "        self.interval = interval\n",
                "        self.interval = BUG ? interval * 3 : interval\n")),
        Mutant(
            "never-verify-a-new-run",
            Edit(
                "Sources/Executions/Scheduling/Freshness.swift",
                "        lane(of: execution)?.track(execution.runKey, of: execution.key, time.now)\n",
                "        if !BUG { lane(of: execution)?.track(execution.runKey, of: execution.key, time.now) }\n")),
    ]
}

import Engines
import KubeClient
import Status
import TowlineAPI

/// Stopping a run: on the user's request, or because it ran for longer than its timeout.
///
/// A timeout that is over leads to a request first. The verdict follows ``OperatorConfiguration/Timing/watchdogVerdict``
/// after the API server accepted that request, or when it has refused every request for
/// ``OperatorConfiguration/Timing/stopPatience``; it says which of the two happened.
extension Situation {
    /// What the run has to be asked for now; nil when nothing has to.
    func dueShutdown(of run: EngineRun, _ spec: ExecutionSpec) -> Shutdown? {
        isOverTimeout(run, spec) ? .terminate : spec.shutdown
    }

    /// The verdict on a run that did not end at its timeout; nil while the request to stop it may still have its effect.
    func watchdogVerdict(on run: EngineRun, _ spec: ExecutionSpec) -> ExecutionEvent? {
        guard let limit = watchdogLimit(of: run, spec), let age = limitedAge(of: run), age >= limit else { return nil }
        let seconds = spec.executionConfig.timeoutSeconds ?? 0
        let stops = facts.timeline.stops
        if let accepted = stops.accepted, accepted.shutdown == .terminate {
            // A run that had been told to terminate before its limit gets the same time after the limit.
            let waited = min(accepted.since.duration(to: instant), age - limit)
            guard waited >= timing.watchdogVerdict else { return nil }
            return ended(
                .watchdogExpired,
                """
                The run exceeded its timeout of \(seconds) seconds. It was told to terminate, and \(engine.title) has \
                not ended it. It may still be running.
                """)
        }
        guard let failing = stops.failing, failing.since.duration(to: instant) >= timing.stopPatience,
            age - limit >= timing.stopPatience
        else { return nil }
        return ended(
            .watchdogExpired,
            """
            The run exceeded its timeout of \(seconds) seconds. It could not be stopped and may still be running: \
            \(failing.refusal.message)
            """)
    }

    /// True when the run was stopped by the watchdog rather than by a user.
    ///
    /// Both times are the engine's, so that clocks that differ do not matter; each is cut to whole seconds.
    func wasEndedByWatchdog(_ run: EngineRun, _ spec: ExecutionSpec) -> Bool {
        guard run.state.reason == .cancelled, spec.shutdown == nil, run.requestedShutdown == .terminate,
            let limit = watchdogLimit(of: run, spec)
        else { return false }
        if let start = run.state.startedAt, let end = run.state.finishedAt { return end - start >= limit - .seconds(1) }
        return limitedAge(of: run).map { $0 >= limit } ?? false
    }

    /// True once a run has been running for longer than its timeout and the grace of the watchdog.
    func isOverTimeout(_ run: EngineRun, _ spec: ExecutionSpec) -> Bool {
        guard let limit = watchdogLimit(of: run, spec), let age = limitedAge(of: run) else { return false }
        return age >= limit
    }

    /// How long until something is due about the timeout although nothing changes; nil without a timeout.
    func timeToWatchdog(of run: EngineRun, _ spec: ExecutionSpec) -> Duration? {
        guard let limit = watchdogLimit(of: run, spec), let age = limitedAge(of: run) else { return nil }
        if age < limit { return limit - age }
        let stops = facts.timeline.stops
        if let accepted = stops.accepted, accepted.shutdown == .terminate {
            return timing.watchdogVerdict - min(accepted.since.duration(to: instant), age - limit)
        }
        return stops.failing.map { timing.stopPatience - min($0.since.duration(to: instant), age - limit) }
    }

    /// How long the run may run before it is stopped from outside; nil when it has no timeout.
    private func watchdogLimit(of run: EngineRun, _ spec: ExecutionSpec) -> Duration? {
        spec.executionConfig.timeoutSeconds.map { .seconds($0) + timing.watchdogGrace }
    }

    /// For how long the run has been running, at least; nil for one that the engine holds back.
    ///
    /// A run that its engine never looked at counts from its creation, so that a dead engine cannot keep an execution
    /// open for ever.
    private func limitedAge(of run: EngineRun) -> Duration? {
        if let age = facts.timeline.timeSinceStart(at: instant) { return age }
        return run.state.reason == .awaitingEngine ? facts.timeline.runAge(at: instant) : nil
    }
}

/// What a status says about a stop request that the API server refuses.
extension Situation {
    /// The refusal to report; nil while none lasts.
    ///
    /// One that may pass by itself, such as throttling, is reported when it has lasted for a while.
    var reportedStopRefusal: Refusal? {
        guard let failing = facts.timeline.stops.failing else { return nil }
        let isWorthTelling =
            failing.refusal.isLasting || failing.since.duration(to: instant) >= timing.stopRefusalPatience
        return isWorthTelling ? failing.refusal : nil
    }

    /// The condition that a refused stop request sets, or that an accepted one withdraws.
    func stopCondition(of run: EngineRun) -> [ExecutionEvent] {
        guard let refusal = reportedStopRefusal else {
            let isSet = execution.status.condition(.shutdownRefused) != nil && facts.timeline.stops.failing == nil
            return isSet ? [.conditionRemoved(.shutdownRefused)] : []
        }
        return [
            .conditionSet(
                .shutdownRefused, .true, reason: .general(refusal.reason), message: stopRefusedMessage(run, refusal))
        ]
    }

    /// What happened, where, and how to fix it.
    func stopRefusedMessage(_ run: EngineRun, _ refusal: Refusal) -> String {
        let object = "\(engine.runType.kind) \(run.key.name)"
        let remedy =
            switch refusal.reason {
            case .forbidden:
                "Grant the operator the verb patch on \(engine.runType.plural).\(engine.runType.group) in this namespace"
            case .webhookUnavailable, .policyDenied: "Fix or relax the admission webhook or policy"
            default: "See the API server's answer"
            }
        return """
            \(object) could not be stopped and continues: \(refusal.message). \(remedy); the operator keeps trying.
            """
    }
}

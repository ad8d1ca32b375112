import Engines
import ExecutionStatus
import KubeClient
import WorkflowAPI

extension Situation {
    /// What the run has to be asked for now: by the user's word, or because it outlived its timeout.
    func dueShutdown(of run: EngineRun, _ spec: Spec) -> Shutdown? {
        if let expiry = watchdogExpiry(of: run, spec), now >= expiry { return .terminate }
        return spec.shutdown
    }

    /// The verdict on a run that did not end although it was terminated; nil while there is hope.
    func watchdogVerdict(on run: EngineRun, _ spec: Spec) -> ExecutionEvent? {
        guard let expiry = watchdogExpiry(of: run, spec), now >= expiry + timing.watchdogVerdict else { return nil }
        return decided(
            .watchdogExpired,
            """
            The run outlived its timeout of \(spec.executionConfig.timeoutSeconds ?? 0) seconds, was terminated, and \
            \(engine.title) has still not ended it. It may still be running.
            """)
    }

    /// True when the run was ended by the watchdog rather than by a user.
    func wasEndedByWatchdog(_ run: EngineRun, _ spec: Spec) -> Bool {
        guard run.state.reason == .cancelled, spec.shutdown == nil, let expiry = watchdogExpiry(of: run, spec) else {
            return false
        }
        return (run.state.finishedAt ?? now) >= expiry - timing.watchdogGrace
    }

    /// When a run with a timeout has to be ended from outside; nil when it has none or has not begun.
    ///
    /// The engine's own start counts. A run that the engine holds back has not begun; one the engine has never looked
    /// at counts from when it was created, so that a dead engine cannot keep an execution open for ever.
    func watchdogExpiry(of run: EngineRun, _ spec: Spec) -> Timestamp? {
        guard let seconds = spec.executionConfig.timeoutSeconds else { return nil }
        let isUntouched = run.state.reason == .awaitingEngine
        guard let start = run.state.startedAt ?? (isUntouched ? execution.status.startedAt : nil) else { return nil }
        return start + .seconds(seconds) + timing.watchdogGrace
    }
}

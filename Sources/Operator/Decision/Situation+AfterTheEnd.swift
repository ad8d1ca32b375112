import Engines
import KubeClient
import Status
import TowlineAPI

/// What still follows an execution's run after the end: two conditions, and nothing else.
extension Situation {
    /// The execution ended: what is left is to say what became of its run, and to delete what has outlived its time.
    func endedStep() -> Step {
        // Nobody would read what an execution says that goes now.
        if let farewell = farewellStep() { return farewell }
        if let stop = lateStopStep() { return stop }
        let step = tellingStep()
        guard case .rest = step else { return step }
        let retention = retentionStep()
        guard let refusal = facts.stopRefusal else { return retention }
        return retention.isPause ? .retry(notBefore: refusal.pause) : retention
    }

    /// A run that exceeded its timeout is told to terminate also after the verdict was given without it.
    private func lateStopStep() -> Step? {
        guard facts.stopRefusal == nil, case .present(let run) = facts.run, mayStillHaveToStop(run),
            let patch = engine.shutdownPatch(.terminate, for: run)
        else { return nil }
        return .stopRun(run, patch: patch)
    }

    private func mayStillHaveToStop(_ run: EngineRun) -> Bool {
        execution.status.reason == .watchdogExpired && isOurs(run) && !run.state.isFinished && !run.isBeingDeleted
    }

    /// What the status says of requests to stop a run that outlived the verdict.
    private func lateStopCondition(_ run: EngineRun?) -> [ExecutionEvent] {
        guard let run, mayStillHaveToStop(run) else { return withdrawing([.shutdownRefused]) }
        return stopCondition(of: run)
    }

    /// Its status is latched, but it says that its newest generation was seen, and what became of its run. That is only
    /// said on the word of a live read.
    private func tellingStep() -> Step {
        switch facts.run {
        case .present(let run):
            guard execution.isContradicted(by: run) else { return report([.acknowledged] + lateStopCondition(run)) }
            return facts.isRunProven ? report(present(run) + lateStopCondition(run)) : .readRun
        case .unknown, .deleted:
            return execution.isContradicted(by: nil) ? .readRun : report([.acknowledged])
        case .absent:
            return report((execution.isContradicted(by: nil) ? absent : [.acknowledged]) + lateStopCondition(nil))
        case .engineMissing, .engineNotFollowed: return report([.acknowledged])
        case .unreadable: return report([.acknowledged], otherwise: .retry(notBefore: facts.askedPause))
        }
    }

    /// An object of the run's name exists.
    private func present(_ run: EngineRun) -> [ExecutionEvent] {
        let object = "\(engine.runType.kind) \(run.key.name)"
        guard run.uid == execution.status.runRef?.uid else {
            return gone(
                .general(.runReplaced),
                """
                The run was deleted after its end, and \(object) is another one now; what is here is what was last \
                seen of the run.
                """)
        }
        // Only a server that was set back to an earlier state has a run again.
        let events: [ExecutionEvent] =
            execution.status.condition(.runPresent) == nil ? [] : [.conditionRemoved(.runPresent)]
        let word = run.state.engineReason.isEmpty ? "nothing" : run.state.engineReason
        if !run.state.isFinished {
            let message = """
                The execution has ended and \(object) goes on: \(engine.title) says \(word). The outcome of the \
                execution does not change with it.
                """
            return events + [
                .conditionSet(.runDiverged, .true, reason: .general(run.state.reason), message: message)
            ]
        }
        guard isDiverged else { return events + [.acknowledged] }
        let message = """
            \(object) went on after the execution had ended, and ended again: \(engine.title) says \(word). The \
            outcome of the execution does not change with it.
            """
        return events + [.conditionSet(.runDiverged, .false, reason: .general(run.state.reason), message: message)]
    }

    /// No object of the run's name exists.
    private var absent: [ExecutionEvent] {
        guard isRunExpired else {
            return gone(
                .general(.runDeleted), "The run was deleted after its end; what is here is what was last seen of it.")
        }
        return gone(
            .retention(.runExpired),
            "The run is gone, as its time to live was over; what is here is what was last seen of it.")
    }

    /// The run is gone: it does not go on either, if it did.
    func gone(_ reason: ConditionReason, _ message: String) -> [ExecutionEvent] {
        let event = ExecutionEvent.conditionSet(.runPresent, .false, reason: reason, message: message)
        guard isDiverged else { return [event] }
        return [event, .conditionSet(.runDiverged, .false, reason: reason, message: message)]
    }

    private var isDiverged: Bool { execution.status.condition(.runDiverged)?.status == .true }
}

extension WorkflowExecution {
    /// True when a finished execution's conditions tell other than this of its run: whether it exists and has ended.
    ///
    /// `run` is what has the run's name now, nil for nothing. An execution that never had a run, or is being deleted and
    /// takes its run along, has nothing to tell.
    func isContradicted(by run: EngineRun?) -> Bool {
        guard isFinished, deletionTimestamp == nil, let reference = status.runRef else { return false }
        let isSaidToBeGone = status.condition(.runPresent)?.status == .false
        guard let run, run.uid == reference.uid else { return !isSaidToBeGone }
        let isSaidToGoOn = status.condition(.runDiverged)?.status == .true
        return isSaidToBeGone || isSaidToGoOn == run.state.isFinished
    }
}

import Engines
import KubeClient
import Status
import TowlineAPI

/// What has outlived its time is deleted, unless something speaks against it; then a condition says what.
extension Situation {
    /// The way of an execution that has outlived its time; nil when it has not, when it stays, and when it is not its
    /// turn.
    ///
    /// Its run is deleted first, in the version that was read: so an annotation that keeps it wins up to the last moment,
    /// as the last change of the execution does.
    func farewellStep() -> Step? {
        guard facts.isExpiryTurn, facts.deletionRefusal == nil, isExecutionDue, !execution.isProtected else {
            return nil
        }
        guard execution.mayHaveRun else { return .deleteExecution }
        switch facts.run {
        case .absent: return .deleteExecution
        case .unknown, .deleted: return .readRun
        case .present(let run):
            // Whatever keeps a run that is no longer the execution's does not keep the execution.
            guard facts.isRunProven else { return !isOwned(run) || obstacle(of: run) == nil ? .readRun : nil }
            // Somebody else's object is not in the way, nor is a run whose end has begun.
            guard isOwned(run), !run.isBeingDeleted else { return .deleteExecution }
            return obstacle(of: run) == nil ? deletion(of: run) : nil
        case .engineMissing, .engineNotFollowed, .unreadable: return nil
        }
    }

    /// What is about to go is decided upon by what the API server says of both now: a cache may be minutes old.
    private func deletion(of run: EngineRun) -> Step {
        guard facts.isExecutionProven else { return .readExecution }
        return facts.isRunProven ? .deleteRun(run) : .readRun
    }

    /// What else the times ask for, now that the status tells the truth.
    func retentionStep() -> Step {
        let expiry = Expiry(of: execution)
        if let expiry, expiry.isDue(at: now) {
            let step = dueStep(expiry)
            if case .rest(.some) = step { return step }
            // What asks something of the API server waits for its turn, so that ten thousand at once are no storm.
            guard case .rest = step else { return facts.isExpiryTurn ? step : .wait(until: expiry.first) }
        } else if execution.status.condition(.retained) != nil {
            return report([.conditionRemoved(.retained)])
        }
        return expiry?.next(after: now).map { .wait(until: $0) } ?? .rest(after: nil)
    }

    /// Says why something stays, or deletes the run; rests when there is neither to do.
    private func dueStep(_ expiry: Expiry) -> Step {
        if let obstacle = obstacle(expiry) {
            let event = ExecutionEvent.conditionSet(
                .retained, .true, reason: obstacle.reason, message: obstacle.message)
            let step = report([event])
            guard case .rest = step else { return step }
        }
        if let refusal = facts.deletionRefusal { return .backOff(notBefore: refusal.pause) }
        // A live read found the engine gone, which no watch may ever tell: nothing else says when it is back.
        if case .engineMissing = facts.run { return .rest(after: timing.engineProbe) }
        guard expiry.isRunDue(at: now), !execution.retention.isKept else { return .rest(after: nil) }
        guard case .present(let run) = facts.run, isOwned(run), !run.isBeingDeleted, obstacle(of: run) == nil else {
            return .rest(after: nil)
        }
        return deletion(of: run)
    }

    private var isExecutionDue: Bool { Expiry(of: execution)?.isExecutionDue(at: now) ?? false }

    /// True for a run that is gone as it should be: what stays beyond its time was deleted by somebody else.
    var isRunExpired: Bool {
        if facts.didExpireRun { return true }
        let kept: [ConditionReason] = [
            .retention(.keptByAnnotation), .retention(.runGoesOn), .retention(.runToBeArchived),
            .retention(.runNotOwned), .general(.forbidden), .general(.rejected),
        ]
        if let retained = execution.status.condition(.retained), kept.contains(where: { $0.word == retained.reason }) {
            return false
        }
        return Expiry(of: execution)?.isRunDue(at: now) ?? false
    }
}

extension WorkflowExecution {
    /// True when the execution itself is never deleted by Towline, however old it is.
    var isProtected: Bool { retention.isKept || retention.management != nil }
}

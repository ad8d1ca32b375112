import Engines
import KubeClient
import KubeRuntime
import Status
import TowlineAPI

/// What still follows an execution's run after the end: two conditions, and nothing else.
extension Situation {
    /// The execution ended: what is left is to say what became of its run, and to delete what has outlived its time.
    func endedStep() -> Step {
        // Nobody would read what an execution says that goes now.
        if let farewell = expiredExecutionStep() { return farewell }
        if let stop = lateStopStep() { return stop }
        let step = runConditionStep()
        guard case .idle = step else { return step }
        let retention = retentionStep()
        guard let refusal = facts.stopRefusal else { return retention }
        return retention.isPause ? .failed(retryAfter: refusal.pause) : retention
    }

    /// A run that exceeded its timeout is told to terminate also after the verdict was given without it.
    private func lateStopStep() -> Step? {
        guard facts.stopRefusal == nil, case .present(let run) = facts.run, shouldStillStop(run),
            let patch = engine.shutdownPatch(.terminate, for: run)
        else { return nil }
        return .stopRun(run, patch: patch)
    }

    private func shouldStillStop(_ run: EngineRun) -> Bool {
        execution.status.reason == .watchdogExpired && isOurs(run) && !run.state.isFinished && !run.isBeingDeleted
    }

    /// What the status says of requests to stop a run that outlived the verdict.
    private func lateStopCondition(_ run: EngineRun?) -> [ExecutionEvent] {
        guard let run, shouldStillStop(run) else { return withdrawing([.shutdownRefused]) }
        return stopCondition(of: run)
    }

    /// Its status is latched, but it says that its newest generation was seen, and what became of its run. That is only
    /// said on the word of a live read.
    private func runConditionStep() -> Step {
        switch facts.run {
        case .present(let run):
            guard execution.isContradicted(by: run) else { return report([.acknowledged] + lateStopCondition(run)) }
            return facts.isRunConfirmed ? report(present(run) + lateStopCondition(run)) : .readRun
        case .unknown, .deleted:
            return execution.isContradicted(by: nil) ? .readRun : report([.acknowledged])
        case .absent:
            return report((execution.isContradicted(by: nil) ? absent : [.acknowledged]) + lateStopCondition(nil))
        case .engineMissing, .engineNotFollowed: return report([.acknowledged])
        case .unreadable: return report([.acknowledged], otherwise: .failed(retryAfter: facts.retryAfter))
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

/// What has outlived its time is deleted, unless something speaks against it; then a condition says what.
extension Situation {
    /// The way of an execution that has outlived its time; nil when it has not, when it stays, and when it is not its
    /// turn.
    ///
    /// Its run is deleted first, in the version that was read: so an annotation that keeps it wins up to the last moment,
    /// as the last change of the execution does.
    func expiredExecutionStep() -> Step? {
        guard facts.isExpiryTurn, facts.deletionRefusal == nil, isExecutionDue, !execution.isProtected else {
            return nil
        }
        guard execution.mayHaveRun else { return .deleteExecution }
        switch facts.run {
        case .absent: return .deleteExecution
        case .unknown, .deleted: return .readRun
        case .present(let run):
            // Whatever keeps a run that is no longer the execution's does not keep the execution.
            guard facts.isRunConfirmed else { return !isOwned(run) || obstacle(of: run) == nil ? .readRun : nil }
            // Somebody else's object is not in the way, nor is a run whose end has begun.
            guard isOwned(run), !run.isBeingDeleted else { return .deleteExecution }
            return obstacle(of: run) == nil ? deletion(of: run) : nil
        case .engineMissing, .engineNotFollowed, .unreadable: return nil
        }
    }

    /// What is about to go is decided upon by what the API server says of both now: a cache may be minutes old.
    private func deletion(of run: EngineRun) -> Step {
        guard facts.isExecutionConfirmed else { return .readExecution }
        return facts.isRunConfirmed ? .deleteRun(run) : .readRun
    }

    /// What else the times ask for, now that the status tells the truth.
    func retentionStep() -> Step {
        let expiry = Expiry(of: execution)
        if let expiry, expiry.isDue(at: now) {
            let step = expiredRunStep(expiry)
            if case .idle(.some) = step { return step }
            // What asks something of the API server waits for its turn, so that ten thousand at once are no storm.
            guard case .idle = step else { return facts.isExpiryTurn ? step : .expireLater(at: expiry.first) }
        } else if execution.status.condition(.retained) != nil {
            return report([.conditionRemoved(.retained)])
        }
        return expiry?.next(after: now).map { .expireLater(at: $0) } ?? .idle(recheckAfter: nil)
    }

    /// Says why something stays, or deletes the run; rests when there is neither to do.
    private func expiredRunStep(_ expiry: Expiry) -> Step {
        if let obstacle = obstacle(expiry) {
            let event = ExecutionEvent.conditionSet(
                .retained, .true, reason: obstacle.reason, message: obstacle.message)
            let step = report([event])
            guard case .idle = step else { return step }
        }
        if let refusal = facts.deletionRefusal { return .waiting(retryAfter: refusal.pause) }
        // A live read found the engine gone, which no watch may ever tell: nothing else says when it is back.
        if case .engineMissing = facts.run { return .idle(recheckAfter: timing.engineProbe) }
        guard expiry.isRunDue(at: now), !execution.retention.isKept else { return .idle(recheckAfter: nil) }
        guard case .present(let run) = facts.run, isOwned(run), !run.isBeingDeleted, obstacle(of: run) == nil else {
            return .idle(recheckAfter: nil)
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
        if let retained = execution.status.condition(.retained),
            kept.contains(where: { $0.rawValue == retained.reason })
        {
            return false
        }
        return Expiry(of: execution)?.isRunDue(at: now) ?? false
    }
}

extension WorkflowExecution {
    /// True when the execution itself is never deleted by Towline, however old it is.
    var isProtected: Bool { retention.isKept || retention.management != nil }
}

/// Why something is still there although its time is over.
struct Obstacle: Hashable, Sendable {
    let reason: ConditionReason
    let message: String
}

extension Situation {
    /// What keeps the execution or its run beyond its time; nil when nothing does.
    func obstacle(_ expiry: Expiry) -> Obstacle? {
        if let refusal = facts.deletionRefusal {
            return Obstacle(reason: .general(refusal.reason), message: refusal.message)
        }
        if execution.retention.isKept {
            return Obstacle(
                reason: .retention(.keptByAnnotation),
                message: "The annotation \(WellKnown.keepAnnotation) keeps the execution and its run.")
        }
        let isExecutionDue = expiry.isExecutionDue(at: now)
        if isExecutionDue, let mark = execution.retention.management {
            return Obstacle(
                reason: .retention(.managedByGitOps),
                message: """
                    \(mark.rawValue) says that \(mark.tool) manages the execution: if it were deleted, it would be \
                    created again, and run again. Delete it there, or leave out ttlSecondsAfterFinished.
                    """)
        }
        switch facts.run {
        case .present(let run) where isOwned(run): return obstacle(of: run)
        case .present(let run) where isOurs(run) && expiry.isRunDue(at: now):
            return Obstacle(
                reason: .retention(.runNotOwned),
                message: """
                    \(engine.runType.kind) \(run.key.name) no longer has the execution as its owner: it is left alone.
                    """)
        case .engineMissing where isExecutionDue && execution.mayHaveRun:
            return Obstacle(
                reason: .general(.engineUnavailable),
                message: """
                    The API server no longer serves \(engine.runType.plural).\(engine.runType.group): whether the run \
                    is to be kept cannot be told until \(engine.title) is back.
                    """)
        case .engineNotFollowed where isExecutionDue && execution.mayHaveRun:
            return Obstacle(
                reason: .general(.engineUnavailable),
                message: """
                    This operator is told not to serve \(engine.title) (--engine): whether the run is to be kept cannot \
                    be told until one does.
                    """)
        default: return nil
        }
    }

    /// What speaks against deleting the run, be it alone or with its execution.
    func obstacle(of run: EngineRun) -> Obstacle? {
        let object = "\(engine.runType.kind) \(run.key.name)"
        if run.isKept {
            return Obstacle(
                reason: .retention(.keptByAnnotation),
                message: "The annotation \(WellKnown.keepAnnotation) keeps \(object), and so the execution.")
        }
        if !run.state.isFinished {
            return Obstacle(
                reason: .retention(.runGoesOn),
                message: "\(object) goes on: it is kept until it has ended, and so is the execution.")
        }
        guard run.isToBeArchived else { return nil }
        return Obstacle(
            reason: .retention(.runToBeArchived),
            message: "\(engine.title) has yet to archive \(object): it is kept until then, and so is the execution.")
    }
}

extension Situation {
    /// What to tell once a run was deleted because its time was over; nil where its execution goes with it.
    func runExpiredNotice(for run: EngineRun) -> Notice? {
        guard let seconds = execution.retention.runSeconds, Expiry(of: execution)?.isRunDue(at: now) == true,
            execution.isProtected || Expiry(of: execution)?.isExecutionDue(at: now) == false
        else { return nil }
        let reference = engine.reference(to: run)
        let name = "\(reference.kind) \(reference.name)"
        return Notice(
            type: .normal, reason: RetentionReason.runExpired.rawValue, action: .deleteRun,
            note: "Deleted \(name) \(seconds) seconds after the end, as runTTLSecondsAfterFinished asks",
            related: reference)
    }
}

import Engines
import KubeClient
import KubeRuntime
import Status
import TowlineAPI

/// Handles executions that have ended: updates the conditions about the run, and applies TTLs.
extension Situation {
    /// Decides the next step for an ended execution: updates conditions about its run, or deletes objects whose TTL
    /// expired.
    func endedStep() -> Step {
        // The status of an execution that is about to be deleted needs no update.
        if let step = expiredExecutionStep() { return step }
        if let stop = lateStopStep() { return stop }
        let step = runConditionStep()
        guard case .idle = step else { return step }
        let retention = retentionStep()
        guard let refusal = facts.stopRefusal, retention.isPause else { return retention }
        // The queue's backoff is unknown here, so a TTL is planned in any case: it may expire before the next retry.
        if case .expireLater(let due, _) = retention { return .expireLater(at: due, retryAfter: refusal.pause) }
        return .failed(retryAfter: refusal.pause)
    }

    /// Stops a run that exceeded its timeout even after the execution ended without it.
    private func lateStopStep() -> Step? {
        guard facts.stopRefusal == nil, case .present(let run) = facts.run, shouldStillStop(run),
            let patch = engine.shutdownPatch(.terminate, for: run)
        else { return nil }
        return .stopRun(run, patch: patch)
    }

    private func shouldStillStop(_ run: EngineRun) -> Bool {
        execution.status.reason == .watchdogExpired && isOurs(run) && !run.state.isFinished && !run.isBeingDeleted
    }

    /// The condition for stop requests to a run that is still running after the execution ended.
    private func lateStopCondition(_ run: EngineRun?) -> [ExecutionEvent] {
        guard let run, shouldStillStop(run) else { return withdrawing([.shutdownRefused]) }
        return stopCondition(of: run)
    }

    /// Updates the conditions about the run. Everything else in the status of an ended execution is final, except for
    /// the observed generation. The conditions change only after a live read.
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

    /// Events for an object that exists with the run's name.
    private func present(_ run: EngineRun) -> [ExecutionEvent] {
        let object = "\(engine.runType.kind) \(run.key.name)"
        guard run.uid == execution.status.runRef?.uid else {
            return gone(
                .general(.runReplaced),
                """
                The run was deleted after it ended, and \(object) is a different object now. The status shows the \
                run's last known state.
                """)
        }
        // A deleted run reappears only if the cluster was restored from a backup.
        let events: [ExecutionEvent] =
            execution.status.condition(.runPresent) == nil ? [] : [.conditionRemoved(.runPresent)]
        let reason = run.state.engineReason.isEmpty ? "no reason" : run.state.engineReason
        if !run.state.isFinished {
            let message = """
                The execution has ended, but \(object) is still running: \(engine.title) reports \(reason). The \
                outcome of the execution does not change.
                """
            return events + [
                .conditionSet(.runDiverged, .true, reason: .general(run.state.reason), message: message)
            ]
        }
        guard isDiverged else { return events + [.acknowledged] }
        let message = """
            \(object) continued after the execution ended, and has now ended again: \(engine.title) reports \
            \(reason). The outcome of the execution does not change.
            """
        return events + [.conditionSet(.runDiverged, .false, reason: .general(run.state.reason), message: message)]
    }

    /// Events if no object with the run's name exists.
    private var absent: [ExecutionEvent] {
        guard isRunExpired else {
            return gone(
                .general(.runDeleted), "The run was deleted after it ended. The status shows its last known state.")
        }
        return gone(
            .retention(.runExpired),
            "The run was deleted because its TTL expired. The status shows its last known state.")
    }

    /// Events for a run that no longer exists: sets the conditions `RunPresent` and, if it was true, `RunDiverged` to
    /// false.
    func gone(_ reason: ConditionReason, _ message: String) -> [ExecutionEvent] {
        let event = ExecutionEvent.conditionSet(.runPresent, .false, reason: reason, message: message)
        guard isDiverged else { return [event] }
        return [event, .conditionSet(.runDiverged, .false, reason: reason, message: message)]
    }

    private var isDiverged: Bool { execution.status.condition(.runDiverged)?.status == .true }
}

/// Deletes executions and runs whose TTL expired, or reports in a condition why they are kept.
extension Situation {
    /// The next step to delete an execution whose TTL expired; nil if the TTL has not expired, the execution must be
    /// kept, or the rate limit does not allow its deletion yet.
    ///
    /// The run is deleted first. Each deletion has the resource version of the decision as a precondition, so that a
    /// keep annotation added in the meantime prevents it.
    func expiredExecutionStep() -> Step? {
        guard facts.isExpiryTurn, facts.deletionRefusal == nil, isExecutionDue, !execution.isProtected else {
            return nil
        }
        guard execution.mayHaveRun else { return .deleteExecution }
        switch facts.run {
        case .absent: return .deleteExecution
        case .unknown, .deleted: return .readRun
        case .present(let run):
            // A run that the execution no longer owns does not block the execution's deletion.
            guard facts.isRunConfirmed else { return !isOwned(run) || obstacle(of: run) == nil ? .readRun : nil }
            // Neither a foreign object nor a run that is being deleted blocks the execution's deletion.
            guard isOwned(run), !run.isBeingDeleted else { return .deleteExecution }
            return obstacle(of: run) == nil ? deletion(of: run) : nil
        case .engineMissing, .engineNotFollowed, .unreadable: return nil
        }
    }

    /// Deletes the run after a live read of both objects, because a cache may be minutes old.
    private func deletion(of run: EngineRun) -> Step {
        guard facts.isExecutionConfirmed else { return .readExecution }
        return facts.isRunConfirmed ? .deleteRun(run) : .readRun
    }

    /// The step that the TTLs require once the status is up to date.
    func retentionStep() -> Step {
        let expiry = Expiry(of: execution)
        if let expiry, expiry.isDue(at: now) {
            let step = expiredRunStep(expiry)
            if case .idle(.some) = step { return step }
            // Steps that send requests are rate limited, so that thousands of expiries do not overload the API server.
            guard case .idle = step else { return facts.isExpiryTurn ? step : .expireLater(at: expiry.first) }
        } else if execution.status.condition(.retained) != nil {
            return report([.conditionRemoved(.retained)])
        }
        return expiry?.next(after: now).map { .expireLater(at: $0) } ?? .idle(recheckAfter: nil)
    }

    /// Reports why an object is kept after its TTL, or deletes the run; idle if neither applies.
    private func expiredRunStep(_ expiry: Expiry) -> Step {
        if let obstacle = obstacle(expiry) {
            let event = ExecutionEvent.conditionSet(
                .retained, .true, reason: obstacle.reason, message: obstacle.message)
            let step = report([event])
            guard case .idle = step else { return step }
        }
        if let refusal = facts.deletionRefusal { return .waiting(retryAfter: refusal.pause) }
        // A live read found the engine missing. No watch may report that it is back, so it is polled.
        if case .engineMissing = facts.run { return .idle(recheckAfter: timing.engineProbe) }
        guard expiry.isRunDue(at: now), !execution.retention.isKept else { return .idle(recheckAfter: nil) }
        guard case .present(let run) = facts.run, isOwned(run), !run.isBeingDeleted else {
            return .idle(recheckAfter: nil)
        }
        guard obstacle(of: run) == nil else { return .idle(recheckAfter: timeToArchiveMark(of: run, expiry)) }
        return deletion(of: run)
    }

    private var isExecutionDue: Bool { Expiry(of: execution)?.isExecutionDue(at: now) ?? false }

    /// Whether Towline deleted the run because its TTL expired. If the run was kept, another client deleted it.
    var isRunExpired: Bool {
        if facts.didExpireRun { return true }
        let kept: [ConditionReason] = [
            .retention(.keptByAnnotation), .retention(.runStillRunning), .retention(.notArchived),
            .retention(.noArchiveSeen), .retention(.runNotOwned), .general(.forbidden), .general(.rejected),
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
    /// True if Towline never deletes the execution itself.
    var isProtected: Bool { retention.isKept || retention.management != nil }
}

/// The reason why an object is kept after its TTL expired.
struct Obstacle: Hashable, Sendable {
    let reason: ConditionReason
    let message: String
}

extension Situation {
    /// The obstacle that keeps the execution or its run after a TTL expired; nil if both can be deleted.
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
                    \(mark.rawValue) shows that \(mark.tool) manages the execution. If Towline deleted it, the tool \
                    would create it again, and it would run again. Delete it in \(mark.tool), or remove ttlSecondsAfterFinished.
                    """)
        }
        switch facts.run {
        case .present(let run) where isOwned(run): return obstacle(of: run)
        case .present(let run) where isOurs(run) && expiry.isRunDue(at: now):
            return Obstacle(
                reason: .retention(.runNotOwned),
                message: """
                    The execution no longer owns \(engine.runType.kind) \(run.key.name), so Towline does not delete \
                    it. Delete it yourself.
                    """)
        case .engineMissing where isExecutionDue && execution.mayHaveRun:
            return Obstacle(
                reason: .general(.engineUnavailable),
                message: """
                    The API server no longer serves \(engine.runType.plural).\(engine.runType.group), so it is \
                    unknown whether the run must be kept. Restore \(engine.title).
                    """)
        case .engineNotFollowed where isExecutionDue && execution.mayHaveRun:
            return Obstacle(
                reason: .general(.engineUnavailable),
                message: """
                    This operator does not serve \(engine.title) (--engine), so it is unknown whether the run must be \
                    kept. Add --engine \(engine.name.rawValue), or delete the execution yourself.
                    """)
        default: return nil
        }
    }

    /// The obstacle to deleting the run, alone or with its execution; nil if it can be deleted.
    func obstacle(of run: EngineRun) -> Obstacle? {
        let object = "\(engine.runType.kind) \(run.key.name)"
        if run.isKept {
            return Obstacle(
                reason: .retention(.keptByAnnotation),
                message: "The annotation \(WellKnown.keepAnnotation) keeps \(object), so the execution is kept too.")
        }
        if !run.state.isFinished {
            return Obstacle(
                reason: .retention(.runStillRunning),
                message: "\(object) is still running. Both it and the execution are kept until it ends.")
        }
        return archiveObstacle(of: run, object)
    }

    /// The obstacle if the run must be archived first; nil if it is archived or need not be.
    ///
    /// Only Argo announces that it will archive a run, and a deletion would prevent it. Any other run is kept only if the
    /// user asked for it, and only until the TTL of the execution.
    private func archiveObstacle(of run: EngineRun, _ object: String) -> Obstacle? {
        let waits = execution.retention.awaitsArchive && !isExecutionDue
        switch run.archive {
        case .complete: return nil
        case .promised:
            return Obstacle(
                reason: .retention(.notArchived),
                message: """
                    \(engine.title) has not archived \(object) yet. Both it and the execution are kept until then.
                    """)
        case .none where waits && Expiry(of: execution).map({ timeToArchiveMark(of: run, $0) == nil }) ?? false:
            return Obstacle(
                reason: .retention(.noArchiveSeen),
                message: """
                    keepRunUntilArchived keeps \(object), but no archive has marked it since it ended. Check that an \
                    archive of \(engine.title) is installed and includes this namespace, or remove keepRunUntilArchived.
                    """)
        case .started, .none:
            guard waits else { return nil }
            return Obstacle(
                reason: .retention(.notArchived),
                message: "keepRunUntilArchived keeps \(object) until the archive of \(engine.title) has it.")
        }
    }

    /// The time until a run without a mark counts as not archived at all; nil if it is over, or if there is a mark.
    private func timeToArchiveMark(of run: EngineRun, _ expiry: Expiry) -> Duration? {
        let due = expiry.end + Self.archiveMarkTime
        return execution.retention.awaitsArchive && run.archive == .none && now < due ? due - now : nil
    }

    /// How long after the end an archive may take to mark a run.
    private static let archiveMarkTime = Duration.seconds(60)
}

extension Situation {
    /// The event after a run was deleted because its TTL expired; nil if its execution is deleted with it.
    func runExpiredNotice(for run: EngineRun) -> Notice? {
        guard let seconds = execution.retention.runSeconds, Expiry(of: execution)?.isRunDue(at: now) == true,
            execution.isProtected || Expiry(of: execution)?.isExecutionDue(at: now) == false
        else { return nil }
        let reference = engine.reference(to: run)
        let name = "\(reference.kind) \(reference.name)"
        return Notice(
            type: .normal, reason: RetentionReason.runExpired.rawValue, action: .deleteRun,
            note: "Deleted \(name), because runTTLSecondsAfterFinished (\(seconds) seconds) expired",
            related: reference)
    }
}

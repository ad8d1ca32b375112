import Engines
import KubeClient
import KubeRuntime
import TowlineAPI

extension Notice {
    /// The run was created.
    static func created(_ run: RunReference) -> Notice {
        Notice(
            type: .normal, reason: "RunCreated", action: .create, note: "Created \(run.kind) \(run.name)", related: run)
    }

    /// What a new status has to tell.
    ///
    /// - Parameters:
    ///   - wasCreated: the run was created since `old`, which was told then.
    ///   - namesake: the object that has the run's name, be it the run or a foreign one.
    static func news(
        from old: ExecutionStatus, to new: ExecutionStatus, wasCreated: Bool, namesake: RunReference?
    ) -> [Notice] {
        var news: [Notice] = []
        // A run whose end was all that was ever seen of it is gone: there is nothing to adopt.
        if old.runRef == nil, let run = new.runRef, !wasCreated, new.reason != .runDeleted {
            news.append(
                Notice(
                    type: .normal, reason: "RunAdopted", action: .adopt,
                    note: "\(run.kind) \(run.name) was there already and belongs to this execution", related: run))
        }
        if !old.phase.isTerminal, let outcome = new.outcome, let reason = new.reason {
            news.append(
                Notice(
                    type: outcome.isAsAsked ? .normal : .warning, reason: reason.rawValue, action: .finish,
                    note: "\(new.phase.rawValue) with outcome \(outcome.rawValue)", detail: new.message ?? "",
                    related: new.runRef ?? namesake))
        }
        if let refused = new.condition(.shutdownRefused), refused.reason != old.condition(.shutdownRefused)?.reason {
            news.append(
                Notice(
                    type: .warning, reason: Reason.shutdownRefused.rawValue, action: .shutDown,
                    note: "The run could not be stopped and continues",
                    detail: old.phase.isTerminal ? refused.eventDetail : refused.message, related: new.runRef))
        }
        if let retained = new.condition(.retained), retained.reason != old.condition(.retained)?.reason {
            let isAsAsked = retained.reason == RetentionReason.keptByAnnotation.rawValue
            news.append(
                Notice(
                    type: isAsAsked ? .normal : .warning, reason: retained.reason, action: .retain,
                    note: "Kept although its time to live is over", detail: retained.eventDetail, related: new.runRef))
        }
        return news
    }

    /// The execution was deleted because its time was over.
    static func expired(_ execution: WorkflowExecution) -> Notice {
        let seconds = execution.retention.executionSeconds ?? 0
        return Notice(
            type: .normal, reason: "Expired", action: .deleteExecution,
            note: "Deleted the execution \(seconds) seconds after its end, as ttlSecondsAfterFinished asks",
            related: execution.status.runRef)
    }
}

extension Condition {
    /// The message, but for the words of a server or a webhook: nobody knows the parameters any more to mask them there.
    fileprivate var eventDetail: String {
        let isQuoted =
            type == ConditionType.shutdownRefused.rawValue
            || [Reason.forbidden, .rejected].contains { $0.rawValue == reason }
        return isQuoted ? "the API server refuses the request; the condition \(type) says why" : message
    }
}

extension Outcome {
    /// True for the ends that somebody wanted.
    fileprivate var isAsAsked: Bool { self == .success || self == .cancelled }
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

    /// What to tell when an attempt to bring about the run has failed; nil where there was none, or no need for one.
    var heldBackNotice: Notice? {
        guard facts.creationFailure != nil || !facts.isEngineServed else { return nil }
        let status = execution.status
        guard status.phase == .pending, let reason = status.reason, reason != .accepted, reason != .waitingToCreate
        else {
            return nil
        }
        return Notice(
            type: .warning, reason: reason.rawValue, action: .create, note: "The run is not created yet",
            detail: status.message ?? "")
    }

    /// What to tell once the run was asked to end.
    func shutdownNotice(for run: EngineRun) -> Notice? {
        let reference = engine.reference(to: run)
        let name = "\(reference.kind) \(reference.name)"
        if execution.isFinished || execution.spec.map({ isOverTimeout(run, $0) }) == true {
            let seconds = execution.spec?.executionConfig.timeoutSeconds.map { " of \($0) seconds" } ?? ""
            return Notice(
                type: .warning, reason: "WatchdogShutdown", action: .shutDown,
                note: "\(name) exceeded its timeout\(seconds) and was told to terminate", related: reference)
        }
        guard let shutdown = execution.spec?.shutdown else { return nil }
        return Notice(
            type: .normal, reason: "ShutdownRequested", action: .shutDown,
            note: "Told \(name) to end, as spec.shutdown asks: \(shutdown.rawValue)", related: reference)
    }
}

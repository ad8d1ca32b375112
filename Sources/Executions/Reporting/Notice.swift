import Engines
import KubeClient
import KubeRuntime
import TowlineAPI

/// One thing about an execution that people are told as a Kubernetes event.
struct Notice: Hashable {
    /// What Towline did, or tried to do.
    enum Action: String {
        case create = "CreateRun"
        case adopt = "AdoptRun"
        case shutDown = "ShutDownRun"
        case finish = "FinishExecution"
        case deleteRun = "DeleteRun"
        case deleteExecution = "DeleteExecution"
        case retain = "RetainExecution"
    }

    let type: ObjectEvent.EventType
    let reason: String
    let action: Action
    /// Towline's own words.
    let note: String
    /// What somebody else said, such as the engine or the API server.
    var detail = ""
    /// The run, where there is one.
    var related: RunReference?

    /// The event about `execution`.
    ///
    /// Events have more readers than executions: parameter values that `detail` repeats are masked.
    func event(regarding execution: WorkflowExecution, masking mask: Mask) -> ObjectEvent {
        let type = WorkflowExecution.resourceType
        let subject = ObjectReference(
            apiVersion: type.apiVersion, kind: type.kind, key: execution.key, uid: execution.uid,
            resourceVersion: execution.resourceVersion)
        let run = related.map { run in
            ObjectReference(
                apiVersion: run.apiVersion, kind: run.kind,
                key: ObjectKey(namespace: execution.key.namespace, name: run.name), uid: run.uid)
        }
        let text = detail.isEmpty ? note + "." : "\(note): \(mask.applied(to: detail))"
        return ObjectEvent(
            self.type, reason: reason, action: action.rawValue, note: text, regarding: subject, related: run)
    }
}

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
    static func transitions(
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
                    type: outcome.isExpected ? .normal : .warning, reason: reason.rawValue, action: .finish,
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
            let isExpected = retained.reason == RetentionReason.keptByAnnotation.rawValue
            news.append(
                Notice(
                    type: isExpected ? .normal : .warning, reason: retained.reason, action: .retain,
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
    fileprivate var isExpected: Bool { self == .success || self == .cancelled }
}

import Engines
import KubeClient
import KubeRuntime
import TowlineAPI

/// One Kubernetes event about an execution.
struct Notice: Hashable {
    /// The action that Towline took or attempted.
    enum Action: String {
        case resolve = "ResolveDefinition"
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
    /// Towline's own text.
    let note: String
    /// Text from another source, such as the engine or the API server.
    var detail = ""
    /// True if `detail` is Towline's own text, which needs no mask.
    var isDetailOwn = false
    /// The run; nil without one.
    var related: RunReference?

    /// The event about `execution`.
    ///
    /// More users can read events than executions, so parameter values in `detail` are masked.
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
        let text = detail.isEmpty ? note + "." : "\(note): \(isDetailOwn ? detail : mask.applied(to: detail))"
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

    /// The events for the change from one status to the next.
    ///
    /// - Parameters:
    ///   - wasCreated: true if the run was created since `old`; that has already been published.
    ///   - namesake: the object that has the run's name, whether it is the run or a foreign object.
    static func transitions(
        from old: ExecutionStatus, to new: ExecutionStatus, wasCreated: Bool, namesake: RunReference?
    ) -> [Notice] {
        var notices: [Notice] = []
        // A run that was first seen after its deletion cannot be adopted.
        if old.runRef == nil, let run = new.runRef, !wasCreated, new.reason != .runDeleted {
            notices.append(
                Notice(
                    type: .normal, reason: "RunAdopted", action: .adopt,
                    note: "\(run.kind) \(run.name) already exists and belongs to this execution", related: run))
        }
        if !old.phase.isTerminal, let outcome = new.outcome, let reason = new.reason {
            notices.append(
                Notice(
                    type: outcome.isExpected ? .normal : .warning, reason: reason.rawValue, action: .finish,
                    note: "\(new.phase.rawValue) with outcome \(outcome.rawValue)", detail: new.message ?? "",
                    related: new.runRef ?? namesake))
        }
        if let refused = new.condition(.shutdownRefused), refused.reason != old.condition(.shutdownRefused)?.reason {
            notices.append(
                Notice(
                    type: .warning, reason: Reason.shutdownRefused.rawValue, action: .shutDown,
                    note: "The run could not be stopped and is still running",
                    detail: old.phase.isTerminal ? refused.eventDetail : refused.message,
                    isDetailOwn: old.phase.isTerminal, related: new.runRef))
        }
        if let retained = new.condition(.retained), retained.reason != old.condition(.retained)?.reason {
            let isExpected = retained.reason == RetentionReason.keptByAnnotation.rawValue
            notices.append(
                Notice(
                    type: isExpected ? .normal : .warning, reason: retained.reason, action: .retain,
                    note: "Kept although its TTL expired", detail: retained.eventDetail, isDetailOwn: true,
                    related: new.runRef))
        }
        return notices
    }

    /// The execution was deleted because its TTL expired.
    static func expired(_ execution: WorkflowExecution) -> Notice {
        let seconds = execution.retention.executionSeconds ?? 0
        return Notice(
            type: .normal, reason: "Expired", action: .deleteExecution,
            note: "Deleted the execution, because ttlSecondsAfterFinished (\(seconds) seconds) expired",
            related: execution.status.runRef)
    }
}

extension Condition {
    /// The message, or a pointer to the condition if the message quotes a server or webhook: once the parameters are no
    /// longer known, they cannot be masked in it.
    fileprivate var eventDetail: String {
        let isQuoted =
            type == ConditionType.shutdownRefused.rawValue
            || [Reason.forbidden, .rejected].contains { $0.rawValue == reason }
        return isQuoted ? "the API server rejected the request; see the condition \(type)" : message
    }
}

extension Outcome {
    /// Whether the user wanted this outcome.
    fileprivate var isExpected: Bool { self == .success || self == .cancelled }
}

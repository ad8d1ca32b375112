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

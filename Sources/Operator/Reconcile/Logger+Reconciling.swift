import KubeClient
import KubeRuntime
import TowlineAPI

extension Logger {
    /// A logger for the controller, with controller-runtime's keys.
    func controlling() -> Logger {
        let type = WorkflowExecution.resourceType
        return with([
            "controller": .own(OperatorMetrics.controller), "controllerGroup": .own(type.group),
            "controllerKind": .own(type.kind),
        ])
    }

    /// A logger for one reconciliation, with controller-runtime's keys; `attempt` counts the failures in a row.
    func reconciling(_ key: ObjectKey, id: String, attempt: Int) -> Logger {
        about([
            WorkflowExecution.resourceType.kind: .object(["name": key.name, "namespace": key.namespace]),
            "namespace": .own(key.namespace), "name": .own(key.name), "reconcileID": .own(id),
            "attempt": .integer(Int64(attempt)),
        ])
    }
}

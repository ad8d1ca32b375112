import KubeClient
import KubeRuntime
import WorkflowAPI

extension Logger {
    /// A logger for the controller, with controller-runtime's keys.
    func controlling() -> Logger {
        let type = WorkflowExecution.resourceType
        return with([
            "controller": .string(OperatorMetrics.controller), "controllerGroup": .string(type.group),
            "controllerKind": .string(type.kind),
        ])
    }

    /// A logger for one reconciliation, with controller-runtime's keys; `attempt` counts the failures in a row.
    func reconciling(_ key: ObjectKey, id: String, attempt: Int) -> Logger {
        about([
            WorkflowExecution.resourceType.kind: ["name": .string(key.name), "namespace": .string(key.namespace)],
            "namespace": .string(key.namespace), "name": .string(key.name), "reconcileID": .string(id),
            "attempt": .integer(Int64(attempt)),
        ])
    }
}

import KubeClient
import Status
import TowlineAPI

/// A state of an execution: the object as the API server shows it, and what it means.
struct ExecutionState: Sendable, CustomStringConvertible {
    let description: String
    let verdict: Verdict
    var status: ExecutionStatus
    var generation: Int64 = 1
    var shutdown: Shutdown?
    var isDeleted = false

    /// What the API server shows of it.
    var object: JSONValue {
        var spec: JSONValue = ["workflowRef": ["workflowId": "restart"]]
        spec["shutdown"] = shutdown.map { .string($0.rawValue) }
        var metadata: JSONValue = [
            "name": "restart-payment-api", "namespace": "payments", "uid": "41674058-80db-48a6-887f-6696290ba4ba",
            "generation": .integer(generation),
        ]
        if isDeleted { metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z" }
        return [
            "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution", "metadata": metadata, "spec": spec,
            "status": written,
        ]
    }

    /// The status as the operator writes it: the patch from nothing has every field there is.
    private var written: JSONValue {
        let key = ObjectKey(namespace: "payments", name: "restart-payment-api")
        let unseen = WorkflowExecution(key: key, uid: "u", spec: nil)
        let patch = try? JSONValue(parsing: StatusPatch(of: unseen, to: status).body)
        return patch?["status"] ?? .null
    }
}

import KubeClient

/// A state of an environment as the contract describes it: the object as the API server shows it, and what tools must conclude.
struct EnvironmentState: Sendable, CustomStringConvertible {
    let description: String
    let phase: String
    let reason: String
    /// The health that Argo CD must show.
    let health: String
    /// The status that kstatus must report.
    let kstatus: KStatus
    /// The conditions that are not absent.
    let conditions: [String: String]
    var generation: Int64 = 1
    var desired: String?
    var isDeleted = false

    var isEnding: Bool { phase == "Terminating" || phase == "Inactive" || desired == "Inactive" || isDeleted }

    var object: JSONValue {
        var spec: JSONValue = ["lifecycleRef": ["name": "preview", "version": "1.4.0"]]
        spec["desired"] = desired.map(JSONValue.string)
        var metadata: JSONValue = [
            "name": "pr-1742", "namespace": "previews", "uid": "3f9c2a71-80db-48a6-887f-6696290ba4ba",
            "generation": .integer(generation),
        ]
        if isDeleted { metadata["deletionTimestamp"] = "2026-12-01T12:00:00Z" }
        let list = conditions.sorted { $0.key < $1.key }.map { type, value -> JSONValue in
            ["type": .string(type), "status": .string(value), "reason": .string(reason), "message": "m"]
        }
        return [
            "apiVersion": "towline.dev/v1alpha1", "kind": "Environment", "metadata": metadata, "spec": spec,
            "status": [
                "observedGeneration": 1, "phase": .string(phase), "reason": .string(reason), "message": "said \"so\"",
                "expiresAt": "2026-12-03T18:00:00Z", "conditions": .array(list),
            ],
        ]
    }
}

extension EnvironmentState {
    /// Every phase with each of its reasons, as read by the operator, with a newer spec, deactivated, and deleted.
    static let all = observed.flatMap { [$0, $0.unseen, $0.deactivated, $0.deleted] }

    private typealias Conditions = [String: String]

    private static let underWay: Conditions = ["Ready": "False", "Reconciling": "True", "TornDown": "False"]
    private static let failed: Conditions = ["Ready": "False", "Stalled": "True", "TornDown": "False"]

    private static let observed =
        states(
            "Pending", ["LifecycleNotFound", "DefinitionNotFound", "APIUnavailable", "Forbidden"], "Progressing",
            .inProgress, underWay)
        + states("Approaching", ["WaitingForStart"], "Progressing", .inProgress, underWay)
        + states(
            "Provisioning",
            [
                "PhaseRunning", "PhaseRetrying", "WaitingForSignal", "Paused", "APIUnavailable", "QuotaExceeded",
                "Forbidden",
            ], "Progressing", .inProgress, underWay)
        + states("Active", ["Ready"], "Healthy", .current, ["Ready": "True", "TornDown": "False"])
        + states("Active", ["WaitingForSignal"], "Suspended", .current, ["Ready": "True", "TornDown": "False"])
        + states(
            "Active", ["PhaseRunning", "PhaseRetrying", "Paused", "APIUnavailable", "QuotaExceeded", "Forbidden"],
            "Healthy", .inProgress, ["Ready": "True", "Reconciling": "True", "TornDown": "False"])
        + states(
            "Degraded", ["PhaseFailed", "ExecutionDeleted", "NameCollision", "InvalidSpec"], "Degraded", .failed, failed
        )
        + states(
            "Failed", ["PhaseFailed", "ExecutionDeleted", "NameCollision", "InvalidSpec", "InvalidParameters"],
            "Degraded", .failed, failed)
        + states(
            "Terminating", ["Stopping", "TearingDown", "TeardownRetrying", "TeardownFailed"], "Progressing",
            .inProgress, underWay)
        + states(
            "Inactive", ["Expired", "Deactivated", "Deleted", "FailureTornDown"], "Suspended", .current,
            ["TornDown": "True"])
        // Without a teardown phase.
        + states("Inactive", ["Expired", "Deactivated"], "Suspended", .current, [:])
        + states(
            "Inactive", ["TeardownFailed", "TeardownTimedOut", "TeardownSkipped", "NamespaceTerminating"], "Degraded",
            .failed, failed)
        + states(
            "Inactive", ["TimeslotMissed", "StopTimedOut"], "Degraded", .failed, ["Ready": "False", "Stalled": "True"])

    private static func states(
        _ phase: String, _ reasons: [String], _ health: String, _ kstatus: KStatus, _ conditions: Conditions
    ) -> [EnvironmentState] {
        reasons.map { reason in
            EnvironmentState(
                description: "\(phase), \(reason)\(conditions["TornDown"] == nil ? ", without a teardown phase" : "")",
                phase: phase, reason: reason, health: health, kstatus: kstatus, conditions: conditions)
        }
    }

    private func changed(
        _ what: String, health: String, kstatus: KStatus, generation: Int64, desired: String? = nil,
        isDeleted: Bool = false
    ) -> EnvironmentState {
        EnvironmentState(
            description: "\(description); \(what)", phase: phase, reason: reason, health: health, kstatus: kstatus,
            conditions: conditions, generation: generation, desired: desired, isDeleted: isDeleted)
    }

    private var unseen: EnvironmentState {
        changed("signaled", health: phase == "Inactive" ? health : "Progressing", kstatus: .inProgress, generation: 2)
    }

    /// Deactivated from the start, so that the status is of this generation.
    private var deactivated: EnvironmentState {
        changed("deactivated", health: health, kstatus: kstatus, generation: 1, desired: "Inactive")
    }

    private var deleted: EnvironmentState {
        changed("deleted", health: "Progressing", kstatus: .terminating, generation: 2, isDeleted: true)
    }
}

/// Writes of the status of an environment.
public enum EnvironmentStatusCases {
    private static func at(_ minute: Int) -> String { "\"2026-12-01T09:0\(minute):00Z\"" }

    private static func status(_ phase: String, _ more: String = "") -> String {
        "{observedGeneration: 1, phase: \(phase)\(more.isEmpty ? "" : ", \(more)")}"
    }

    private static let started = "startedAt: \(at(1))"
    private static let ready = "startedAt: \(at(1)), readyAt: \(at(2))"
    private static let terminating = "\(ready), terminationStartedAt: \(at(3))"
    private static let over = "\(terminating), finishedAt: \(at(4)), duration: 3m0s"

    private static func phase(_ state: String, _ more: String = "") -> String {
        "{name: up, state: \(state)\(more.isEmpty ? "" : ", \(more)")}"
    }

    private static func active(_ more: String) -> String { status("Active", "\(ready), \(more)") }

    private static let execution = "executionRef: {name: pr-7-up-3f9c2a-1, uid: a}"
    private static let resolved = "resolved: {engine: tekton, name: up, definitionUID: u, declared: [A]}"
    private static let copy = """
        lifecycle: {name: preview, version: 1.4.0, uid: u, phases: [{name: up, engine: workflow, \
        workflow: {name: up, version: 1.4.0}}, {name: mark, engine: pipeline, steps: [{markReady: {}}, \
        {pause: {seconds: 1}}]}], onFailure: Teardown}
        """

    /// Which phases may follow each one; staying is allowed.
    public static let transitions: [String: [String]] = [
        "Pending": ["Approaching", "Provisioning", "Active", "Degraded", "Failed", "Terminating", "Inactive"],
        "Approaching": ["Provisioning", "Active", "Failed", "Terminating", "Inactive"],
        "Provisioning": ["Active", "Failed", "Terminating", "Inactive"],
        "Active": ["Degraded", "Terminating", "Inactive"],
        "Degraded": ["Active", "Terminating", "Inactive"],
        "Failed": ["Pending", "Provisioning", "Active", "Terminating", "Inactive"],
        "Terminating": ["Inactive"],
        "Inactive": [],
    ]

    /// The times that a status must have in a phase.
    private static let times = [
        "Provisioning": started, "Active": ready, "Degraded": ready, "Terminating": "terminationStartedAt: \(at(3))",
        "Inactive": "finishedAt: \(at(4))",
    ]

    /// The times of two phases together, without repetitions.
    private static func times(_ phases: String...) -> String {
        var fields: [String] = []
        for field in phases.flatMap({ (times[$0] ?? "").components() }) where !fields.contains(field) {
            fields.append(field)
        }
        return fields.joined(separator: ", ")
    }

    /// Every pair of phases.
    private static let pairs: [SchemaCase] = transitions.keys.sorted().flatMap { old in
        transitions.keys.sorted().map { new in
            let isAllowed = old == new || transitions[old]?.contains(new) == true
            return .status(
                status(old, times(old)), status(new, times(old, new)),
                isAllowed ? nil : "status.phase must not change from \(old) to \(new)")
        }
    }

    private static let writes: [(String?, String, String?)] = [
        // Values.
        (nil, "{observedGeneration: 1}", nil),
        (nil, status("Gone"), #"status.phase: Unsupported value: "Gone""#),
        (nil, status("Pending", "reason: \"not one word\""), "status.reason"),
        (nil, status("Pending", "phases: [\(phase("Sleeping"))]"), "status.phases[0].state"),
        (
            nil, status("Pending", "phases: [\(phase("Waiting")), \(phase("Running"))]"),
            "status.phases[1]: Duplicate value"
        ),
        (
            nil,
            status(
                "Provisioning", "\(started), phases: [\(phase("Running", "attempt: 1, \(execution), \(resolved)"))]"),
            nil
        ),
        (nil, status("Pending", copy), nil),
        // Times that belong to phases.
        (nil, status("Active", started), "status.readyAt must be set in the phases Active and Degraded"),
        (nil, status("Provisioning"), "status.startedAt must be set in the phases Provisioning, Active and Degraded"),
        (
            nil, status("Provisioning", ready),
            "status.readyAt must be set in the phases Active and Degraded, and not before"
        ),
        (
            nil, status("Pending", started),
            "status.startedAt must be set in the phases Provisioning, Active and Degraded"
        ),
        (nil, status("Terminating", ready), "status.terminationStartedAt must be set in the phase Terminating"),
        (
            nil, active("terminationStartedAt: \(at(3))"),
            "status.terminationStartedAt must be set in the phase Terminating"
        ),
        (nil, status("Inactive", ready), "status.finishedAt must be set if the phase is Inactive, and only then"),
        (nil, active("finishedAt: \(at(4))"), "status.finishedAt must be set if the phase is Inactive, and only then"),
        (nil, status("Active", "startedAt: \(at(3)), readyAt: \(at(2))"), "status.readyAt can only be set together"),
        (
            nil, status("Inactive", "startedAt: \(at(3)), finishedAt: \(at(2))"),
            "status.finishedAt must not be before startedAt"
        ),
        (
            nil, status("Inactive", "terminationStartedAt: \(at(3)), finishedAt: \(at(2))"),
            "status.finishedAt must not be before terminationStartedAt"
        ),
        (nil, status("Inactive", "finishedAt: \(at(2)), duration: 5s"), "status.duration can only be set together"),
        (nil, status("Inactive", over), nil), (nil, status("Failed"), nil), (nil, status("Failed", started), nil),
        (nil, status("Inactive", "finishedAt: \(at(2))"), nil),
        // Times that are written once, or only move forward.
        (
            status("Provisioning", started), status("Provisioning", "startedAt: \(at(2))"),
            "status.startedAt is immutable once set"
        ),
        (status("Failed", started), status("Failed"), "status.startedAt is immutable once set"),
        (
            active("message: a"), status("Active", "startedAt: \(at(1)), readyAt: \(at(3))"),
            "status.readyAt is immutable once set"
        ),
        (
            status("Terminating", terminating), status("Inactive", "\(ready), finishedAt: \(at(4))"),
            "status.terminationStartedAt is immutable once set"
        ),
        (
            status("Inactive", over), status("Inactive", "\(terminating), finishedAt: \(at(5)), duration: 3m0s"),
            "status.finishedAt is immutable once set"
        ),
        (
            status("Inactive", over), status("Inactive", "\(terminating), finishedAt: \(at(4)), duration: 4m0s"),
            "status.duration is immutable once status.finishedAt is set"
        ),
        (
            status("Inactive", over), status("Inactive", "\(terminating), finishedAt: \(at(4))"),
            "status.duration is immutable once status.finishedAt is set"
        ),
        (active("expiresAt: \(at(4))"), active("expiresAt: \(at(5))"), nil),
        (active("expiresAt: \(at(4))"), active("expiresAt: \(at(3))"), "status.expiresAt only moves to a later time"),
        (active("expiresAt: \(at(4))"), active("message: a"), "status.expiresAt only moves to a later time"),
        (active("updatedAt: \(at(4))"), active("updatedAt: \(at(3))"), "status.updatedAt only moves forward"),
        // The lifecycle.
        (status("Pending", copy), status("Pending"), "status.lifecycle is immutable once set"),
        (
            status("Pending", copy), status("Pending", copy.replacing("Teardown", with: "Hold")),
            "status.lifecycle is immutable once set"
        ),
        (
            status("Pending", copy), status("Pending", copy.replacing("markReady: {}", with: "pause: {seconds: 2}")),
            "status.lifecycle is immutable once set"
        ),
        // The phases.
        (active("phases: [\(phase("Waiting"))]"), active("message: a"), "status.phases must keep every phase"),
        (
            active("phases: [\(phase("Waiting"))]"), active("phases: [{name: other, state: Waiting}]"),
            "status.phases must keep every phase"
        ),
        (nil, active("currentPhase: up"), "status.currentPhase must be the name of a phase in status.phases"),
        (
            nil, active("currentPhase: up, phases: [{name: other, state: Waiting}]"),
            "status.currentPhase must be the name of a phase in status.phases"
        ),
        (nil, active("currentPhase: up, phases: [\(phase("Running"))]"), nil),
        (
            active("phases: [\(phase("Succeeded"))]"), active("phases: [\(phase("Running"))]"),
            "status.phases[].state must not change from Succeeded or Skipped"
        ),
        (
            active("phases: [\(phase("Skipped"))]"), active("phases: [\(phase("Waiting"))]"),
            "status.phases[].state must not change from Succeeded or Skipped"
        ),
        (active("phases: [\(phase("Failed"))]"), active("phases: [\(phase("Waiting"))]"), nil),
        (
            active("phases: [\(phase("Running", "attempt: 2"))]"),
            active("phases: [\(phase("Running", "attempt: 1"))]"),
            "status.phases[].attempt only grows"
        ),
        (
            active("phases: [\(phase("Running", "attempt: 2"))]"), active("phases: [\(phase("Failed"))]"),
            "status.phases[].attempt only grows"
        ),
        (
            active("phases: [\(phase("Running", "attempt: 1, \(execution)"))]"),
            active("phases: [\(phase("Running", "attempt: 1, executionRef: {name: other, uid: a}"))]"),
            "status.phases[].executionRef is immutable once set: an attempt has one execution"
        ),
        (
            active("phases: [\(phase("Running", "attempt: 1, \(execution)"))]"),
            active("phases: [\(phase("Running", "attempt: 1, \(execution.replacing("uid: a", with: "uid: b"))"))]"),
            "status.phases[].executionRef is immutable once set: an attempt has one execution"
        ),
        (
            active("phases: [\(phase("Running", "attempt: 1, \(execution)"))]"),
            active("phases: [\(phase("Running", "attempt: 1"))]"),
            "status.phases[].executionRef is immutable once set: an attempt has one execution"
        ),
        (
            active("phases: [\(phase("Running", "attempt: 1, executionRef: {name: pr-7-up-3f9c2a-1}"))]"),
            active("phases: [\(phase("Running", "attempt: 1, \(execution)"))]"), nil
        ),
        (
            active("phases: [\(phase("Failed", "attempt: 1, \(execution)"))]"),
            active("phases: [\(phase("Running", "attempt: 2, executionRef: {name: pr-7-up-3f9c2a-2}"))]"), nil
        ),
        (
            active("phases: [\(phase("Waiting", resolved))]"),
            active("phases: [\(phase("Waiting", resolved.replacing("[A]", with: "[A, B]")))]"),
            "status.phases[].resolved is immutable once set"
        ),
        (
            active("phases: [\(phase("Waiting", resolved))]"), active("phases: [\(phase("Waiting"))]"),
            "status.phases[].resolved is immutable once set"
        ),
    ]

    public static var all: [SchemaCase] { pairs + writes.map { .status($0, $1, $2) } }
}

extension String {
    /// The parts between commas.
    fileprivate func components() -> [String] { split(separator: ", ").map(String.init) }
}

import KubeClient

/// The rules for changes of an environment's status: an independent implementation of the contract on plain JSON.
struct EnvironmentStatusRules {
    let before: EnvironmentView
    let after: EnvironmentView
    /// The lifecycle; nil before it is known.
    let lifecycle: LifecycleDocument?

    init(from before: JSONValue, to after: JSONValue) {
        self.before = EnvironmentView(object: before)
        self.after = EnvironmentView(object: after)
        lifecycle = self.after.lifecycle
    }

    /// The first rule that the write violates; nil if it violates none.
    var violation: String? {
        immutable ?? transition ?? reasons ?? times ?? facts ?? conditions ?? phases ?? current
    }

    // MARK: Fields

    private var immutable: String? {
        let (old, new) = (before.status ?? [:], after.status ?? [:])
        for field in ["startedAt", "finishedAt", "duration", "readyAt", "terminationStartedAt", "lifecycle"] {
            if let value = old[field], new[field] != value { return "\(field) changed from \(value)" }
        }
        if let expiry = before.time("expiresAt"), after.time("expiresAt").map({ $0 < expiry }) ?? true {
            return "expiresAt went from \(expiry.rfc3339) to \(new["expiresAt"] ?? .null)"
        }
        if (old["observedGeneration"]?.integerValue ?? -1) > (new["observedGeneration"]?.integerValue ?? -1) {
            return "observedGeneration decreased"
        }
        let actual = after.object["metadata"]?["generation"]?.integerValue ?? 0
        if (new["observedGeneration"]?.integerValue ?? -1) > actual {
            return "observedGeneration is ahead of \(actual)"
        }
        guard before.phase == "Inactive" else { return nil }
        let latched = ["phase", "reason", "message", "currentPhase", "phases", "expiresAt"]
        for field in latched where old[field] != new[field] { return "\(field) changed after the end" }
        return nil
    }

    private static let transitions = [
        "Approaching": ["Provisioning", "Active", "Failed", "Terminating", "Inactive"],
        "Provisioning": ["Active", "Failed", "Terminating", "Inactive"],
        "Active": ["Degraded", "Terminating", "Inactive"], "Degraded": ["Active", "Terminating", "Inactive"],
        "Failed": ["Pending", "Provisioning", "Active", "Terminating", "Inactive"], "Terminating": ["Inactive"],
        "Inactive": [],
    ]

    private var transition: String? {
        guard before.phase != after.phase, let allowed = Self.transitions[before.phase] else {
            return Self.reasons[after.phase] == nil ? "the phase is \(after.phase)" : nil
        }
        return allowed.contains(after.phase) ? nil : "phase went from \(before.phase) to \(after.phase)"
    }

    private static let held = ["APIUnavailable", "QuotaExceeded", "Forbidden"]
    private static let failures = [
        "PhaseFailed", "ExecutionDeleted", "NameCollision", "InvalidSpec", "InvalidParameters",
    ]
    /// The reasons of an environment that could not be torn down.
    static let unclean = [
        "TeardownFailed", "TeardownTimedOut", "TeardownSkipped", "NamespaceTerminating", "TimeslotMissed",
        "StopTimedOut",
    ]
    static let reasons = [
        "Pending": ["LifecycleNotFound", "DefinitionNotFound", "APIUnavailable", "Forbidden"],
        // Its finalizer cannot be added.
        "Approaching": ["WaitingForStart"] + held,
        "Provisioning": ["PhaseRunning", "PhaseRetrying", "WaitingForSignal", "Paused"] + held,
        "Active": ["Ready", "WaitingForSignal", "PhaseRunning", "PhaseRetrying", "Paused"] + held,
        "Failed": failures, "Degraded": failures.filter { $0 != "InvalidParameters" },
        "Terminating": ["Stopping", "TearingDown", "TeardownRetrying", "TeardownFailed"] + held,
        "Inactive": ["Expired", "Deactivated", "Deleted", "FailureTornDown"] + unclean,
    ]

    private var reasons: String? {
        Self.reasons[after.phase]?.contains(after.reason) == true
            ? nil : "the phase \(after.phase) has the reason \(after.reason)"
    }

    private var times: String? {
        let new = after.status ?? [:]
        if let updated = before.time("updatedAt"), after.time("updatedAt").map({ $0 <= updated }) ?? true {
            return "updatedAt did not increase"
        }
        guard after.time("updatedAt") != nil else { return "no updatedAt" }
        var (old, rest) = (before.status ?? [:], new)
        old["updatedAt"] = nil
        rest["updatedAt"] = nil
        if old == rest { return "the write changed only updatedAt" }
        if (after.phase == "Inactive") != (new["finishedAt"] != nil) { return "finishedAt and \(after.phase) disagree" }
        let isTimed = new["finishedAt"] != nil && new["startedAt"] != nil
        if isTimed != (new["duration"] != nil) { return "duration, startedAt and finishedAt disagree" }
        if let start = after.time("startedAt"), let end = after.time("finishedAt"), end < start {
            return "finishedAt is before startedAt"
        }
        return nil
    }

    /// What the phase implies for other fields.
    private var facts: String? {
        let status = after.status
        let (isStarted, isReady) = (status?["startedAt"] != nil, status?["readyAt"] != nil)
        switch after.phase {
        case "Pending", "Approaching": if isStarted { return "\(after.phase) with startedAt" }
        case "Provisioning", "Active", "Degraded": if !isStarted { return "\(after.phase) without startedAt" }
        default: break
        }
        let mustBeReady = ["Active": true, "Degraded": true, "Provisioning": false, "Failed": false][after.phase]
        if let mustBeReady, mustBeReady != isReady { return "\(after.phase), and readyAt is \(isReady)" }
        let isTerminating = status?["terminationStartedAt"] != nil
        if after.phase == "Terminating", !isTerminating { return "Terminating without terminationStartedAt" }
        if isTerminating, after.phase != "Terminating", after.phase != "Inactive" {
            return "\(after.phase) with terminationStartedAt"
        }
        guard let lifecycle, ["Provisioning", "Active", "Degraded", "Failed"].contains(after.phase) else { return nil }
        let blocking = lifecycle.phases.filter { phase in
            let isNeeded = phase.isSerial && phase.gatesNext || phase.name == lifecycle.readyPhase && !isReady
            return isNeeded && after.state(phase.name)?.hasFailed == true
        }
        let isHealthy = after.phase == "Provisioning" || after.phase == "Active"
        if isHealthy, let phase = blocking.first { return "\(after.phase), but \(phase.name) failed" }
        if !isHealthy, blocking.isEmpty, after.reason != "InvalidParameters" {
            return "\(after.phase), but nothing failed"
        }
        if after.reason == "PhaseFailed" { return messageProblem(blocking) }
        return nil
    }

    /// The message names the phase and its execution.
    private func messageProblem(_ phases: [LifecycleDocument.Phase]) -> String? {
        let message = after.status?["message"]?.stringValue ?? ""
        let isNamed = phases.contains { phase in
            let state = after.state(phase.name)
            let name = state?.executionUID == nil ? nil : state?.execution
            return message.hasPrefix("\(phase.name) failed")
                && name.map(message.contains) ?? true
        }
        return isNamed ? nil : "the message does not name the failed phase and its execution: \(message)"
    }

    // MARK: Conditions

    private var conditions: String? {
        let isUnclean = after.phase == "Inactive" && Self.unclean.contains(after.reason)
        let (ready, reconciling, stalled): (String?, String?, String?) =
            switch after.phase {
            case "Pending", "Approaching", "Provisioning", "Terminating": ("False", "True", nil)
            case "Active": ("True", nil, nil)
            case "Degraded", "Failed": ("False", nil, "True")
            default: isUnclean ? ("False", nil, "True") : (nil, nil, nil)
            }
        if let problem = mismatch("Ready", ready) ?? mismatch("Stalled", stalled) { return problem }
        if after.phase != "Active" {
            if let problem = mismatch("Reconciling", reconciling) { return problem }
        } else if let problem = activeProblem {
            return problem
        }
        return expiredProblem ?? tornDownProblem ?? parametersProblem ?? conditionRules
    }

    private func mismatch(_ type: String, _ status: String?) -> String? {
        let actual = after.condition(type)?["status"]?.stringValue
        return actual == status
            ? nil : "\(after.phase)/\(after.reason): \(type) is \(actual ?? "absent"), not \(status ?? "absent")"
    }

    /// A ready environment reconciles only while a phase runs, pauses or is repeated.
    private var activeProblem: String? {
        if after.states.contains(where: \.isBusy) { return mismatch("Reconciling", "True") }
        let mayStart = lifecycle?.phases.contains { $0.isSerial && after.state($0.name)?.state == "Waiting" } ?? true
        return mayStart ? nil : mismatch("Reconciling", nil)
    }

    private var expiredProblem: String? {
        let summary = after.summary("Expired")
        let hasExpiry = after.timeslot.hasExpiry
        switch summary {
        case "True/Expired": return hasExpiry ? nil : "Expired without an expiry"
        case "False/NotExpired": return hasExpiry ? nil : "NotExpired without an expiry"
        case "False/NoExpiry": return hasExpiry ? "NoExpiry, but it has one" : nil
        default: return "Expired is \(summary)"
        }
    }

    private var tornDownProblem: String? {
        let summary = after.summary("TornDown")
        guard lifecycle?.teardown != nil else {
            return lifecycle == nil || summary == "absent" ? nil : "TornDown is \(summary) without a teardown phase"
        }
        let allowed: [String] =
            switch after.phase {
            case "Terminating": ["False/TearingDown", "False/TeardownPending", "False/TeardownFailed"]
            case "Inactive":
                switch after.reason {
                case "TeardownFailed", "TeardownTimedOut", "TeardownSkipped", "NamespaceTerminating":
                    ["False/\(after.reason)"]
                case "TimeslotMissed": ["True/NothingToTearDown"]
                default: ["True/TornDown", "True/NothingToTearDown"]
                }
            default: ["False/TeardownPending"]
            }
        return allowed.contains(summary) ? nil : "\(after.phase)/\(after.reason): TornDown is \(summary)"
    }

    private var parametersProblem: String? {
        let summary = after.summary("ParametersValid")
        guard ["absent", "True/ParametersValid", "False/InvalidParameters"].contains(summary) else {
            return "ParametersValid is \(summary)"
        }
        if (after.reason == "InvalidParameters") && summary != "False/InvalidParameters" {
            return "InvalidParameters, and ParametersValid is \(summary)"
        }
        let isStarted = after.status?["startedAt"] != nil
        return isStarted && summary != "True/ParametersValid" ? "it started, and ParametersValid is \(summary)" : nil
    }

    /// The rules of all conditions.
    private var conditionRules: String? {
        let (old, new) = (before.status?["conditions"]?.arrayValue ?? [], after.status?["conditions"]?.arrayValue ?? [])
        for condition in new {
            let type = condition["type"]?.stringValue ?? ""
            if new.filter({ $0["type"] == condition["type"] }).count > 1 { return "two conditions \(type)" }
            let last = old.first { $0["type"] == condition["type"] }
            let isSame = last?["status"] == condition["status"]
            let isSameTime = last?["lastTransitionTime"] == condition["lastTransitionTime"]
            if last != nil, isSame, !isSameTime { return "lastTransitionTime of \(type) changed without its status" }
        }
        let ours: Set = [
            "Ready", "Reconciling", "Stalled", "Expired", "TornDown", "ParametersValid", "ExpiringSoon",
            "ExtensionRefused",
        ]
        for condition in old where !ours.contains(condition["type"]?.stringValue ?? "") && !new.contains(condition) {
            let type = condition["type"]?.stringValue ?? ""
            let changed = new.first { $0["type"] == condition["type"] } ?? .null
            return "the foreign condition \(type) changed: \(String(decoding: changed.encoded, as: UTF8.self))"
        }
        return nil
    }

    // MARK: Phases

    private var phases: String? {
        let names = after.states.map(\.name)
        if let lifecycle, !names.isEmpty, names != lifecycle.phases.map(\.name) { return "the phases are \(names)" }
        if before.states.count > after.states.count { return "phases disappeared" }
        for state in after.states {
            if let problem = problem(of: state, before.state(state.name)) { return "phase \(state.name): \(problem)" }
        }
        let running = after.states.filter { $0.state == "Running" }.map(\.name)
        return running.count > 1 ? "several phases run: \(running)" : nil
    }

    private static let states: Set = [
        "Waiting", "WaitingForSignal", "WaitingForTime", "Running", "Succeeded", "Failed", "Skipped", "Cancelled",
    ]

    private func problem(of state: PhaseView, _ last: PhaseView?) -> String? {
        guard Self.states.contains(state.state) else { return "its state is \(state.state)" }
        if after.phase == "Inactive", !state.hasEnded { return "it is \(state.state) after the end" }
        guard let last else { return nil }
        if ["Succeeded", "Skipped"].contains(last.state), state.state != last.state {
            return "it went from \(last.state) to \(state.state)"
        }
        let isRetried = after.status?["lastHandledRetryAt"] != before.status?["lastHandledRetryAt"]
        if last.state != state.state, last.attempt > 0, !(isRetried && state.state == "Waiting"),
            ["Waiting", "WaitingForSignal", "Skipped"].contains(state.state)
        {
            return "it went from \(last.state) to \(state.state) after attempt \(last.attempt)"
        }
        if state.attempt < last.attempt || state.attempt > last.attempt + 1 {
            return "its attempt went from \(last.attempt) to \(state.attempt)"
        }
        if state.attempt == last.attempt {
            if let name = last.execution, state.execution != name { return "its execution changed from \(name)" }
            if let uid = last.executionUID, state.executionUID != uid { return "the UID of its execution changed" }
        } else if state.executionUID != nil {
            return "attempt \(state.attempt) has an execution before it was stored"
        } else if state.state != "Running" {
            return "attempt \(state.attempt) began as \(state.state)"
        }
        if let resolved = last.value["resolved"], state.value["resolved"] != resolved { return "resolved changed" }
        let hadBegun = before.status?["terminationStartedAt"] != nil
        if hadBegun, lifecycle?[state.name]?.isTeardown == false, state.isBusy, !last.isBusy {
            return "it became \(state.state) after the termination began"
        }
        return nil
    }

    private var current: String? {
        let name = after.status?["currentPhase"]?.stringValue
        if let running = after.states.first(where: { $0.state == "Running" }), name != running.name {
            return "currentPhase is \(name ?? "absent"), and \(running.name) runs"
        }
        guard let name, let state = after.state(name) else {
            return name.map { "currentPhase is \($0), which does not exist" }
        }
        return state.state == "Succeeded" || state.state == "Skipped" ? "currentPhase \(name) is \(state.state)" : nil
    }
}

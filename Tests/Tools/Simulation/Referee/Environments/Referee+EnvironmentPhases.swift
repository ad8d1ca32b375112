import KubeClient

/// Checks that phases start in order, and that their recorded ends are true.
extension Referee {
    func phaseProblem(
        _ change: Change, _ before: EnvironmentView, _ after: EnvironmentView, _ record: EnvironmentRecord
    ) -> String? {
        guard let lifecycle = after.lifecycle else {
            return after.states.isEmpty ? nil : "phases without a lifecycle"
        }
        for phase in lifecycle.phases {
            guard let state = after.state(phase.name) else { continue }
            let last = before.state(phase.name)
            let problem: String?
            if Self.begins(state, last) {
                problem =
                    startProblem(phase, change, before, after)
                    ?? attemptProblem(phase, state, last, change, after, record)
            } else {
                problem = endingProblem(phase, state, last, change, after)
            }
            if let problem { return "phase \(phase.name): \(problem)" }
        }
        return nil
    }

    /// True if an attempt, or a phase of native steps, begins with this write.
    private static func begins(_ state: PhaseView, _ last: PhaseView?) -> Bool {
        if state.attempt > last?.attempt ?? 0, state.state == "Running" { return true }
        // A phase that waits for its repetition fails with the termination.
        let waits = state.attempt == 0 && ["Waiting", "WaitingForSignal"].contains(last?.state ?? "Waiting")
        return waits && ["Running", "WaitingForTime", "Succeeded"].contains(state.state)
    }

    // MARK: Starts

    private func startProblem(
        _ phase: LifecycleDocument.Phase, _ change: Change, _ before: EnvironmentView, _ after: EnvironmentView
    ) -> String? {
        guard let lifecycle = after.lifecycle else { return nil }
        let isTerminating = after.status?["terminationStartedAt"] != nil
        if isTerminating != phase.isTeardown { return "it begins, and the termination is \(isTerminating)" }
        // Steps without a pause end at once, so the next phase can begin with the same write.
        let lasts = after.state(phase.name)?.state != "Succeeded"
        if lasts, let other = after.states.first(where: { $0.name != phase.name && $0.state == "Running" }) {
            return "it begins while \(other.name) runs"
        }
        if let problem = preparationProblem(lifecycle, after) { return problem }
        if phase.isTeardown {
            let open = after.states.first { $0.name != phase.name && !$0.hasEnded }
            return open.map { "the teardown begins, and \($0.name) is \($0.state)" }
        }
        if let time = after.timeslot.provisioning, serverTimeSent(change) < time, !hasClockJumped {
            return "it begins before start and lead time"
        }
        if let expiry = after.expiry(on: server.clock.now()), !hasClockJumped,
            serverTimeSent(change) > expiry + .seconds(2)
        {
            return "it begins \(serverTimeSent(change) - expiry) after the expiry"
        }
        return orderProblem(phase, lifecycle, after)
    }

    /// Nothing begins before all definitions are recorded and all parameters are valid.
    private func preparationProblem(_ lifecycle: LifecycleDocument, _ environment: EnvironmentView) -> String? {
        for phase in lifecycle.phases
        where phase.definition != nil && environment.state(phase.name)?.value["resolved"] == nil {
            return "it begins, and \(phase.name) is not resolved"
        }
        return parametersAreValid(lifecycle, environment) == false ? "it begins with invalid parameters" : nil
    }

    /// Whether the recorded definitions accept the parameters; nil if they are unknown.
    func parametersAreValid(_ lifecycle: LifecycleDocument, _ environment: EnvironmentView) -> Bool? {
        var given: [String: String] = [:]
        for member in environment.spec?["parameters"]?.objectValue ?? JSONObject() {
            given[member.key] = member.value.stringValue
        }
        var declared: Set<String> = []
        for phase in lifecycle.phases where phase.definition != nil {
            let uid = environment.state(phase.name)?.value["resolved"]?["definitionUID"]?.stringValue
            guard let entry = catalog[uid ?? ""] else { return nil }
            let definition = DefinitionDocument(entry.spec)
            if !definition.accepts(given) { return false }
            declared.formUnion(definition.parameters.map(\.name))
        }
        return declared.isSuperset(of: given.keys)
    }

    private func orderProblem(
        _ phase: LifecycleDocument.Phase, _ lifecycle: LifecycleDocument, _ after: EnvironmentView
    ) -> String? {
        let earlier = lifecycle.phases.prefix { $0.name != phase.name }.filter(\.isSerial)
        if phase.trigger == "failed" {
            let hasFailed = earlier.contains { $0.gatesNext && after.state($0.name)?.hasFailed == true }
            return hasFailed ? nil : "it begins, and no gating phase before it failed"
        }
        for other in earlier {
            guard let state = after.state(other.name), state.hasEnded else {
                return "it begins before \(other.name) ended"
            }
            if other.gatesNext, state.state != "Succeeded" { return "it begins, and \(other.name) is \(state.state)" }
        }
        switch phase.trigger {
        case nil: return nil
        case "ready": return after.status?["readyAt"] == nil ? "it begins before the environment is ready" : nil
        case .some(let signal): return after.signals.contains(signal) ? nil : "it begins without the signal \(signal)"
        }
    }

    private func attemptProblem(
        _ phase: LifecycleDocument.Phase, _ state: PhaseView, _ last: PhaseView?, _ change: Change,
        _ after: EnvironmentView, _ record: EnvironmentRecord
    ) -> String? {
        guard phase.definition != nil else { return stepsProblem(phase, state, change) }
        let name = PhaseOrigin.name(
            environment: change.key.name, uid: change.uid, phase: phase.name, attempt: state.attempt)
        if state.attempt < 1 || state.execution != name {
            return "attempt \(state.attempt) is \(state.execution ?? "unnamed")"
        }
        guard let last, last.attempt > 0 else { return nil }
        if openExecutions(of: change.uid, except: "").contains(where: { $0.phase == phase.name }) {
            return "attempt \(state.attempt) begins before the last one ended"
        }
        let isManual =
            record.phases[phase.name]?.isRetryRequested == true
            || after.status?["lastHandledRetryAt"] != change.before?["status"]?["lastHandledRetryAt"]
        if phase.trigger == "failed", last.hasEnded { return "it begins again" }
        if isManual { return nil }
        return repetitionProblem(phase, last, change, record)
    }

    /// An attempt without a manual retry follows the phase's `retry`.
    private func repetitionProblem(
        _ phase: LifecycleDocument.Phase, _ last: PhaseView, _ change: Change, _ record: EnvironmentRecord
    ) -> String? {
        let count = (record.phases[phase.name]?.repetitions ?? 0) + 1
        guard let retry = phase.retry, count <= retry.limit else {
            return "attempt \(last.attempt + 1) begins, and the limit is \(phase.retry?.limit ?? 0)"
        }
        guard let execution = last.executionUID.flatMap({ phaseExecutions[$0] }), let outcome = execution.outcome else {
            return "attempt \(last.attempt + 1) begins after one that has no outcome"
        }
        let isListed = retry.outcomes.contains(outcome)
        if outcome == "Success" || !isListed && (outcome == "Cancelled" || execution.executed != false) {
            return "attempt \(last.attempt + 1) begins after \(outcome)"
        }
        let pause = serverTimeSent(change) - (execution.finishedAt ?? server.clock.now())
        let isEarly = pause < retry.pause(after: count) && !hasClockJumped
        return isEarly ? "attempt \(last.attempt + 1) begins after \(pause)" : nil
    }

    /// Steps end after their pauses.
    private func stepsProblem(_ phase: LifecycleDocument.Phase, _ state: PhaseView, _ change: Change) -> String? {
        state.state == "Succeeded" && phase.pauses > .zero ? "it ended without its pauses" : nil
    }

    // MARK: Ends

    private func endingProblem(
        _ phase: LifecycleDocument.Phase, _ state: PhaseView, _ last: PhaseView?, _ change: Change,
        _ after: EnvironmentView
    ) -> String? {
        if let uid = state.executionUID, last?.executionUID != uid {
            let created = environments[change.uid]?.phases[phase.name]?.attempts[state.attempt]?.executions ?? []
            if !created.contains(uid) { return "attempt \(state.attempt) names the foreign execution \(uid)" }
        }
        guard state.state != last?.state else { return nil }
        let execution = state.executionUID.flatMap { phaseExecutions[$0] }
        // Without an end of the execution, it is an error.
        if let outcome = state.outcome, state.outcome != last?.outcome || state.attempt != last?.attempt,
            execution?.outcome != outcome,
            execution?.outcome != nil && execution?.deleted == nil && after.phase != "Inactive" || outcome == "Success"
        {
            return "its outcome is \(outcome), and that of its execution is \(execution?.outcome ?? "open")"
        }
        let isTerminating = after.status?["terminationStartedAt"] != nil
        switch state.state {
        case "Succeeded":
            guard phase.definition != nil else { return pauseProblem(phase, state, change) }
            return execution?.outcome == "Success"
                ? nil : "it succeeded, and its execution is \(execution?.outcome ?? "open")"
        case "Failed": return failureProblem(state, execution, change, after)
        case "Cancelled":
            return isTerminating || execution?.outcome == "Cancelled" ? nil : "Cancelled without a reason"
        case "Skipped":
            if isTerminating || after.phase == "Inactive" { return nil }
            guard phase.trigger == "failed", let lifecycle = after.lifecycle else {
                return "Skipped before the termination"
            }
            let earlier = lifecycle.phases.filter(\.isSerial)
            let isOver = earlier.allSatisfy { after.state($0.name)?.hasEnded == true }
            return isOver ? nil : "Skipped before the other phases ended"
        default: return nil
        }
    }

    private func failureProblem(
        _ state: PhaseView, _ execution: PhaseExecution?, _ change: Change, _ after: EnvironmentView
    ) -> String? {
        switch state.reason {
        case "ExecutionDeleted":
            let attempt = environments[change.uid]?.phases[state.name]?.attempts[state.attempt]
            let all = (attempt?.executions ?? []).compactMap { phaseExecutions[$0] }
            let isThere = all.contains { $0.deleted == nil && !$0.isStray }
            return isThere ? "ExecutionDeleted, but its execution exists" : nil
        case "NameCollision" where execution?.outcome == nil:
            let name = ObjectKey(namespace: change.key.namespace, name: state.execution ?? "")
            guard let found = server.current(.executions, name) else { return nil }
            return PhaseOrigin(found)?.environment == change.uid ? "NameCollision with its own execution" : nil
        case "NamespaceTerminating" where execution == nil:
            return server.terminating.contains(change.key.namespace) ? nil : "its namespace is not being deleted"
        case "InvalidSpec" where execution == nil:
            let name = ObjectKey(namespace: change.key.namespace, name: state.execution ?? "")
            return denials.contains(name) ? nil : "InvalidSpec, but nothing refused its execution"
        default:
            // At the bound, what still runs has failed.
            if after.phase == "Inactive" { return nil }
            guard let outcome = execution?.outcome else { return "it failed, and its execution has not" }
            return outcome == "Success" ? "it failed, and its execution succeeded" : nil
        }
    }

    private func pauseProblem(_ phase: LifecycleDocument.Phase, _ state: PhaseView, _ change: Change) -> String? {
        guard phase.pauses > .zero, !hasClockJumped, let began = state.time("startedAt") else { return nil }
        let lasted = serverTimeSent(change) - began
        return lasted + Self.clockSlack < phase.pauses ? "its pauses lasted only \(lasted)" : nil
    }
}

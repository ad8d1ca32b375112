import KubeClient

/// The conditions that every environment must meet some time after the end of all faults.
extension FinalCheck {
    /// Events that are further away than this are not waited for.
    private static let horizon = Duration.seconds(2 * 3600)

    /// The first problem; nil if all environments are what their documents ask for.
    var environmentProblem: String? {
        for change in server.all(.environments) {
            if let problem = problem(of: EnvironmentView(object: change.object), change) {
                return "\(change.key): \(problem)"
            }
        }
        return nil
    }

    /// True if no environment waits for its catalog, which is polled, or for an execution.
    var environmentsRest: Bool {
        server.all(.environments).allSatisfy { change in
            let view = EnvironmentView(object: change.object)
            return view.phase != "Pending" && !view.states.contains { $0.state == "Running" }
        } && server.all(.executions).allSatisfy { $0.object["status"]?["reason"] != "DefinitionNotFound" }
    }

    private func problem(of environment: EnvironmentView, _ change: Change) -> String? {
        if environment.isMarked { return "it was deleted and still exists" }
        guard environment.status?["observedGeneration"] == environment.object["metadata"]?["generation"] else {
            return "observedGeneration is \(environment.status?["observedGeneration"] ?? .null)"
        }
        let now = server.clock.now()
        if environment.phase == "Inactive" {
            return environment.hasFinalizer ? "it is Inactive and has a finalizer" : nil
        }
        if environment.isInactiveDesired { return "desired is Inactive, and it is \(environment.phase)" }
        if let expiry = environment.expiry(on: now), expiry < now + Self.horizon {
            return "it is \(environment.phase) and expires \(expiry - now) from now"
        }
        if environment.phase == "Terminating" { return "it is still terminating" }
        if let problem = extensionProblem(environment) ?? retryProblem(environment) ?? historyProblem(change) {
            return problem
        }
        guard let lifecycle = lifecycle(of: environment, change.key.namespace) else {
            return environment.reason == "LifecycleNotFound" && environment.phase == "Pending"
                ? nil : "its Lifecycle is missing, and it is \(environment.phase)/\(environment.reason)"
        }
        return startProblem(lifecycle, environment, change, now)
    }

    /// The recorded lifecycle, or the one in the catalog.
    private func lifecycle(of environment: EnvironmentView, _ namespace: String) -> LifecycleDocument? {
        if let known = environment.lifecycle { return known }
        let key = ObjectKey(namespace: namespace, name: environment.referenceName)
        return LifecycleDocument(server.object(.lifecycles, key)?["spec"])
    }

    private func startProblem(
        _ lifecycle: LifecycleDocument, _ environment: EnvironmentView, _ change: Change, _ now: Timestamp
    ) -> String? {
        let workflows = lifecycle.phases.filter { $0.definition != nil }
        let missing = workflows.filter { phase in
            let key = ObjectKey(namespace: change.key.namespace, name: phase.definition ?? "")
            return environment.state(phase.name)?.value["resolved"] == nil && server.object(.definitions, key) == nil
        }
        // They may have existed when the parameters were checked.
        if !missing.isEmpty, environment.reason == "InvalidParameters" { return nil }
        guard missing.isEmpty else {
            return environment.phase == "Pending" && environment.reason == "DefinitionNotFound"
                ? nil
                : "\(missing[0].definition ?? "") is missing, and it is \(environment.phase)/\(environment.reason)"
        }
        guard let isValid = referee.parametersAreValid(lifecycle, environment) ?? (workflows.isEmpty ? true : nil)
        else {
            // With invalid parameters, the definitions need not be recorded.
            return environment.reason == "InvalidParameters" ? nil : "its definitions are not recorded"
        }
        if !isValid {
            return environment.phase == "Failed" && environment.reason == "InvalidParameters"
                ? nil : "its parameters are invalid, and it is \(environment.phase)"
        }
        if environment.reason == "InvalidParameters" { return "InvalidParameters, but they are valid" }
        // The clock may have been set back after the start.
        if environment.status?["startedAt"] == nil, let start = environment.timeslot.provisioning, start > now {
            guard start > now + Self.horizon else { return "it has not started yet" }
            return environment.phase == "Approaching" ? nil : "it is \(environment.phase) before its start"
        }
        if lifecycle.teardown != nil, !environment.hasFinalizer { return "it has no finalizer" }
        return phasesProblem(lifecycle, environment, change)
    }

    private func phasesProblem(
        _ lifecycle: LifecycleDocument, _ environment: EnvironmentView, _ change: Change
    ) -> String? {
        var isBlocked = false
        var failed: LifecycleDocument.Phase?
        for phase in lifecycle.phases where phase.isSerial {
            guard let state = environment.state(phase.name) else { return "phase \(phase.name) is missing" }
            if isBlocked {
                if state.state != "Waiting" {
                    return "phase \(phase.name) is \(state.state), but its turn has not come"
                }
                continue
            }
            // A phase that is repeated waits until another one has ended.
            let isRunning = environment.states.contains { $0.state == "Running" }
            if state.state == "Waiting", state.attempt > 0, isRunning { continue }
            if let problem = problem(of: phase, state, environment, change) { return "phase \(phase.name): \(problem)" }
            if state.hasFailed, phase.gatesNext || phase.name == lifecycle.readyPhase, failed == nil { failed = phase }
            isBlocked = !state.hasEnded || state.hasFailed && phase.gatesNext
        }
        if let problem = rescueProblem(lifecycle, environment, change) { return problem }
        // A phase that waits for the failure runs before the teardown.
        let isRescued = lifecycle.phases.contains {
            $0.trigger == "failed" && environment.state($0.name)?.isBusy == true
        }
        if failed?.gatesNext == true, lifecycle.tearsDownOnFailure, !isRescued {
            return "a phase failed, and it was not torn down"
        }
        let isReady = environment.status?["readyAt"] != nil
        let expected = failed == nil ? (isReady ? "Active" : "Provisioning") : isReady ? "Degraded" : "Failed"
        return environment.phase == expected ? nil : "it is \(environment.phase), not \(expected)"
    }

    /// The phases with the trigger `failed`.
    private func rescueProblem(
        _ lifecycle: LifecycleDocument, _ environment: EnvironmentView, _ change: Change
    ) -> String? {
        for (index, phase) in lifecycle.phases.enumerated() where phase.trigger == "failed" {
            guard let state = environment.state(phase.name) else { return "phase \(phase.name) is missing" }
            let earlier = lifecycle.phases.prefix(index).filter(\.isSerial)
            let hasFailed = earlier.contains { $0.gatesNext && environment.state($0.name)?.hasFailed == true }
            let serial = lifecycle.phases.filter(\.isSerial)
            let wentWell = serial.allSatisfy { environment.state($0.name)?.hasEnded == true } && !hasFailed
            if hasFailed, state.state == "Waiting" || state.state == "Skipped" {
                return "phase \(phase.name) is \(state.state), and a phase failed"
            }
            if wentWell, !state.hasEnded { return "phase \(phase.name) is \(state.state), and all others ended" }
            if state.state == "Running", let problem = runningProblem(state, change) {
                return "phase \(phase.name): \(problem)"
            }
        }
        return nil
    }

    /// The problem of the phase that is next.
    private func problem(
        of phase: LifecycleDocument.Phase, _ state: PhaseView, _ environment: EnvironmentView, _ change: Change
    ) -> String? {
        switch state.state {
        case "Succeeded": return nil
        case "Failed", "Cancelled":
            let record = referee.environments[change.uid]
            return record.map { referee.isRepeatable(phase, state, $0) } == true ? "it was not repeated" : nil
        case "WaitingForSignal":
            if phase.trigger == "ready" { return environment.status?["readyAt"] == nil ? nil : "it is ready" }
            guard let signal = phase.trigger else { return "it has no trigger" }
            return environment.signals.contains(signal) ? "it waits for the signal \(signal), which was given" : nil
        case "Running": return phase.definition == nil ? "its steps have not ended" : runningProblem(state, change)
        default: return "it is \(state.state)"
        }
    }

    /// A phase may run forever with its execution.
    private func runningProblem(_ state: PhaseView, _ change: Change) -> String? {
        let key = ObjectKey(namespace: change.key.namespace, name: state.execution ?? "")
        guard let execution = server.current(.executions, key) else {
            return "it runs, and its execution does not exist"
        }
        guard execution.uid == state.executionUID else { return "it runs, and its execution was replaced" }
        return execution.object["status"]?["outcome"] == nil ? nil : "it runs, and its execution has ended"
    }

    private func extensionProblem(_ environment: EnvironmentView) -> String? {
        guard environment.status?["startedAt"] != nil, let text = environment.annotation("extended-until") else {
            return nil
        }
        return ExtensionOutcome.of(text, environment.timeslot, environment.time("expiresAt")).problem(environment)
    }

    private func retryProblem(_ environment: EnvironmentView) -> String? {
        let isHandled = environment.status?["startedAt"] != nil || environment.phase == "Failed"
        guard isHandled, let wanted = environment.annotation("retry-requested-at") else { return nil }
        let handled = environment.status?["lastHandledRetryAt"]?.stringValue
        return handled == wanted ? nil : "lastHandledRetryAt is \(handled ?? "absent"), not \(wanted)"
    }

    /// The last three executions of a phase stay.
    private func historyProblem(_ change: Change) -> String? {
        let all = (referee.environmentExecutions[change.uid] ?? []).compactMap { referee.phaseExecutions[$0] }
        let existing = Dictionary(grouping: all.filter { $0.deleted == nil && !$0.isStray }, by: \.phase)
        let crowded = existing.first { $0.value.count > 3 }
        return crowded.map { "phase \($0.key) has \($0.value.count) executions" }
    }
}

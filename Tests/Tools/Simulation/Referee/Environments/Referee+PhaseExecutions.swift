import KubeClient
import TowlineAPI

/// Checks what operators do to the executions of phases.
extension Referee {
    /// How long a request that was sent can take until it is carried out.
    private static let requestTime = Duration.seconds(31)

    // MARK: Creation

    /// Checks a new execution and returns its record.
    func checkCreation(_ change: Change, _ origin: PhaseOrigin) -> PhaseExecution {
        let record = environments[origin.environment]
        let attempt = record?.phases[origin.phase]?.attempts[origin.attempt]
        let earlier = (attempt?.executions ?? []).compactMap { phaseExecutions[$0] }
        // A create that was lost and arrives late meets the execution, unless a user has deleted it in the meantime.
        let isLate = (change.sent ?? server.time.now).duration(to: server.time.now) > .seconds(1)
        let isStray = !earlier.isEmpty && (isLate || server.isLateArrival)
        var execution = PhaseExecution(
            key: change.key, environment: origin.environment, phase: origin.phase, attempt: origin.attempt,
            created: server.time.now, isStray: isStray)
        if let word = change.object["spec"]?["shutdown"]?.stringValue { execution.stops[word] = server.time.now }
        let problem: String?
        if let record, let attempt {
            problem =
                (isStray ? nil : repetitionProblem(earlier, attempt)) ?? moment(of: change, origin, record, attempt)
                ?? contentProblem(change, origin)
                ?? (isStray ? nil : overlapProblem(origin.environment, change.uid))
        } else {
            problem = "it was created before attempt \(origin.attempt) of \(origin.phase) was stored"
        }
        if let problem { fail("execution \(change.key): \(problem)") }
        return execution
    }

    /// An attempt gets a second execution only if a user deleted the first before its UID was stored.
    private func repetitionProblem(_ earlier: [PhaseExecution], _ attempt: AttemptRecord) -> String? {
        guard let last = earlier.last else { return nil }
        guard let deleted = last.deleted else { return "a second execution of the attempt was created" }
        let wasKnown = attempt.uidStored.map { $0 <= deleted.at } ?? false
        return wasKnown ? "it was created again after its UID had been stored" : nil
    }

    /// The attempt is stored before its execution is created, and nothing starts after the termination began.
    private func moment(
        of change: Change, _ origin: PhaseOrigin, _ record: EnvironmentRecord, _ attempt: AttemptRecord
    ) -> String? {
        let sent = change.sent ?? server.time.now
        if attempt.stored > sent { return "it was created before its attempt was stored" }
        if let inactive = record.inactive, sent > inactive, !hasUnelectedReplicas {
            return "it was created \(inactive.duration(to: sent)) after the end"
        }
        if record.isGone, !hasUnelectedReplicas, let gone = record.deletionRequested,
            gone.duration(to: sent) > Self.requestTime + .seconds(600)
        {
            return "it was created long after its environment was gone"
        }
        guard let lifecycle = lifecycle(of: origin.environment), let phase = lifecycle[origin.phase] else { return nil }
        if phase.isTeardown { return record.terminated == nil ? "the teardown began before the termination" : nil }
        guard let terminated = record.terminated, sent > terminated, !hasUnelectedReplicas else { return nil }
        return change.object["spec"]?["shutdown"] == "Terminate" ? nil : "it was created after the termination began"
    }

    func lifecycle(of environment: String) -> LifecycleDocument? {
        guard let record = environments[environment], let object = server.object(.environments, record.key),
            object["metadata"]?["uid"]?.stringValue == environment
        else { return nil }
        return EnvironmentView(object: object).lifecycle
    }

    private func contentProblem(_ change: Change, _ origin: PhaseOrigin) -> String? {
        guard let record = environments[origin.environment], let object = server.object(.environments, record.key),
            object["metadata"]?["uid"]?.stringValue == origin.environment
        else { return nil }
        let environment = EnvironmentView(object: object)
        let name = PhaseOrigin.name(
            environment: record.key.name, uid: record.uid, phase: origin.phase, attempt: origin.attempt)
        if change.key != ObjectKey(namespace: record.key.namespace, name: name) { return "its name should be \(name)" }
        let metadata = change.object["metadata"]
        if metadata?["annotations"]?["towline.dev/environment"]?.stringValue != record.key.name {
            return "the annotation with the name of the environment is missing"
        }
        guard let lifecycle = environment.lifecycle, let phase = lifecycle[origin.phase] else { return nil }
        // One that was sent before the end can arrive after it.
        if lifecycle.teardown != nil, !environment.hasFinalizer, environment.phase != "Inactive" {
            return "its environment has no finalizer"
        }
        if let problem = ownerProblem(metadata?["ownerReferences"]?.arrayValue ?? [], phase, record) { return problem }
        guard let resolved = environment.state(origin.phase)?.value["resolved"] else {
            return "its phase is not resolved"
        }
        return specProblem(change.object["spec"] ?? [:], phase, resolved, environment, record, change)
    }

    /// The garbage collector deletes ordinary executions with the environment, and never the teardown.
    private func ownerProblem(
        _ owners: [JSONValue], _ phase: LifecycleDocument.Phase, _ record: EnvironmentRecord
    ) -> String? {
        if phase.isTeardown { return owners.isEmpty ? nil : "the teardown has an owner" }
        guard owners.count == 1, owners[0]["uid"]?.stringValue == record.uid, owners[0]["kind"] == "Environment",
            owners[0]["controller"] == true
        else { return "its owner is not the environment" }
        return nil
    }

    private func specProblem(
        _ spec: JSONValue, _ phase: LifecycleDocument.Phase, _ resolved: JSONValue, _ environment: EnvironmentView,
        _ record: EnvironmentRecord, _ change: Change
    ) -> String? {
        let reference = spec["workflowRef"]
        if reference?["engine"] != resolved["engine"] { return "its engine is \(reference?["engine"] ?? .null)" }
        for field in ["name", "containerImage", "containerDigest"] where reference?[field] != resolved[field] {
            return "workflowRef.\(field) is \(reference?[field] ?? .null)"
        }
        if reference?["workflowId"] == nil || reference?["definition"] != nil { return "it has no workflowId" }
        if let problem = parameterProblem(spec["parameters"], phase, resolved, environment, record) { return problem }
        let config = spec["executionConfig"]
        let own = environment.spec?["executionConfig"]
        let account = own?["serviceAccountName"] ?? resolved["serviceAccountName"]
        if config?["serviceAccountName"] != account {
            return "its account is \(config?["serviceAccountName"] ?? .null)"
        }
        let deadline = config?["startDeadlineSeconds"]
        guard phase.isTeardown else {
            if deadline != own?["startDeadlineSeconds"] { return "startDeadlineSeconds is \(deadline ?? .null)" }
            let wanted = own?["timeoutSeconds"] ?? resolved["timeoutSeconds"]
            if config?["timeoutSeconds"] != wanted { return "timeoutSeconds is \(config?["timeoutSeconds"] ?? .null)" }
            return config?["ttlSecondsAfterFinished"] == nil ? nil : "it has a TTL"
        }
        if config?["ttlSecondsAfterFinished"] != 604_800 { return "the teardown has no TTL of a week" }
        // Its run must not be created after the bound.
        if let seconds = deadline?.integerValue, let problem = teardownLimitProblem(seconds, environment, change) {
            return problem
        }
        return teardownLimitProblem(config?["timeoutSeconds"]?.integerValue, environment, change)
    }

    /// The teardown has what is left of its bound, at least a second.
    private func teardownLimitProblem(_ limit: Int64?, _ environment: EnvironmentView, _ change: Change) -> String? {
        guard let limit, limit >= 1 else { return "the teardown has no time limit" }
        guard let began = environment.time("terminationStartedAt"), !hasClockJumped else { return nil }
        let bound = environment.timeslot.teardown
        let left = began + bound - serverTimeSent(change)
        // Times are in whole seconds, and the estimate of the server's clock may be a second behind.
        let isFitting = Duration.seconds(limit) <= max(.seconds(1), left + .seconds(3))
        return isFitting ? nil : "the teardown has \(limit) seconds, and \(left) are left"
    }

    private func parameterProblem(
        _ parameters: JSONValue?, _ phase: LifecycleDocument.Phase, _ resolved: JSONValue,
        _ environment: EnvironmentView, _ record: EnvironmentRecord
    ) -> String? {
        let declared = Set((resolved["declared"]?.arrayValue ?? []).compactMap(\.stringValue))
        var expected = resolved["parameters"]?.objectValue ?? JSONObject()
        for member in environment.spec?["parameters"]?.objectValue ?? JSONObject() where declared.contains(member.key) {
            expected[member.key] = member.value
        }
        let values = ["TOWLINE_ENVIRONMENT": record.key.name, "TOWLINE_PHASE": phase.name]
        for (name, value) in values where declared.contains(name) && expected[name] == nil {
            expected[name] = .string(value)
        }
        var actual = parameters?.objectValue ?? JSONObject()
        let expires = "TOWLINE_EXPIRES_AT"
        if declared.contains(expires), expected[expires] == nil {
            guard let text = actual[expires]?.stringValue else { return "\(expires) is missing" }
            let isKnown = environment.timeslot.hasExpiry ? record.expiries.contains(text) : text.isEmpty
            if !isKnown { return "\(expires) is \(text)" }
            actual[expires] = nil
        }
        return actual == expected
            ? nil : "its parameters are \(JSONValue.object(actual)), not \(JSONValue.object(expected))"
    }

    private func overlapProblem(_ environment: String, _ uid: String) -> String? {
        openExecutions(of: environment, except: uid).first.map { "it was created while \($0.key.name) is open" }
    }

    // MARK: Runs

    /// Checks the creation of a run for an execution of a phase.
    func checkPhaseRun(_ run: Change, of uid: String) {
        guard let execution = phaseExecutions[uid], !execution.isStray,
            let record = environments[execution.environment]
        else { return }
        environments[execution.environment]?.phases[execution.phase]?.attempts[execution.attempt]?.runs += 1
        if let problem = runProblem(run, execution, record, uid) { fail("run \(run.key): \(problem)") }
    }

    private func runProblem(
        _ run: Change, _ execution: PhaseExecution, _ record: EnvironmentRecord, _ uid: String
    ) -> String? {
        let sent = run.sent ?? server.time.now
        let attempt = record.phases[execution.phase]?.attempts[execution.attempt]
        // A second run of the same execution is the business of other rules.
        if let attempt, attempt.runs > 0,
            attempt.executions.filter({ phaseExecutions[$0]?.isStray == false }).count > 1,
            attempt.uidStored.map({ $0 < execution.created }) ?? false
        {
            return "attempt \(execution.attempt) of \(execution.phase) runs again"
        }
        if execution.deleted == nil, let problem = overlapProblem(execution.environment, uid) { return problem }
        if let stop = execution.stops["Terminate"] ?? execution.stops["Stop"], execution.created >= stop {
            return "it was created although its execution was created stopped"
        }
        guard let terminated = record.terminated,
            lifecycle(of: execution.environment)?[execution.phase]?.isTeardown == false
        else { return nil }
        // If its stop is rejected until the bound, it stays as it is.
        if execution.stops.isEmpty, record.inactive != nil,
            obstacles.all.contains(where: { $0.concerns(.stops, nil, execution.key.namespace) })
        {
            return nil
        }
        // The stop of an execution and the creation of its run can cross each other.
        let stopped = execution.stops.values.min() ?? terminated.advanced(by: .seconds(90))
        return sent > stopped.advanced(by: Self.requestTime) && sent > terminated.advanced(by: Self.requestTime)
            ? "it was created \(terminated.duration(to: sent)) after the termination began" : nil
    }

    // MARK: Stops and deletions

    /// Checks that an operator stops an execution gracefully and only in a termination.
    func checkStop(of execution: PhaseExecution, _ change: Change) {
        let word = change.object["spec"]?["shutdown"]?.stringValue
        var expected = change.before ?? [:]
        expected[path: ["spec", "shutdown"]] = change.object["spec"]?["shutdown"]
        expected["metadata"] = change.object["metadata"]
        if let problem = change.object == expected
            ? stopProblem(word, execution, change) : "more than its shutdown changed"
        {
            fail("\(change.writer) stopped \(change.key): \(problem)")
        }
    }

    private func stopProblem(_ word: String?, _ execution: PhaseExecution, _ change: Change) -> String? {
        guard let record = environments[execution.environment] else { return "its environment is unknown" }
        guard record.terminated != nil else { return "no termination began" }
        if execution.outcome != nil { return "it has ended" }
        guard let object = server.object(.environments, record.key) else { return nil }
        let environment = EnvironmentView(object: object)
        switch word {
        case "Stop": return nil
        case "Terminate":
            guard !hasClockJumped, let began = environment.time("terminationStartedAt") else { return nil }
            let waited = serverTimeSent(change) - began
            return waited < environment.timeslot.grace ? "it was terminated after \(waited)" : nil
        default: return "its shutdown is \(word ?? "absent")"
        }
    }

    /// An operator deletes only executions of old attempts.
    func checkDeletion(of execution: PhaseExecution, _ change: Change) {
        let attempts = environments[execution.environment]?.phases[execution.phase]?.attempts ?? [:]
        let newer = attempts.keys.filter { $0 > execution.attempt }.count
        // It is deleted when the third attempt after it is about to begin.
        if newer < 2 { fail("\(change.writer) deleted \(change.key), and only \(newer) attempts are newer") }
        if execution.outcome == nil { fail("\(change.writer) deleted \(change.key), which had not ended") }
    }
}

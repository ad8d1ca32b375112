import KubeClient

/// Checks every write of an operator to an environment.
extension Referee {
    /// How far an operator's estimate of the server's clock may be behind or ahead.
    static let clockSlack = Duration.seconds(1)
    static let teardownFinalizer = "towline.dev/teardown"
    /// How long before the expiry the operators warn.
    static let expiryWarning = Duration.seconds(60)

    func check(_ change: Change, _ record: EnvironmentRecord) {
        guard let old = change.before, change.verb != .added else {
            return fail("\(change.writer) \(change.verb.rawValue) the environment \(change.key)")
        }
        let (before, after) = (EnvironmentView(object: old), EnvironmentView(object: change.object))
        let problem: String?
        if let objection = Self.metadataProblem(old, change.object) {
            problem = objection
        } else if before.finalizers != after.finalizers {
            problem = finalizerProblem(before, after, record)
        } else {
            problem =
                EnvironmentStatusRules(from: old, to: change.object).violation
                ?? catalogProblem(change, before, after) ?? expiryProblem(after, record) ?? warningProblem(
                    change, after)
                ?? readinessProblem(change, before, after) ?? phaseProblem(change, before, after, record)
                ?? terminationProblem(change, before, after, record)
                ?? endProblem(change, before, after, record)
        }
        if let problem { fail("environment \(change.key) @\(change.revision): \(problem)") }
    }

    /// An operator changes only the status and its finalizer.
    private static func metadataProblem(_ old: JSONValue, _ new: JSONValue) -> String? {
        if old["spec"] != new["spec"] { return "an operator changed the spec" }
        for field in ["labels", "annotations", "ownerReferences", "deletionTimestamp"]
        where old["metadata"]?[field] != new["metadata"]?[field] {
            return "an operator changed metadata.\(field)"
        }
        return nil
    }

    private func finalizerProblem(
        _ before: EnvironmentView, _ after: EnvironmentView, _ record: EnvironmentRecord
    ) -> String? {
        let others = before.finalizers.filter { $0 != Self.teardownFinalizer }
        guard others == after.finalizers.filter({ $0 != Self.teardownFinalizer }) else {
            return "an operator changed foreign finalizers"
        }
        if after.hasFinalizer {
            return hasTeardown(after, record) ? nil : "a finalizer without a teardown phase"
        }
        if before.phase == "Inactive" || before.skipsTeardown && before.isMarked { return nil }
        return "the finalizer was removed in the phase \(before.phase)"
    }

    /// True if its lifecycle, recorded or not, has or had a teardown phase.
    private func hasTeardown(_ environment: EnvironmentView, _ record: EnvironmentRecord) -> Bool {
        if let lifecycle = environment.lifecycle { return lifecycle.teardown != nil }
        let name = environment.referenceName
        return catalog.values.contains {
            $0.kind == .lifecycles && $0.key == ObjectKey(namespace: record.key.namespace, name: name)
                && LifecycleDocument($0.spec)?.teardown != nil
        }
    }

    // MARK: The catalog

    /// What was copied from the catalog is what it had.
    private func catalogProblem(_ change: Change, _ before: EnvironmentView, _ after: EnvironmentView) -> String? {
        if let copy = after.status?["lifecycle"], before.status?["lifecycle"] == nil {
            let name = after.referenceName
            guard after.spec?["lifecycleRef"] != nil, let entry = catalog[copy["uid"]?.stringValue ?? ""],
                entry.kind == .lifecycles,
                entry.key == ObjectKey(namespace: change.key.namespace, name: name)
            else { return "status.lifecycle names an unknown Lifecycle: \(copy["uid"] ?? .null)" }
            if LifecycleDocument(copy) != LifecycleDocument(entry.spec) {
                return "status.lifecycle differs from \(name)"
            }
        }
        for state in after.states {
            guard let resolved = state.value["resolved"], before.state(state.name)?.value["resolved"] == nil else {
                continue
            }
            guard let name = after.lifecycle?[state.name]?.definition else {
                return "phase \(state.name) has no definition, but is resolved"
            }
            if let problem = resolutionProblem(resolved, name, change.key.namespace, after) {
                return "phase \(state.name): \(problem)"
            }
        }
        return nil
    }

    private func resolutionProblem(
        _ resolved: JSONValue, _ name: String, _ namespace: String, _ environment: EnvironmentView
    ) -> String? {
        guard let entry = catalog[resolved["definitionUID"]?.stringValue ?? ""], entry.kind == .definitions,
            entry.key == ObjectKey(namespace: namespace, name: name)
        else { return "resolved names an unknown definition: \(resolved["definitionUID"] ?? .null)" }
        let definition = DefinitionDocument(entry.spec)
        if resolved["engine"] != entry.spec["engine"] { return "resolved has another engine than \(name)" }
        for field in ["name", "containerImage", "containerDigest"] where resolved[field] != entry.spec["ref"]?[field] {
            return "resolved.\(field) is \(resolved[field] ?? .null)"
        }
        for field in ["serviceAccountName", "timeoutSeconds"]
        where resolved[field] != entry.spec["executionConfig"]?[field] {
            return "resolved.\(field) is \(resolved[field] ?? .null)"
        }
        let declared = Set((resolved["declared"]?.arrayValue ?? []).compactMap(\.stringValue))
        if declared != Set(definition.parameters.map(\.name)) { return "resolved.declared is \(declared.sorted())" }
        let given = environment.spec?["parameters"]
        let defaults = definition.parameters.filter { given?[$0.name] == nil }
            .compactMap { parameter in parameter.value.map { (parameter.name, JSONValue.string($0)) } }
        let recorded = resolved["parameters"]?.objectValue ?? JSONObject()
        return recorded == JSONObject(defaults) ? nil : "resolved.parameters is \(JSONValue.object(recorded))"
    }

    // MARK: Times

    /// `expiresAt` is the end of the document or of a valid extension.
    private func expiryProblem(_ after: EnvironmentView, _ record: EnvironmentRecord) -> String? {
        let timeslot = after.timeslot
        guard let expiry = after.time("expiresAt") else {
            guard timeslot.hasExpiry else { return nil }
            let isKnown = after.status?["startedAt"] != nil || timeslot.ttl == nil
            return isKnown ? "expiresAt is missing" : nil
        }
        let isCapped = timeslot.maxEnd.map { expiry <= $0 } ?? true
        guard isCapped else { return "expiresAt \(expiry.rfc3339) is after maxEnd" }
        var allowed = [timeslot.expiry(startedAt: after.time("startedAt"))]
        for end in record.ends {
            allowed.append([Timestamp(rfc3339: end), timeslot.maxEnd].compactMap { $0 }.min())
        }
        // Without a start, a TTL ends at the latest possible time.
        if after.status?["startedAt"] == nil { allowed.append(timeslot.maxEnd) }
        allowed += record.extensions.map { Timestamp(rfc3339: $0.text) }
        return allowed.contains(expiry) ? nil : "expiresAt \(expiry.rfc3339) is no end of the document"
    }

    /// `ExpiringSoon` is set only shortly before the expiry, and not during the termination.
    private func warningProblem(_ change: Change, _ after: EnvironmentView) -> String? {
        guard after.condition("ExpiringSoon") != nil else { return nil }
        if after.summary("ExpiringSoon") != "True/ExpiringSoon" {
            return "ExpiringSoon is \(after.summary("ExpiringSoon"))"
        }
        if after.status?["terminationStartedAt"] != nil { return "ExpiringSoon during the termination" }
        guard let expiry = after.time("expiresAt") else { return "ExpiringSoon without an expiry" }
        let left = expiry - serverTimeSent(change)
        return left > Self.expiryWarning && !hasClockJumped ? "ExpiringSoon \(left) before the expiry" : nil
    }

    /// `readyAt` is set when, and only when, what makes the environment ready has happened.
    private func readinessProblem(_ change: Change, _ before: EnvironmentView, _ after: EnvironmentView) -> String? {
        guard let lifecycle = after.lifecycle, before.status?["readyAt"] == nil else { return nil }
        let isReady = after.status?["readyAt"] != nil
        let isTerminating = after.status?["terminationStartedAt"] != nil || after.phase == "Inactive"
        switch lifecycle.readiness {
        case .start:
            let isStarted = after.status?["startedAt"] != nil
            if isStarted != isReady, !isTerminating { return "it started, and readyAt is \(isReady)" }
            return isReady && !isStarted ? "ready before the start" : nil
        case .phase(let name):
            let hasSucceeded = after.state(name)?.state == "Succeeded"
            if isReady, !hasSucceeded { return "ready, but \(name) has not succeeded" }
            return hasSucceeded && !isReady && !isTerminating ? "\(name) has succeeded, and readyAt is not set" : nil
        case .step(let name, let pause):
            guard let state = after.state(name) else { return isReady ? "ready without phase \(name)" : nil }
            if state.state == "Succeeded", !isReady, !isTerminating {
                return "\(name) has succeeded, and readyAt is not set"
            }
            guard isReady, pause > .zero, !hasClockJumped, let began = state.time("startedAt") else { return nil }
            let due = began + pause - Self.clockSlack
            return serverTimeSent(change) < due ? "markReady was executed before the pause" : nil
        }
    }

    // MARK: Termination

    /// A termination has a cause: expiry, deactivation, deletion, or a failure with `onFailure: Teardown`.
    private func terminationProblem(
        _ change: Change, _ before: EnvironmentView, _ after: EnvironmentView, _ record: EnvironmentRecord
    ) -> String? {
        let isBeginning = after.status?["terminationStartedAt"] != nil && before.status?["terminationStartedAt"] == nil
        let isEnd = after.phase == "Inactive" && before.phase != "Inactive"
        guard isBeginning || isEnd && before.status?["terminationStartedAt"] == nil else { return nil }
        if let began = after.time("terminationStartedAt"), began > server.clock.now(), !hasClockJumped {
            return "terminationStartedAt is in the future"
        }
        if after.isMarked || after.isInactiveDesired || hasFailedForGood(after, record) { return nil }
        guard let expiry = after.expiry(on: server.clock.now()) else { return "the termination began without a cause" }
        // After the server's clock was set back, an operator needs a response to notice it.
        if let jumped, jumped.duration(to: server.time.now) < .seconds(90) { return nil }
        let now = server.clock.now()
        guard now >= expiry else { return "the termination began \(expiry - now) before the expiry" }
        return nil
    }

    /// True if `onFailure` is Teardown and a gating phase failed without repetitions left.
    private func hasFailedForGood(_ environment: EnvironmentView, _ record: EnvironmentRecord) -> Bool {
        guard let lifecycle = environment.lifecycle, lifecycle.tearsDownOnFailure else { return false }
        return lifecycle.phases.contains { phase in
            guard phase.isSerial, phase.gatesNext, let state = environment.state(phase.name), state.hasFailed else {
                return false
            }
            return !isRepeatable(phase, state, record)
        }
    }

    /// True if the contract repeats a failed attempt without a person.
    func isRepeatable(_ phase: LifecycleDocument.Phase, _ state: PhaseView, _ record: EnvironmentRecord) -> Bool {
        guard let retry = phase.retry, state.attempt > 0, state.attempt <= retry.limit,
            ["ExecutionDeleted", "NameCollision", "InvalidSpec"].contains(state.reason) == false,
            let outcome = state.outcome
        else { return false }
        if retry.outcomes.contains(outcome) { return true }
        let execution = state.executionUID.flatMap { phaseExecutions[$0] }
        return outcome != "Cancelled" && execution?.executed == false
    }

    /// The reason of the end is true, and nothing continues after it.
    private func endProblem(
        _ change: Change, _ before: EnvironmentView, _ after: EnvironmentView, _ record: EnvironmentRecord
    ) -> String? {
        guard after.phase == "Inactive", before.phase != "Inactive" else { return nil }
        if let problem = untrueReason(change, after, record) { return "\(after.reason), but \(problem)" }
        let lastsBeyond = [
            "TeardownTimedOut", "TeardownSkipped", "NamespaceTerminating", "StopTimedOut", "TeardownFailed",
        ]
        if !lastsBeyond.contains(after.reason), let open = openExecutions(of: change.uid, except: "").first {
            return "\(after.reason), but \(open.key.name) has not ended"
        }
        switch after.summary("TornDown") {
        case "True/TornDown":
            let teardown = after.lifecycle?.teardown.flatMap { after.state($0.name) }
            return teardown?.state == "Succeeded"
                ? nil : "TornDown, but the teardown phase is \(teardown?.state ?? "missing")"
        case "True/NothingToTearDown":
            let created = (environmentExecutions[change.uid] ?? []).compactMap { phaseExecutions[$0] }
            // An operator that crashed may have created one that a user deleted before it was known.
            let isKnown = created.contains {
                $0.deleted == nil || $0.created.duration(to: server.time.now) > .seconds(60)
            }
            return isKnown ? "NothingToTearDown, but an execution was created" : nil
        default: return nil
        }
    }

    /// Why the reason of an end is not true; nil if it is.
    private func untrueReason(_ change: Change, _ after: EnvironmentView, _ record: EnvironmentRecord) -> String? {
        let now = server.clock.now()
        let bound = after.time("terminationStartedAt").map { $0 + after.timeslot.teardown }
        switch after.reason {
        case "Expired": return after.isExpired(now) || hasClockJumped ? nil : "its time is not over"
        case "Deactivated": return after.isInactiveDesired ? nil : "desired is not Inactive"
        case "Deleted": return after.isMarked ? nil : "it is not being deleted"
        case "FailureTornDown": return after.lifecycle?.tearsDownOnFailure == true ? nil : "onFailure is Hold"
        case "TimeslotMissed":
            if after.status?["startedAt"] != nil { return "it had started" }
            return after.isExpired(now) || hasClockJumped ? nil : "its end has not passed"
        case "TeardownSkipped": return after.skipsTeardown ? nil : "no user asked for it"
        case "NamespaceTerminating":
            return server.terminating.contains(change.key.namespace) ? nil : "the namespace is not being deleted"
        case "TeardownFailed", "TeardownTimedOut", "StopTimedOut":
            guard let bound else { return "no termination began" }
            if (after.reason == "StopTimedOut") != (after.lifecycle?.teardown == nil) {
                return "it has \(after.lifecycle?.teardown == nil ? "no" : "a") teardown phase"
            }
            return now >= bound || hasClockJumped ? nil : "the bound is \(bound - now) away"
        default: return nil
        }
    }
}

/// What a definition declares: an independent reading of the contract.
struct DefinitionDocument {
    struct Parameter {
        let name: String
        let isRequired: Bool
        let value: String?
        let allowed: [String]
        /// True for the only pattern of the simulation, which allows lowercase letters.
        let isLowercase: Bool
    }

    let parameters: [Parameter]

    init(_ spec: JSONValue) {
        parameters = (spec["parameters"]?.arrayValue ?? []).map { parameter in
            Parameter(
                name: parameter["name"]?.stringValue ?? "", isRequired: parameter["required"]?.boolValue ?? false,
                value: parameter["default"]?.stringValue,
                allowed: (parameter["enum"]?.arrayValue ?? []).compactMap(\.stringValue),
                isLowercase: parameter["pattern"] != nil)
        }
    }

    /// True if the values of declared parameters are valid and no required one is missing.
    func accepts(_ values: [String: String]) -> Bool {
        parameters.allSatisfy { parameter in
            guard let value = values[parameter.name] else {
                return !parameter.isRequired || parameter.value != nil || parameter.name.hasPrefix("TOWLINE_")
            }
            if !parameter.allowed.isEmpty, !parameter.allowed.contains(value) { return false }
            return !parameter.isLowercase || !value.isEmpty && value.allSatisfy { ("a"..."z").contains($0) }
        }
    }
}

extension JSONObject {
    init(_ members: [(String, JSONValue)]) {
        self.init()
        for (key, value) in members { self[key] = value }
    }
}

import KubeClient

/// The history of one environment, in true time.
struct EnvironmentRecord {
    typealias Instant = ContinuousClock.Instant

    let key: ObjectKey
    let uid: String
    let created: Instant
    /// When a user deleted it, set `desired` to Inactive, and asked to skip the teardown.
    var deletionRequested: Instant?
    var deactivated: Instant?
    var skipRequested: Instant?
    /// When an operator recorded the start of the termination, and the phase Inactive.
    var terminated: Instant?
    var inactive: Instant?
    var isGone = false
    /// When a client other than an operator changed it last.
    var changed: Instant
    /// The values of `status.expiresAt`.
    var expiries: Set<String> = []
    /// The values of `spec.timeslot.end`, and of the annotation `extended-until` with the server's time of the write.
    var ends: Set<String> = []
    var extensions: [(text: String, at: Timestamp)] = []
    /// By the name of the phase.
    var phases: [String: PhaseRecord] = [:]
}

/// The history of one phase of an environment.
struct PhaseRecord {
    /// By the number of the attempt.
    var attempts: [Int64: AttemptRecord] = [:]
    /// The automatic repetitions since the last manual one.
    var repetitions: Int64 = 0
    /// True if a manual retry was acknowledged since the last attempt ended.
    var isRetryRequested = false
}

/// The history of one attempt of a phase.
struct AttemptRecord {
    /// When the status first named it.
    let stored: ContinuousClock.Instant
    /// The executions that operators created for it; a second one is an exception.
    var executions: [String] = []
    /// When the status named the UID of its execution.
    var uidStored: ContinuousClock.Instant?
    var runs = 0
}

/// An execution that an operator created for a phase.
struct PhaseExecution {
    typealias Instant = ContinuousClock.Instant

    let key: ObjectKey
    let environment: String
    let phase: String
    let attempt: Int64
    let created: Instant
    /// True for one that arrived late, after a user had deleted the attempt's execution.
    let isStray: Bool
    var outcome: String?
    var executed: Bool?
    /// When its end was stored.
    var ended: Instant?
    /// The end that its status reports, by the server's clock.
    var finishedAt: Timestamp?
    /// When it was deleted, and whether a client other than an operator did it.
    var deleted: (at: Instant, byOperator: Bool)?
    /// When each kind of stop was stored.
    var stops: [String: Instant] = [:]

    /// True if its run can be running.
    var isOpen: Bool { outcome == nil && deleted == nil }
}

/// A definition or lifecycle of the catalog.
struct CatalogRecord {
    let kind: ResourceKind
    let key: ObjectKey
    let spec: JSONValue
    let created: ContinuousClock.Instant
    var deleted: ContinuousClock.Instant?
}

/// The referee's records of environments, their executions and the catalog, which follow from the writes.
extension Referee {
    func observeEnvironment(_ change: Change) {
        let record =
            environments[change.uid]
            ?? EnvironmentRecord(
                key: change.key, uid: change.uid, created: server.time.now, changed: server.time.now)
        if change.writer.isOperator { check(change, record) }
        environments[change.uid] = updated(record, change)
    }

    private func updated(_ old: EnvironmentRecord, _ change: Change) -> EnvironmentRecord {
        var record = old
        let (view, now) = (EnvironmentView(object: change.object), server.time.now)
        if change.verb == .deleted { record.isGone = true }
        if !change.writer.isOperator { record.changed = now }
        if view.isMarked || record.isGone { record.deletionRequested = record.deletionRequested ?? now }
        if view.isInactiveDesired { record.deactivated = record.deactivated ?? now }
        if view.skipsTeardown { record.skipRequested = record.skipRequested ?? now }
        if view.status?["terminationStartedAt"] != nil { record.terminated = record.terminated ?? now }
        if view.phase == "Inactive" { record.inactive = record.inactive ?? now }
        if let text = view.status?["expiresAt"]?.stringValue { record.expiries.insert(text) }
        if let text = view.spec?["timeslot"]?["end"]?.stringValue { record.ends.insert(text) }
        if let text = view.annotation("extended-until"), record.extensions.last?.text != text {
            record.extensions.append((text, server.clock.now()))
        }
        let before = EnvironmentView(object: change.before ?? [:])
        let handled = view.status?["lastHandledRetryAt"]
        for state in view.states {
            var phase = record.phases[state.name] ?? PhaseRecord()
            let last = before.state(state.name)
            if handled != nil, handled != before.status?["lastHandledRetryAt"] { phase.isRetryRequested = true }
            if state.attempt > 0, phase.attempts[state.attempt] == nil {
                phase.attempts[state.attempt] = AttemptRecord(stored: now)
                phase.repetitions = phase.isRetryRequested || state.attempt == 1 ? 0 : phase.repetitions + 1
                phase.isRetryRequested = false
            }
            if state.executionUID != nil, phase.attempts[state.attempt]?.uidStored == nil {
                phase.attempts[state.attempt]?.uidStored = now
            }
            if state.state != last?.state, state.hasEnded { phase.isRetryRequested = false }
            record.phases[state.name] = phase
        }
        return record
    }

    /// Records and checks a change of an execution that an operator created for a phase.
    ///
    /// Returns true if that is all the referee has to check: the change is not one of the execution's own controller.
    func observePhaseExecution(_ change: Change) -> Bool {
        if change.verb == .added, let origin = PhaseOrigin(change) {
            guard change.writer.isOperator else { return false }
            let execution = checkCreation(change, origin)
            phaseExecutions[change.uid] = execution
            environmentExecutions[origin.environment, default: []].append(change.uid)
            environments[origin.environment]?.phases[origin.phase]?.attempts[origin.attempt]?.executions
                .append(change.uid)
            return true
        }
        guard var execution = phaseExecutions[change.uid] else { return false }
        defer { phaseExecutions[change.uid] = execution }
        let now = server.time.now
        if change.verb == .deleted {
            execution.deleted = (now, change.writer.isOperator)
            guard change.writer.isOperator, !hasTTLExpired(change) else { return false }
            checkDeletion(of: execution, change)
            return true
        }
        if execution.outcome == nil, let outcome = change.object["status"]?["outcome"]?.stringValue {
            (execution.outcome, execution.ended) = (outcome, now)
            execution.finishedAt = change.object["status"]?["finishedAt"]?.stringValue.flatMap {
                Timestamp(rfc3339: $0)
            }
            execution.executed = change.object["status"]?["executed"]?.boolValue
        }
        if let word = change.object["spec"]?["shutdown"]?.stringValue, execution.stops[word] == nil {
            execution.stops[word] = now
        }
        guard change.writer.isOperator, change.object["spec"] != change.before?["spec"] else { return false }
        checkStop(of: execution, change)
        return true
    }

    private func hasTTLExpired(_ execution: Change) -> Bool {
        let due = execution.before.map { retentionRules(of: $0, execution.uid) }
        return due?.executionDue.map { $0 <= trueClock.now() + .seconds(35) } ?? false
    }

    func observeCatalog(_ change: Change) {
        if change.writer.isOperator { fail("\(change.writer) changed the catalog: \(change.kind) \(change.key)") }
        if change.verb == .deleted {
            catalog[change.uid]?.deleted = server.time.now
        } else if catalog[change.uid] == nil {
            catalog[change.uid] = CatalogRecord(
                kind: change.kind, key: change.key, spec: change.object["spec"] ?? [:], created: server.time.now)
        }
    }

    /// The server's clock at an instant in the recent past.
    func serverTime(at instant: ContinuousClock.Instant) -> Timestamp {
        server.clock.now() - instant.duration(to: server.time.now)
    }

    /// The server's clock when the request of a change was sent.
    func serverTimeSent(_ change: Change) -> Timestamp { serverTime(at: change.sent ?? server.time.now) }

    /// The executions of an environment that exist and are not finished, except strays.
    func openExecutions(of environment: String, except uid: String) -> [PhaseExecution] {
        (environmentExecutions[environment] ?? []).filter { $0 != uid }.compactMap { phaseExecutions[$0] }
            .filter { $0.isOpen && !$0.isStray }
    }
}

/// The labels of an execution that belongs to a phase.
struct PhaseOrigin {
    static let uidLabel = "towline.dev/environment-uid"

    let environment: String
    let phase: String
    let attempt: Int64

    init?(_ execution: Change) {
        let labels = execution.object["metadata"]?["labels"]
        guard let environment = labels?[Self.uidLabel]?.stringValue else { return nil }
        self.environment = environment
        phase = labels?["towline.dev/phase"]?.stringValue ?? ""
        attempt = labels?["towline.dev/attempt"]?.stringValue.flatMap { Int64($0) } ?? 0
    }

    /// The name that the contract gives the execution of an attempt.
    static func name(environment: String, uid: String, phase: String, attempt: Int64) -> String {
        let end = "-\(phase)-\(uid.filter { $0 != "-" }.prefix(6))-\(attempt)"
        var start = environment.prefix(63 - end.utf8.count)
        while start.hasSuffix("-") || start.hasSuffix(".") { start.removeLast() }
        return start + end
    }
}

extension EnvironmentView {
    /// When it ends by its document and its recorded extensions, by the server's clock; nil if it does not.
    func expiry(on now: Timestamp) -> Timestamp? {
        let own = timeslot.expiry(startedAt: time("startedAt"))
        return [own, time("expiresAt")].compactMap { $0 }.max()
    }

    func isExpired(_ now: Timestamp) -> Bool { expiry(on: now).map { $0 <= now } ?? false }
}

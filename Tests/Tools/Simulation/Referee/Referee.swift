import KubeClient
import TowlineAPI

/// Checks every write of a simulation and keeps the first violation of the contract.
///
/// Confined to the thread of one simulation.
final class Referee: @unchecked Sendable {
    let server: SimulatedServer
    /// True if several processes are active at the same time without an election.
    let hasUnelectedReplicas: Bool
    private(set) var violation: String?
    /// All created runs by the UID of their execution.
    private var runs: [String: [Change]] = [:]
    /// All outcomes that a run ever had, by the UID of the run.
    private(set) var verdicts: [String: Set<Outcome>] = [:]
    /// The UIDs of executions whose run was deleted or replaced.
    private(set) var runsThatVanished: Set<String> = []
    private(set) var operatorWrites = 0
    /// When executions were deleted, by UID.
    private(set) var deletions: [String: ContinuousClock.Instant] = [:]
    /// When a client other than an operator last changed an execution, by its UID.
    private(set) var changes: [String: Timestamp] = [:]
    /// When a client other than an operator last changed the run of an execution, by the UID of the execution.
    private(set) var runChanges: [String: Timestamp] = [:]
    /// When the faults ended; nil before that.
    var faultsEnded: Timestamp?
    var faultsEndedInstant: ContinuousClock.Instant?
    /// The true time, which no machine in the simulation knows.
    let trueClock: WallClock
    let obstacles: Obstacles
    let configuration: Configuration
    /// Returns whether a step of the run with this UID has really started.
    var hasStarted: (String) -> Bool = { _ in false }
    /// The records of executions and their runs, by UID.
    var executions: [String: ExecutionRecord] = [:]
    var records: [String: RunRecord] = [:]
    /// When creates and stops were sent, by process and run.
    var sentRequests: [String: [ContinuousClock.Instant]] = [:]
    /// The runs and executions whose creation a policy denied.
    var denials: Set<ObjectKey> = []
    /// The records of environments, of the executions of their phases, and of catalogs, by UID.
    var environments: [String: EnvironmentRecord] = [:]
    var phaseExecutions: [String: PhaseExecution] = [:]
    var catalog: [String: CatalogRecord] = [:]
    /// The UIDs of the executions that operators created for an environment.
    var environmentExecutions: [String: [String]] = [:]
    /// The requests for single environments and entries of catalogs.
    var environmentRequests = 0
    /// When the clock of the API server was set last.
    var jumped: ContinuousClock.Instant?
    /// True if the clock of the API server is set at any time.
    var hasClockJumped = false
    /// The active process, and when it became active.
    var service: (number: Int, since: ContinuousClock.Instant)?

    init(
        server: SimulatedServer, trueClock: WallClock, hasUnelectedReplicas: Bool, obstacles: Obstacles,
        configuration: Configuration
    ) {
        self.server = server
        self.trueClock = trueClock
        self.hasUnelectedReplicas = hasUnelectedReplicas
        self.obstacles = obstacles
        self.configuration = configuration
        server.observers.append { [unowned self] in observe($0) }
    }

    func isOn(_ rule: Rule) -> Bool { configuration.rules.contains(rule) }

    /// The UID of the execution that a run was created for, even if its owner reference has changed.
    func execution(of run: Change) -> String? {
        records[run.uid]?.execution ?? run.object["metadata"]?["ownerReferences"]?[0]?["uid"]?.stringValue
    }

    func fail(_ message: @autoclosure () -> String) {
        if violation == nil { violation = message() }
    }

    func hasRun(_ execution: Change) -> Bool { runs[execution.uid] != nil }

    private func observe(_ change: Change) {
        if change.writer.isOperator, change.kind != .leases, change.kind != .events { operatorWrites += 1 }
        record(change)
        switch change.kind {
        case .executions: observeExecution(change)
        case .pipelineRuns, .workflows: observeRun(change)
        case .environments: observeEnvironment(change)
        case .lifecycles, .definitions: observeCatalog(change)
        case .taskRuns, .customRuns, .leases, .events: break
        }
    }

    private func observeExecution(_ change: Change) {
        if change.verb == .deleted { deletions[change.uid] = server.time.now }
        if observePhaseExecution(change) { return }
        guard change.writer.isOperator else {
            changes[change.uid] = trueClock.now()
            return
        }
        if change.verb == .deleted { return observeExpiry(of: change) }
        guard change.verb == .modified, let before = change.before else {
            return fail("\(change.writer) \(change.verb.rawValue) \(change.key)")
        }
        let expected = before.replacing("status", change.object["status"])
            .replacing("metadata", change.object["metadata"])
        if change.object != expected { fail("\(change.writer) changed more than the status of \(change.key)") }
        if let problem = StatusRules.violation(from: before, to: change.object) {
            fail("\(change.key) @\(change.revision): \(problem)")
        }
        checkClaims(of: change, before)
    }

    private func observeRun(_ change: Change) {
        let owner = execution(of: change)
        if let owner {
            verdicts[change.uid, default: []].formUnion(Verdict.of(change.object, change.kind))
            if change.verb == .deleted { runsThatVanished.insert(owner) }
            if !change.writer.isOperator { runChanges[owner] = trueClock.now() }
        }
        guard change.writer.isOperator else { return }
        switch change.verb {
        case .added: observeCreation(change, change.object["metadata"]?["ownerReferences"]?[0]?["uid"]?.stringValue)
        case .modified where change.isMarking: observeExpiry(of: change, owner)
        case .modified: observeStopRequest(change, owner)
        case .deleted: observeExpiry(of: change, owner)
        }
    }

    private func observeCreation(_ change: Change, _ owner: String?) {
        guard let owner, change.object["metadata"]?["labels"]?[WellKnown.executionUIDLabel]?.stringValue == owner else {
            return fail("\(change.key) was created without its owner reference")
        }
        // A silent watch can remain undetected for three minutes.
        if let deletion = deletions[owner], deletion.duration(to: server.time.now) > .seconds(240) {
            fail("\(change.key.name) was created for an execution that had long been deleted")
        }
        if runs[owner] != nil, !isExcused(owner) {
            fail("a second run, \(change.key.name), was created for execution \(owner)")
        }
        runs[owner, default: []].append(change)
        checkPhaseRun(change, of: owner)
        checkDefinition(of: change, owner)
    }

    /// True if the operator could not have known about the first run.
    ///
    /// The execution is deleted or being deleted: its run was garbage collected, and a create in flight arrives; the
    /// garbage collector deletes that run, too. Or a user deleted the run before its existence was stored, or while a
    /// create was in flight. Or a user deleted it, and a second active operator has an older view.
    private func isExcused(_ owner: String) -> Bool {
        guard let execution = server.all(.executions).first(where: { $0.uid == owner }),
            execution.object["metadata"]?["deletionTimestamp"] == nil
        else { return true }
        let isStored = execution.object["status"]?["runRef"] != nil || execution.object["status"]?["outcome"] != nil
        return runsThatVanished.contains(owner) && (hasUnelectedReplicas || !isStored || server.isLateArrival)
    }

    /// True for a run that an operator created, and for a replacement from before the run was stored.
    private func isOwn(_ run: Change, of owner: String) -> Bool {
        if runs[owner]?.contains(where: { $0.uid == run.uid }) == true { return true }
        guard let execution = server.all(.executions).first(where: { $0.uid == owner }) else { return false }
        let seen = execution.object["status"]?["runRef"]?["uid"]?.stringValue
        return seen == nil || seen == run.uid
    }

    /// Checks that an operator changes only its runs, and of them only one field.
    private func observeStopRequest(_ change: Change, _ owner: String?) {
        guard let owner, let before = change.before, isOwn(change, of: owner) else {
            return fail("\(change.writer) changed the foreign object \(change.key)")
        }
        let field = change.kind == .workflows ? "shutdown" : "status"
        var expected = before
        expected[path: ["spec", field]] = change.object["spec"]?[field]
        expected["metadata"] = change.object["metadata"]
        if change.object != expected { fail("\(change.writer) changed more than spec.\(field) of \(change.key)") }
        if !Verdict.of(before, change.kind).isEmpty {
            fail("\(change.writer) stopped \(change.key), which had already ended")
        }
        checkStop(of: change)
    }
}

extension JSONValue {
    fileprivate func replacing(_ key: String, _ value: JSONValue?) -> JSONValue {
        var copy = self
        copy[key] = value
        return copy
    }
}

extension Change {
    /// True if the deletion only set the deletion timestamp, because the object has a finalizer.
    var isMarking: Bool {
        object["metadata"]?["deletionTimestamp"] != nil && before?["metadata"]?["deletionTimestamp"] == nil
    }
}

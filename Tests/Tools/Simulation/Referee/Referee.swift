import KubeClient
import TowlineAPI

/// Watches every write of a simulation and reports the first one that violates the contract.
///
/// Confined to the thread of one simulation.
final class Referee: @unchecked Sendable {
    let server: SimulatedServer
    /// True if two processes may act at the same time, without election.
    let hasRivals: Bool
    private(set) var violation: String?
    /// All runs that were created, by the UID of the execution they were created for.
    private var runs: [String: [Change]] = [:]
    /// All verdicts of a run, by the run's UID.
    private(set) var verdicts: [String: Set<Outcome>] = [:]
    /// Executions whose run was deleted, or replaced by another object, or contradicted itself.
    private(set) var runsThatVanished: Set<String> = []
    private(set) var operatorWrites = 0
    /// When executions were deleted, by UID.
    private(set) var deletions: [String: ContinuousClock.Instant] = [:]
    /// When anyone but an operator last changed an execution, by its UID.
    private(set) var changes: [String: Timestamp] = [:]
    /// The same for the run of an execution.
    private(set) var runChanges: [String: Timestamp] = [:]
    /// When the faults stopped; nil before that.
    var calm: Timestamp?
    var calmInstant: ContinuousClock.Instant?
    /// The true time of day, which no actor in the simulation knows.
    let truth: WallClock
    let obstacles: Obstacles
    let trouble: Trouble
    /// Whether a step of the run with this UID has really started.
    var hasStarted: (String) -> Bool = { _ in false }
    /// What is known about each execution and each run that was created for one, by UID.
    var cases: [String: ExecutionCase] = [:]
    var records: [String: RunRecord] = [:]
    /// When creates and stops were sent, by process and run.
    var sendings: [String: [ContinuousClock.Instant]] = [:]
    /// The runs whose creation a policy denied.
    var denials: Set<ObjectKey> = []
    /// The active process, and since when it is active.
    var service: (number: Int, since: ContinuousClock.Instant)?

    init(server: SimulatedServer, truth: WallClock, hasRivals: Bool, obstacles: Obstacles, trouble: Trouble) {
        self.server = server
        self.truth = truth
        self.hasRivals = hasRivals
        self.obstacles = obstacles
        self.trouble = trouble
        server.observers.append { [unowned self] in observe($0) }
    }

    func isOn(_ rule: Rule) -> Bool { trouble.rules.contains(rule) }

    /// The UID of the execution that a run was created for, even if another object owns it now.
    func execution(of run: Change) -> String? {
        records[run.uid]?.execution ?? run.object["metadata"]?["ownerReferences"]?[0]?["uid"]?.stringValue
    }

    func fail(_ message: @autoclosure () -> String) {
        if violation == nil { violation = message() }
    }

    func hasRun(_ execution: Change) -> Bool { runs[execution.uid] != nil }

    private func observe(_ change: Change) {
        if change.writer.isOperator, change.kind != .leases, change.kind != .events { operatorWrites += 1 }
        follow(change)
        switch change.kind {
        case .executions: observeExecution(change)
        case .pipelineRuns, .workflows: observeRun(change)
        case .taskRuns, .customRuns, .leases, .events: break
        }
    }

    private func observeExecution(_ change: Change) {
        if change.verb == .deleted { deletions[change.uid] = server.time.now }
        guard change.writer.isOperator else {
            changes[change.uid] = truth.now()
            return
        }
        if change.verb == .deleted { return observeExpiry(of: change) }
        guard change.verb == .modified, let before = change.before else {
            return fail("\(change.writer) \(change.verb.rawValue) \(change.key)")
        }
        let expected = before.replacing("status", change.object["status"])
            .replacing("metadata", change.object["metadata"])
        if change.object != expected { fail("\(change.writer) changed more than the status of \(change.key)") }
        if let broken = StatusRules.violation(from: before, to: change.object) {
            fail("\(change.key) @\(change.revision): \(broken)")
        }
        checkWords(of: change, before)
    }

    private func observeRun(_ change: Change) {
        let owner = execution(of: change)
        if let owner {
            verdicts[change.uid, default: []].formUnion(Verdict.of(change.object, change.kind))
            if change.verb == .deleted { runsThatVanished.insert(owner) }
            if !change.writer.isOperator { runChanges[owner] = truth.now() }
        }
        guard change.writer.isOperator else { return }
        switch change.verb {
        case .added: observeCreation(change, change.object["metadata"]?["ownerReferences"]?[0]?["uid"]?.stringValue)
        case .modified where change.isMarking: observeExpiry(of: change, owner)
        case .modified: observeRequestToEnd(change, owner)
        case .deleted: observeExpiry(of: change, owner)
        }
    }

    private func observeCreation(_ change: Change, _ owner: String?) {
        guard let owner, change.object["metadata"]?["labels"]?[WellKnown.executionUIDLabel]?.stringValue == owner else {
            return fail("\(change.key) was created without its owner")
        }
        // A watch may be silent for three minutes before that is noticed.
        if let deletion = deletions[owner], deletion.duration(to: server.time.now) > .seconds(240) {
            fail("\(change.key.name) was created for an execution that had long been deleted")
        }
        if runs[owner] != nil, !isExcused(owner) {
            fail("a second run, \(change.key.name), was created for execution \(owner)")
        }
        runs[owner, default: []].append(change)
    }

    /// The cases in which no operator could have known the first run.
    ///
    /// The execution is gone or being deleted: its run was collected, and a create in flight arrives; the garbage collector
    /// deletes that run too. Or a user deleted the run before its existence could be stored, or while a create was in
    /// flight. Or a user deleted it, and a rival with an older view acts, because there is no election.
    private func isExcused(_ owner: String) -> Bool {
        guard let execution = server.all(.executions).first(where: { $0.uid == owner }),
            execution.object["metadata"]?["deletionTimestamp"] == nil
        else { return true }
        let isStored = execution.object["status"]?["runRef"] != nil || execution.object["status"]?["outcome"] != nil
        return runsThatVanished.contains(owner) && (hasRivals || !isStored || server.isLateArrival)
    }

    /// True for a run that an operator created, and for its replacement before its UID could be stored.
    private func isOwn(_ run: Change, of owner: String) -> Bool {
        if runs[owner]?.contains(where: { $0.uid == run.uid }) == true { return true }
        guard let execution = server.all(.executions).first(where: { $0.uid == owner }) else { return false }
        let seen = execution.object["status"]?["runRef"]?["uid"]?.stringValue
        return seen == nil || seen == run.uid
    }

    /// An operator may change one field of its own runs, and no other run.
    private func observeRequestToEnd(_ change: Change, _ owner: String?) {
        guard let owner, let before = change.before, isOwn(change, of: owner) else {
            return fail("\(change.writer) changed the foreign object \(change.key)")
        }
        let field = change.kind == .workflows ? "shutdown" : "status"
        var expected = before
        expected[path: ["spec", field]] = change.object["spec"]?[field]
        expected["metadata"] = change.object["metadata"]
        if change.object != expected { fail("\(change.writer) changed more than spec.\(field) of \(change.key)") }
        if !Verdict.of(before, change.kind).isEmpty { fail("\(change.writer) stopped \(change.key), which had ended") }
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
    /// True if a deletion only marked the object, because a finalizer holds it.
    var isMarking: Bool {
        object["metadata"]?["deletionTimestamp"] != nil && before?["metadata"]?["deletionTimestamp"] == nil
    }
}

import KubeClient
import TowlineAPI

/// Watches every write of a simulation and tells the first one that breaks a promise of the contract.
///
/// Confined to the thread of one simulation.
final class Referee: @unchecked Sendable {
    let server: SimulatedServer
    /// True where two processes may act at the same time, with no election between them.
    let hasRivals: Bool
    private(set) var violation: String?
    /// The runs that were ever created, by the UID of the execution they were made for.
    private var runs: [String: [Change]] = [:]
    /// What a run was ever seen to have ended as, by the run's UID.
    private(set) var verdicts: [String: Set<Outcome>] = [:]
    /// Executions whose run was deleted, or replaced by another object, or contradicted itself.
    private(set) var runsThatVanished: Set<String> = []
    private(set) var operatorWrites = 0
    /// When executions were deleted, by UID.
    private(set) var deletions: [String: ContinuousClock.Instant] = [:]
    /// When somebody else than an operator last changed an execution, by its UID.
    private(set) var changes: [String: Timestamp] = [:]
    /// The same of the run of an execution.
    private(set) var runChanges: [String: Timestamp] = [:]
    /// When the faults stopped; nil while there are some.
    var calm: Timestamp?
    var calmInstant: ContinuousClock.Instant?
    /// The time of day as nobody in the simulation has it.
    let truth: WallClock
    let obstacles: Obstacles
    let trouble: Trouble
    /// Whether a step of the run with this UID has really started.
    var hasStarted: (String) -> Bool = { _ in false }
    /// What is known of each execution and of each run that was made for one, by UID.
    var cases: [String: ExecutionCase] = [:]
    var records: [String: RunRecord] = [:]
    /// When creates and stops were sent, by process and run.
    var sendings: [String: [ContinuousClock.Instant]] = [:]
    /// The runs whose creation a policy denied.
    var denials: Set<ObjectKey> = []
    /// Which process works, and since when.
    var service: (number: Int, since: ContinuousClock.Instant)?

    init(server: SimulatedServer, truth: WallClock, hasRivals: Bool, obstacles: Obstacles, trouble: Trouble) {
        self.server = server
        self.truth = truth
        self.hasRivals = hasRivals
        self.obstacles = obstacles
        self.trouble = trouble
        server.observers.append { [unowned self] in observe($0) }
    }

    func isOn(_ law: Law) -> Bool { trouble.laws.contains(law) }

    /// The UID of the execution that a run was made for, also where another object owns it now.
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
        if let broken = StatusLaw.violation(from: before, to: change.object) {
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
        // A watch may be silent for three minutes before anybody notices.
        if let deletion = deletions[owner], deletion.duration(to: server.time.now) > .seconds(240) {
            fail("\(change.key.name) was created for an execution that had long been deleted")
        }
        if runs[owner] != nil, !isExcused(owner) {
            fail("a second run, \(change.key.name), was created for execution \(owner)")
        }
        runs[owner, default: []].append(change)
    }

    /// The cases in which nobody could have known of the first run.
    ///
    /// The execution is gone, or going: its run was collected, and a create that was still on its way arrives; the
    /// garbage collector takes that run too. Or somebody deleted the run before its existence could be stored, or while
    /// a create was still on its way. Or somebody deleted it and a rival, whose view was older than that, is not kept
    /// from acting by an election.
    private func isExcused(_ owner: String) -> Bool {
        guard let execution = server.all(.executions).first(where: { $0.uid == owner }),
            execution.object["metadata"]?["deletionTimestamp"] == nil
        else { return true }
        let isStored = execution.object["status"]?["runRef"] != nil || execution.object["status"]?["outcome"] != nil
        return runsThatVanished.contains(owner) && (hasRivals || !isStored || server.isLateArrival)
    }

    /// True for a run that an operator created, and for what took its place before anybody could store which it was.
    private func isOwn(_ run: Change, of owner: String) -> Bool {
        if runs[owner]?.contains(where: { $0.uid == run.uid }) == true { return true }
        guard let execution = server.all(.executions).first(where: { $0.uid == owner }) else { return false }
        let seen = execution.object["status"]?["runRef"]?["uid"]?.stringValue
        return seen == nil || seen == run.uid
    }

    /// An operator may change one field of a run, and only of its own.
    private func observeRequestToEnd(_ change: Change, _ owner: String?) {
        guard let owner, let before = change.before, isOwn(change, of: owner) else {
            return fail("\(change.writer) changed the foreign object \(change.key)")
        }
        let field = change.kind == .workflows ? "shutdown" : "status"
        var expected = before
        expected[path: ["spec", field]] = change.object["spec"]?[field]
        expected["metadata"] = change.object["metadata"]
        if change.object != expected { fail("\(change.writer) changed more than spec.\(field) of \(change.key)") }
        if !Verdict.of(before, change.kind).isEmpty { fail("\(change.writer) asked the ended \(change.key) to end") }
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
    /// True where a deletion only marked the object, as a finalizer holds it.
    var isMarking: Bool {
        object["metadata"]?["deletionTimestamp"] != nil && before?["metadata"]?["deletionTimestamp"] == nil
    }
}

import KubeClient
import TowlineAPI

/// The history of one execution, in true time.
struct ExecutionRecord {
    typealias Instant = ContinuousClock.Instant

    let key: ObjectKey
    let uid: String
    let kind: ResourceKind
    let created: Instant
    var timeout: Int64?
    let startDeadline: Int64?
    /// When a user requested a stop.
    var shutdown: Instant?
    /// True if it is deleted or being deleted.
    var isGone = false
    /// The run in its status, and when it was stored.
    var run: (uid: String, since: Instant)?
    var outcome: Instant?
    /// True for a final status that the operator wrote although the run had not ended.
    var hasWatchdogVerdict = false
    /// When it ended, and when its run ended again after it had continued.
    var ends: [Timestamp] = []
}

/// The history of one run, in true time.
struct RunRecord {
    typealias Instant = ContinuousClock.Instant

    let key: ObjectKey
    let kind: ResourceKind
    /// The UID of the execution that it was created for.
    let execution: String
    let created: Instant
    /// When its engine first wrote a status.
    var began: Instant?
    /// When it ended; nil while it is running, even after an earlier end.
    var ended: Instant?
    /// True after it has ended without a started step, even if it continued and started one.
    var hasEndedUnstarted = false
    /// When it last continued after an end.
    var resumed: Instant?
    /// When the first stop was accepted, and whether an operator requested it.
    var stopped: (at: Instant, byOperator: Bool)?
    /// When the current series of failed stop requests started.
    var refusedSince: Instant?
    /// The process whose stop request failed last, and when its first one failed.
    var refused: (process: Int, since: Instant)?
    var deletionRequested: Instant?
    /// True after a user removed the label by which operators find it.
    var isUnlabeled = false
    var isGone = false
    /// When an operator last read its state from the API server.
    var verified: Instant?
}

/// The referee's records of executions and runs, which follow from the writes.
extension Referee {
    func record(_ change: Change) {
        switch change.kind {
        case .executions: recordExecution(change)
        case .pipelineRuns, .workflows: recordRun(change)
        case .taskRuns, .customRuns, .leases, .events, .environments, .lifecycles, .definitions: break
        }
    }

    private func recordExecution(_ change: Change) {
        let (spec, status) = (change.object["spec"], change.object["status"])
        let now = server.time.now
        var entry =
            executions[change.uid]
            ?? ExecutionRecord(
                key: change.key, uid: change.uid,
                kind: spec?["workflowRef"]?["engine"] == "argo" ? .workflows : .pipelineRuns, created: now,
                timeout: spec?["executionConfig"]?["timeoutSeconds"]?.integerValue,
                startDeadline: spec?["executionConfig"]?["startDeadlineSeconds"]?.integerValue)
        // What a definition says holds where the execution says nothing.
        entry.timeout = entry.timeout ?? status?["resolved"]?["timeoutSeconds"]?.integerValue
        if spec?["shutdown"] != nil, entry.shutdown == nil { entry.shutdown = now }
        entry.isGone = change.verb == .deleted || change.object["metadata"]?["deletionTimestamp"] != nil
        if entry.run == nil, let uid = status?["runRef"]?["uid"]?.stringValue { entry.run = (uid, now) }
        if entry.outcome == nil, status?["outcome"] != nil {
            entry.outcome = now
            entry.hasWatchdogVerdict = status?["reason"] == "WatchdogExpired"
            entry.ends.append(trueClock.now())
        }
        if Self.divergence(change.object) == "False", Self.divergence(change.before) != "False" {
            entry.ends.append(trueClock.now())
        }
        executions[change.uid] = entry
    }

    private static func divergence(_ execution: JSONValue?) -> String? {
        let conditions = execution?["status"]?["conditions"]?.arrayValue
        return conditions?.first { $0["type"] == "RunDiverged" }?["status"]?.stringValue
    }

    private func recordRun(_ change: Change) {
        let now = server.time.now
        if change.verb == .added {
            let label = change.object["metadata"]?["labels"]?[WellKnown.executionUIDLabel]?.stringValue
            let owner = change.object["metadata"]?["ownerReferences"]?[0]?["uid"]?.stringValue
            guard let execution = owner ?? label else { return }
            records[change.uid] = RunRecord(key: change.key, kind: change.kind, execution: execution, created: now)
        }
        guard var record = records[change.uid] else { return }
        if change.object["status"] != nil, record.began == nil { record.began = now }
        if Verdict.of(change.object, change.kind).isEmpty {
            if record.ended != nil { record.resumed = now }
            record.ended = nil
        } else if record.ended == nil {
            record.ended = now
            if !hasStarted(change.uid) { record.hasEndedUnstarted = true }
        }
        let isAsked = change.object["spec"]?["shutdown"] != nil || change.object["spec"]?["status"] != nil
        if isAsked, record.stopped == nil {
            record.stopped = (now, change.writer.isOperator)
            record.refusedSince = nil
        }
        if record.deletionRequested == nil, change.object["metadata"]?["deletionTimestamp"] != nil {
            record.deletionRequested = now
        }
        record.isGone = change.verb == .deleted
        if change.object["metadata"]?["labels"]?[WellKnown.executionUIDLabel] == nil { record.isUnlabeled = true }
        records[change.uid] = record
    }
}

extension Referee: RequestObserver {
    /// One attempt each poll interval is six a minute; the rest is for a backoff that starts with milliseconds and for
    /// up to four retries by the client.
    private static let requestsPerMinute = 20
    /// While the network loses requests, the client retries each of them.
    private static let requestsDuringFaults = 60

    func sent(_ request: HTTPRequest, _ target: RequestTarget, by replica: Replica) {
        if target.kind.isOfEnvironments, target.name != nil { environmentRequests += 1 }
        let isCounted = target.kind.isRun || target.kind == .executions && target.subresource == nil
        guard isOn(.rates), isCounted, request.method == .post || request.method == .patch else { return }
        let name =
            target.name ?? (try? JSONValue(parsing: request.body))?["metadata"]?["name"]?.stringValue ?? "unknown"
        let subject = "\(replica.number) \(request.method.rawValue) \(target.namespace ?? "")/\(name)"
        let now = server.time.now
        let recent = (sentRequests[subject] ?? []).filter { $0.duration(to: now) < .seconds(60) } + [now]
        sentRequests[subject] = recent
        let isQuiet = faultsEndedInstant.map { $0.duration(to: now) > .seconds(60) } ?? false
        if recent.count > (isQuiet ? Self.requestsPerMinute : Self.requestsDuringFaults) {
            fail("operator-\(subject) was sent \(recent.count) times within a minute")
        }
    }

    func answered(_ request: HTTPRequest, _ target: RequestTarget, by replica: Replica, status: Int?, read: [String]) {
        guard target.kind.isRun else { return }
        let now = server.time.now
        if request.method == .get, status == 200, replica.token?.isValid ?? true {
            for uid in read { records[uid]?.verified = now }
        }
        guard request.method == .patch, let name = target.name, status.map({ $0 >= 300 }) ?? true,
            let run = server.current(target.kind, ObjectKey(namespace: target.namespace ?? "", name: name)),
            var record = records[run.uid], record.stopped == nil
        else { return }
        if record.refusedSince == nil { record.refusedSince = now }
        if record.refused?.process != replica.number { record.refused = (replica.number, now) }
        records[run.uid] = record
    }

    func refused(_ request: HTTPRequest, _ target: RequestTarget, by obstacle: Obstacle) {
        guard case .deny = obstacle.effect, request.method == .post, target.kind.isRun || target.kind == .executions,
            let name = (try? JSONValue(parsing: request.body))?["metadata"]?["name"]?.stringValue
        else { return }
        denials.insert(ObjectKey(namespace: target.namespace ?? "", name: name))
    }
}

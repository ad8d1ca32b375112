import Engines
import KubeClient
import KubeRuntime
import TowlineAPI

extension ExecutionController {
    /// Follows a change of an execution.
    func follow(_ change: StoreChange<WorkflowExecution>, in namespace: String?) {
        if let key = executions.follow(change) { change.isEcho ? confirm(key) : enqueue(key) }
        if case .deleted(let execution) = change { forget(execution) }
        if !isServing.isSet, case .changed(_, let execution) = change, execution.isFinished {
            // A standby remembers nothing about what another process has brought to its end.
            forget(execution)
        }
        guard change.isSettling else { return }
        for cache in runs.values { review(namespace, against: cache) }
        gate.settle(Self.name(executionsIn: namespace))
        if isPatienceOver.isSet { goOn() }
    }

    private func forget(_ execution: WorkflowExecution) {
        let run = ObjectKey(namespace: execution.key.namespace, name: execution.runName)
        runs[execution.engineName]?.forget(run)
        reconciler.openCreates.forget(run)
        reconciler.creates.forget(run)
        reconciler.recovery.settled(execution.key)
    }

    /// Follows a change of a run: its execution has to be looked at, unless it has ended and tells the same of the run.
    func follow(_ change: StoreChange<EngineRun>, of cache: RunCache, in namespace: String?) {
        switch change {
        case .added(let run), .changed(_, let run):
            if case .changed(let old, _) = change, run.isRetainedOtherwise(than: old) { replanExpiry(of: run) }
            if let key = unfinishedExecution(of: run) { enqueue(key) } else { review(run, isPresent: true) }
        case .deleted(let run):
            guard let key = unfinishedExecution(of: run) else {
                // Without its label a run seems to be deleted, but is nobody's from now on, and keeps nothing.
                replanExpiry(of: run)
                return review(run, isPresent: false)
            }
            cache.remember(deleted: run)
            enqueue(key)
        case .quarantined(let object), .vanished(let object):
            // Its execution is found by the label, as far as that can be read; a live read then says what is wrong.
            guard let uid = object.metadata.label(WellKnown.executionUIDLabel) else { return }
            if let key = executions.unfinishedExecution(withUID: uid) { return enqueue(key) }
            guard case .vanished = change, let key = executions.endedExecution(withUID: uid),
                executions.execution(for: key)?.isContradicted(by: nil) == true
            else { return }
            confirm(key)
        case .synced, .unavailable:
            review(namespace, against: cache)
            gate.settle(Self.name(runsOf: cache.engine.name, in: namespace))
            // The engine appeared or vanished: every execution of it has something to say, or to do.
            for key in executions.unfinishedKeys { enqueue(key) }
            executions.replanExpiries(of: cache.engine.name)
        }
    }

    /// Something keeps the run from now on, or does no more: its time, or its execution's, may be over.
    private func replanExpiry(of run: EngineRun) {
        guard let uid = run.executionUID, let key = executions.endedExecution(withUID: uid),
            let execution = executions.execution(for: key)
        else { return }
        executions.expiries.follow(execution)
    }

    /// Lets the workers start although runs of some engine, or executions of some namespace, cannot be listed, for want
    /// of rights for example.
    ///
    /// The others must not wait for that. It is safe: what a cache of runs does not know is asked of the API server
    /// before anything rests on it, and executions that are not known are not worked on.
    func goOn() {
        for name in Self.cacheNames(ofRuns: runs) { gate.settle(name) }
        guard executions.stores.scopes.contains(where: \.store.isSynced) else { return }
        for scope in executions.stores.scopes { gate.settle(Self.name(executionsIn: scope.namespace)) }
    }

    /// Has the finished execution of a run looked at when it tells other than this of the run.
    private func review(_ run: EngineRun, isPresent: Bool) {
        guard let uid = run.executionUID, let key = executions.endedExecution(withUID: uid),
            executions.execution(for: key)?.isContradicted(by: isPresent ? run : nil) == true
        else { return }
        confirm(key)
    }

    /// Has the finished executions looked at whose runs went, or went on, while nobody watched.
    private func review(_ namespace: String?, against cache: RunCache) {
        guard isServing.isSet else { return }
        for key in executions.contradicted(in: namespace, by: cache) { confirm(key) }
    }

    private func unfinishedExecution(of run: EngineRun) -> ObjectKey? {
        run.executionUID.flatMap { executions.unfinishedExecution(withUID: $0) }
    }

    /// From now on queues what changes, after all that may have to be done by now.
    ///
    /// What the first fill of the caches brought must not delay what happens afterwards.
    func beginQueueing() {
        isServing.set()
        executions.expiries.start()
        reconciler.recovery.start()
        for key in executions.keysThatNeedWork { confirm(key) }
        for cache in runs.values {
            for scope in executions.stores.scopes { review(scope.namespace, against: cache) }
        }
    }

    /// Queues an execution because something changed: also what failed is tried again.
    private func enqueue(_ key: ObjectKey) {
        guard isServing.isSet else { return }
        queue.add(key)
    }

    /// Queues an execution although nothing that it waits for is known to have changed.
    private func confirm(_ key: ObjectKey) {
        guard isServing.isSet else { return }
        queue.add(key, priority: .low, endsBackoff: false)
    }

    static func cacheNames(_ executions: ExecutionCache, _ runs: [EngineName: RunCache]) -> Set<String> {
        cacheNames(ofRuns: runs).union(executions.stores.scopes.map { name(executionsIn: $0.namespace) })
    }

    private static func cacheNames(ofRuns runs: [EngineName: RunCache]) -> Set<String> {
        let followed = runs.values.filter(\.isFollowed)
        return Set(
            followed.flatMap { cache in
                cache.stores.scopes.map { name(runsOf: cache.engine.name, in: $0.namespace) }
            })
    }

    private static func name(executionsIn namespace: String?) -> String { "executions/\(namespace ?? "")" }

    private static func name(runsOf engine: EngineName, in namespace: String?) -> String {
        "\(engine.rawValue)/\(namespace ?? "")"
    }
}

extension StoreChange<WorkflowExecution> {
    /// True for what the operator itself has mostly written: what it waits for is not there because of that.
    fileprivate var isEcho: Bool {
        guard case .changed(let old, let new) = self else { return false }
        return old.status != new.status && old.generation == new.generation
            && old.deletionTimestamp == new.deletionTimestamp
    }
}

extension EngineRun {
    /// True when something else than before keeps the run, or it belongs to somebody else.
    func isRetainedOtherwise(than old: EngineRun) -> Bool {
        isKept != old.isKept || isToBeArchived != old.isToBeArchived || ownerUID != old.ownerUID
    }
}

extension StoreChange {
    /// True for what tells that a store is as complete as it can be.
    fileprivate var isSettling: Bool {
        switch self {
        case .synced, .unavailable: true
        case .added, .changed, .deleted, .quarantined, .vanished: false
        }
    }
}

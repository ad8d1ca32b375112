import Engines
import KubeClient
public import KubeRuntime
public import TowlineAPI

extension WorkflowExecution: StoredObject {}

/// The executions as they were last seen, with an index of those that are not finished.
final class ExecutionCache: Sendable {
    /// The executions by UID, so that the event of a run finds its execution without a search.
    private struct Index {
        var unfinished: [String: ObjectKey] = [:]
        /// Finished executions that had a run; what they report about it can still change.
        var ended: [String: ObjectKey] = [:]
    }

    let stores: ScopedStores<WorkflowExecution>
    /// When TTLs expire.
    let expiries: ExpirySchedule
    /// When the runs of unfinished executions are verified.
    let freshness: Freshness
    private let index = Locked(Index())

    init(namespaces: [String], expiries: ExpirySchedule, freshness: Freshness) {
        stores = ScopedStores(namespaces: namespaces)
        self.expiries = expiries
        self.freshness = freshness
    }

    func execution(for key: ObjectKey) -> WorkflowExecution? { stores.object(for: key) }

    /// The key of the unfinished execution with this UID.
    func unfinishedExecution(withUID uid: String) -> ObjectKey? { index.withLock { $0.unfinished[uid] } }

    /// The key of the finished execution with this UID, if it had a run.
    func endedExecution(withUID uid: String) -> ObjectKey? { index.withLock { $0.ended[uid] } }

    var unfinishedKeys: [ObjectKey] { index.withLock { Array($0.unfinished.values) } }

    /// The executions that may need work although nothing changes.
    ///
    /// What kept a run or an execution may have been removed while no operator was running.
    var keysThatNeedWork: [ObjectKey] {
        stores.scopes.flatMap { scope in
            scope.store.compactMap { needsWork($0) || hasUnfinishedBusiness($0) ? $0.key : nil }
        }
    }

    /// The finished executions of one namespace that contradict the cached runs, if the cache of runs is complete.
    ///
    /// It visits each execution, so it is meant for times when many runs may have changed unnoticed.
    func contradicted(in namespace: String?, by runs: RunCache) -> [ObjectKey] {
        guard let store = stores.scopes.first(where: { $0.namespace == namespace })?.store, store.isSynced else {
            return []
        }
        return store.snapshot().compactMap { execution in
            guard execution.isFinished, execution.engineName == runs.engine.name,
                let reference = execution.status.runRef,
                let known = runs.stores.store(for: execution.key.namespace), known.isSynced, known.isAvailable
            else { return nil }
            let run = known.object(for: ObjectKey(namespace: execution.key.namespace, name: reference.name))
            return execution.isContradicted(by: run) ? execution.key : nil
        }
    }

    /// Plans the TTLs of an engine's executions again, because what kept them may be gone.
    func replanExpiries(of engine: EngineName) {
        for scope in stores.scopes {
            let candidates = scope.store.compactMap { $0.engineName == engine && Expiry(of: $0) != nil ? $0 : nil }
            for execution in candidates { expiries.follow(execution) }
        }
    }

    /// Stores the answer to an own write.
    func apply(_ execution: WorkflowExecution) {
        guard !stores.apply(execution).isEmpty else { return }
        note(execution)
        expiries.follow(execution)
    }

    /// Follows a change and returns the key of the execution if it needs work.
    func follow(_ change: StoreChange<WorkflowExecution>) -> ObjectKey? {
        switch change {
        case .added(let execution), .changed(_, let execution):
            note(execution)
            expiries.follow(execution)
            return needsWork(execution) ? execution.key : nil
        case .deleted(let execution):
            expiries.forget(execution.key)
            index.withLock { index in
                index.unfinished[execution.uid] = nil
                index.ended[execution.uid] = nil
                freshness.forget(execution)
            }
            return nil
        case .quarantined, .vanished, .synced, .unavailable:
            return nil
        }
    }

    /// False for an ended execution that has reported its newest generation.
    private func needsWork(_ execution: WorkflowExecution) -> Bool {
        !execution.isFinished || execution.status.observedGeneration != execution.generation
    }

    /// True for a finished execution that may need work although nothing changes: what is kept beyond its TTL may be
    /// deletable now, and stop requests for a run that exceeded its timeout are retried until the server accepts one.
    private func hasUnfinishedBusiness(_ execution: WorkflowExecution) -> Bool {
        let status = execution.status
        return status.condition(.retained) != nil || status.condition(.shutdownRefused) != nil
            || (status.reason == .watchdogExpired && status.condition(.runDiverged)?.status == .true)
    }

    private func note(_ execution: WorkflowExecution) {
        index.withLock { index in
            // It may have been changed or deleted since; that change is noted before or after this one.
            let stored = stores.object(for: execution.key)
            let current = stored?.uid == execution.uid ? stored?.newer(than: execution) ?? execution : nil
            let isEnded = current?.isFinished == true
            index.unfinished[execution.uid] = isEnded ? nil : current?.key
            index.ended[execution.uid] = isEnded && current?.status.runRef != nil ? execution.key : nil
            if let current { freshness.follow(current) } else { freshness.forget(execution) }
        }
    }
}

extension WorkflowExecution {
    /// This execution if it is the newer version of the two.
    fileprivate func newer(than other: WorkflowExecution) -> WorkflowExecution? {
        resourceVersion.isNewer(than: other.resourceVersion) ? self : nil
    }
}

extension WorkflowExecution {
    /// True if the conditions of a finished execution contradict this state of its run: whether it exists and has ended.
    ///
    /// `run` is the object that has the run's name now; nil for none. An execution that never had a run, or that is being
    /// deleted together with it, reports nothing.
    func isContradicted(by run: EngineRun?) -> Bool {
        guard isFinished, deletionTimestamp == nil, let reference = status.runRef else { return false }
        let isReportedGone = status.condition(.runPresent)?.status == .false
        guard let run, run.uid == reference.uid else { return !isReportedGone }
        let isReportedRunning = status.condition(.runDiverged)?.status == .true
        return isReportedGone || isReportedRunning == run.state.isFinished
    }
}

import Engines
import KubeClient
public import KubeRuntime
public import TowlineAPI

extension WorkflowExecution: StoredObject {}

/// The executions as they were last seen, and which of them are not finished.
final class ExecutionCache: Sendable {
    /// The executions by UID, so that neither a tick nor a run's event has to search for them.
    private struct Index {
        var unfinished: [String: ObjectKey] = [:]
        /// Finished ones that had a run; what they tell of it may still change.
        var ended: [String: ObjectKey] = [:]
    }

    let stores: ScopedStores<WorkflowExecution>
    /// When something of the executions outlives its time.
    let expiries: ExpirySchedule
    /// When the runs of those that have not ended are verified.
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

    /// The executions that have to be looked at whether anything happens to them or not.
    ///
    /// Where something is said to stay, that may be over, while whoever was to say so ended before.
    var keysThatNeedWork: [ObjectKey] {
        stores.scopes.flatMap { scope in
            scope.store.compactMap { needsWork($0) || hasUnfinishedBusiness($0) ? $0.key : nil }
        }
    }

    /// The finished executions of one store that tell other than a store of runs does, as far as that one is complete.
    ///
    /// It looks at each execution of the store, so it is for times when many runs may have changed unnoticed.
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

    /// Plans anew when something of an engine's executions goes: what kept it may be over.
    func replanExpiries(of engine: EngineName) {
        for scope in stores.scopes {
            let candidates = scope.store.compactMap { $0.engineName == engine && Expiry(of: $0) != nil ? $0 : nil }
            for execution in candidates { expiries.follow(execution) }
        }
    }

    /// Takes in the answer to an own write.
    func apply(_ execution: WorkflowExecution) {
        guard !stores.apply(execution).isEmpty else { return }
        note(execution)
        expiries.follow(execution)
    }

    /// Follows a change of a store and returns the execution that has to be looked at.
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

    /// What ended, and has told so of its newest generation, is only kept to know that it ended.
    private func needsWork(_ execution: WorkflowExecution) -> Bool {
        !execution.isFinished || execution.status.observedGeneration != execution.generation
    }

    /// True for a finished execution of which something may have to be said or done although nothing changes: what stays
    /// beyond its TTL may go now, and a run that exceeded its timeout is told to stop until the API server accepts it.
    private func hasUnfinishedBusiness(_ execution: WorkflowExecution) -> Bool {
        let status = execution.status
        return status.condition(.retained) != nil || status.condition(.shutdownRefused) != nil
            || (status.reason == .watchdogExpired && status.condition(.runDiverged)?.status == .true)
    }

    private func note(_ execution: WorkflowExecution) {
        index.withLock { index in
            // It may have changed or been deleted since, which may have been noted already or is noted later.
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
    /// This one where it is the newer version of the two.
    fileprivate func newer(than other: WorkflowExecution) -> WorkflowExecution? {
        resourceVersion.isNewer(than: other.resourceVersion) ? self : nil
    }
}

extension WorkflowExecution {
    /// True when a finished execution's conditions tell other than this of its run: whether it exists and has ended.
    ///
    /// `run` is what has the run's name now, nil for nothing. An execution that never had a run, or is being deleted and
    /// takes its run along, has nothing to tell.
    func isContradicted(by run: EngineRun?) -> Bool {
        guard isFinished, deletionTimestamp == nil, let reference = status.runRef else { return false }
        let isSaidToBeGone = status.condition(.runPresent)?.status == .false
        guard let run, run.uid == reference.uid else { return !isSaidToBeGone }
        let isSaidToGoOn = status.condition(.runDiverged)?.status == .true
        return isSaidToBeGone || isSaidToGoOn == run.state.isFinished
    }
}

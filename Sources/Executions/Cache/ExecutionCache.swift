import Engines
import KubeClient
public import KubeRuntime
public import TowlineAPI

extension WorkflowExecution: StoredObject {}

/// Caches the latest known version of each execution, with an index of the unfinished ones.
final class ExecutionCache: Sendable {
    /// Maps UIDs to executions, so that a run's watch event finds its execution without a search.
    private struct Index {
        var unfinished: [String: ObjectKey] = [:]
        /// Finished executions that had a run. Their conditions about the run can still change.
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

    /// The unfinished execution whose run this is; nil for any other object, also one with its label.
    func unfinishedExecution(of run: RunIdentity) -> WorkflowExecution? {
        execution(of: run, index.withLock { $0.unfinished[run.executionUID] })
    }

    /// The finished execution whose run this is; nil for any other object, also one with its label.
    func endedExecution(of run: RunIdentity) -> WorkflowExecution? {
        execution(of: run, index.withLock { $0.ended[run.executionUID] })
    }

    private func execution(of run: RunIdentity, _ key: ObjectKey?) -> WorkflowExecution? {
        guard let key, let execution = execution(for: key), execution.hasRun(run) else { return nil }
        return execution
    }

    /// The number of executions in the index.
    var indexedCount: Int { index.withLock { $0.unfinished.count + $0.ended.count } }

    var unfinishedKeys: [ObjectKey] { index.withLock { Array($0.unfinished.values) } }

    /// The executions to reconcile at startup, even though no watch event asks for it.
    ///
    /// The annotation or finalizer that kept a run or an execution may have been removed while no operator was running.
    var keysThatNeedWork: [ObjectKey] {
        stores.scopes.flatMap { scope in
            scope.store.compactMap { needsWork($0) || hasUnfinishedBusiness($0) ? $0.key : nil }
        }
    }

    /// The finished executions of one namespace whose conditions contradict the cached runs; empty if the run cache is
    /// incomplete.
    ///
    /// Visits every execution, so call it only when many runs may have changed without watch events.
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

    /// Reschedules the TTLs of an engine's executions, because the obstacle that kept them may be gone.
    func replanExpiries(of engine: EngineName) {
        for scope in stores.scopes {
            let candidates = scope.store.compactMap { $0.engineName == engine && Expiry(of: $0) != nil ? $0 : nil }
            for execution in candidates { expiries.follow(execution) }
        }
    }

    /// Stores the API server's response to a write by this process.
    func apply(_ execution: WorkflowExecution) {
        guard !stores.apply(execution).isEmpty else { return }
        note(execution)
        expiries.follow(execution)
        // The watch may have reported its deletion in the meantime.
        if self.execution(for: execution.key) == nil { dropExpiry(of: execution.key) }
    }

    /// Discards the TTL of an execution that no longer exists, unless one with the same name was just added.
    func dropExpiry(of key: ObjectKey) {
        expiries.forget(key)
        if let execution = execution(for: key) { expiries.follow(execution) }
    }

    /// Applies a watch event to the index; returns the execution's key if it must be reconciled.
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

    /// Whether the execution must be reconciled; false if it has ended and its status covers the latest generation.
    private func needsWork(_ execution: WorkflowExecution) -> Bool {
        !execution.isFinished || execution.status.observedGeneration != execution.generation
    }

    /// Whether a finished execution must be reconciled without a watch event. An object kept beyond its TTL may be
    /// deletable now, and stop requests for a run that exceeded its timeout are retried until the API server accepts
    /// one.
    private func hasUnfinishedBusiness(_ execution: WorkflowExecution) -> Bool {
        let status = execution.status
        return status.condition(.retained) != nil || status.condition(.shutdownRefused) != nil
            || (status.reason == .watchdogExpired && status.condition(.runDiverged)?.status == .true)
    }

    private func note(_ execution: WorkflowExecution) {
        index.withLock { index in
            // A newer change or deletion may already be in the store. It is applied in its own call.
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
    /// This execution if it is newer than `other`; otherwise nil.
    fileprivate func newer(than other: WorkflowExecution) -> WorkflowExecution? {
        resourceVersion.isNewer(than: other.resourceVersion) ? self : nil
    }
}

extension WorkflowExecution {
    /// Whether the conditions of a finished execution disagree with its run: that the run exists, or that it has ended.
    ///
    /// `run` is the object that currently has the run's name; nil if no such object exists. An execution that never had
    /// a run, or that is being deleted together with its run, has no such conditions.
    func isContradicted(by run: EngineRun?) -> Bool {
        guard isFinished, deletionTimestamp == nil, let reference = status.runRef else { return false }
        let isReportedGone = status.condition(.runPresent)?.status == .false
        guard let run, run.uid == reference.uid else { return !isReportedGone }
        let isReportedRunning = status.condition(.runDiverged)?.status == .true
        return isReportedGone || isReportedRunning == run.state.isFinished
    }
}

/// What identifies an object as the run of an execution.
///
/// Anyone who can create runs can copy the label, in any namespace. Nothing is remembered about such an object, and it
/// queues no execution.
struct RunIdentity: Sendable {
    let engine: EngineName
    let key: ObjectKey
    let uid: String
    /// The execution in its label.
    let executionUID: String
    /// The execution that controls it by its owner references; nil for none.
    let ownerUID: String?

    /// Nil without the label.
    init?(_ run: EngineRun, of engine: EngineName) {
        guard let executionUID = run.executionUID else { return nil }
        self.engine = engine
        key = run.key
        uid = run.uid
        self.executionUID = executionUID
        ownerUID = run.ownerUID
    }

    /// The identity of a run that cannot be decoded; nil without a readable label.
    init?(_ object: UndecodableObject, of engine: EngineName) {
        guard let executionUID = object.metadata.label(WellKnown.executionUIDLabel) else { return nil }
        self.engine = engine
        key = object.key
        uid = object.metadata.uid
        self.executionUID = executionUID
        ownerUID = object.metadata.controllingExecutionUID
    }
}

extension WorkflowExecution {
    /// Whether this object is the execution's run: it has the run's engine, namespace and name, and it is the one in the
    /// status or, if the status has none, the execution controls it.
    ///
    /// Once the status records a run, its owner does not matter: some tools remove owner references.
    fileprivate func hasRun(_ run: RunIdentity) -> Bool {
        guard run.executionUID == uid, run.engine == engineName, run.key.namespace == key.namespace,
            run.key.name == runName
        else { return false }
        if let known = status.runRef { return known.uid == run.uid }
        return run.ownerUID == uid
    }
}

import Engines
import KubeClient
import KubeRuntime
import TowlineAPI

/// The watch sources of the execution controller: executions and the runs of each engine.
///
/// A change of a run queues the execution that owns it. Finished executions are queued only if their conditions
/// contradict their run.
struct ExecutionSources: Sendable {
    let executions: ExecutionCache
    let runs: [EngineName: RunCache]
    let reconciler: Reconciler

    /// - Parameter probeInterval: how often to check whether the API server serves a missing type.
    func all(probeInterval: Duration) -> [ControllerSource] {
        var settings = ReflectorSettings()
        settings.probeInterval = probeInterval
        let source = ControllerSource(
            WorkflowExecution.resourceType, role: .primary, settings: settings,
            remedy: WellKnown.definitionRemedy,
            decoding: WorkflowExecution.storeDecoder, into: executions.stores
        ) { change, context in requests(after: change, context) }
        // A run can be 100 kB, and a page is read as a whole.
        settings.pageSize = 100
        let followed = EngineRegistry.all.compactMap { runs[$0.name] }.filter(\.isFollowed)
        return [source]
            + followed.map { cache in
                ControllerSource(
                    cache.engine.runType, role: .secondary, labelSelector: WellKnown.executionUIDLabel,
                    settings: settings, remedy: "install \(cache.engine.title), or leave it out with --engine",
                    decoding: cache.decoder, into: cache.stores
                ) { change, context in requests(after: change, of: cache, context) }
            }
    }

    /// The executions that may need work when the workers start.
    var initialRequests: [ReconcileRequest] {
        var requests: [ReconcileRequest] = executions.keysThatNeedWork.map { .recheck($0) }
        for cache in runs.values {
            for scope in executions.stores.scopes { requests += contradictions(in: scope.namespace, by: cache) }
        }
        return requests
    }
}

// MARK: - Executions

extension ExecutionSources {
    private func requests(
        after change: StoreChange<WorkflowExecution>, _ context: SourceContext
    ) -> [ReconcileRequest] {
        let key = executions.follow(change)
        switch change {
        case .changed(_, let execution):
            // The leader finished it, so a standby can discard its state.
            if !context.isServing, execution.isFinished { reconciler.forget(execution) }
            return key.map { [change.isOwnStatusWrite ? .recheck($0) : .changed($0)] } ?? []
        case .added: return key.map { [.changed($0)] } ?? []
        case .deleted(let execution):
            reconciler.forget(execution)
            return [.deleted(execution.key)]
        case .synced, .unavailable:
            guard context.isServing else { return [] }
            return runs.values.flatMap { contradictions(in: context.namespace, by: $0) }
        case .quarantined, .vanished: return []
        }
    }
}

extension StoreChange<WorkflowExecution> {
    /// Whether only the status changed. Most such changes are the operator's own writes and need no reconciliation.
    fileprivate var isOwnStatusWrite: Bool {
        guard case .changed(let old, let new) = self else { return false }
        return old.status != new.status && old.generation == new.generation
            && old.deletionTimestamp == new.deletionTimestamp
    }
}

// MARK: - Runs

extension ExecutionSources {
    private func requests(
        after change: StoreChange<EngineRun>, of cache: RunCache, _ context: SourceContext
    ) -> [ReconcileRequest] {
        switch change {
        case .added(let run), .changed(_, let run):
            guard let identity = RunIdentity(run, of: cache.engine.name) else { return [] }
            if case .changed(let old, _) = change, run.retentionDiffers(from: old) { replanExpiry(of: identity) }
            if let execution = executions.unfinishedExecution(of: identity) { return [.changed(execution.key)] }
            return contradiction(identity, by: run)
        case .deleted(let run):
            guard let identity = RunIdentity(run, of: cache.engine.name) else { return [] }
            if let execution = executions.unfinishedExecution(of: identity) {
                cache.remember(deleted: run)
                // The execution may have ended or been deleted in the meantime, and nothing would forget the run later.
                if executions.unfinishedExecution(of: identity) == nil { cache.forgetDeletion(of: run) }
                return [.changed(execution.key)]
            }
            // A run that lost its label also looks deleted. It no longer blocks the deletion of its execution.
            replanExpiry(of: identity)
            return contradiction(identity, by: nil)
        case .quarantined(let object), .vanished(let object):
            // The live read of the execution's run shows what is wrong with it.
            guard let identity = RunIdentity(object, of: cache.engine.name) else { return [] }
            if let execution = executions.unfinishedExecution(of: identity) { return [.changed(execution.key)] }
            if case .vanished = change { return contradiction(identity, by: nil) }
            return []
        case .synced, .unavailable:
            let diverged = context.isServing ? contradictions(in: context.namespace, by: cache) : []
            executions.replanExpiries(of: cache.engine.name)
            // The engine was installed or removed, which affects all of its executions.
            return diverged + executions.unfinishedKeys.map { .changed($0) }
        }
    }

    /// Reschedules the TTL, because an obstacle to the run's deletion was added or removed.
    private func replanExpiry(of identity: RunIdentity) {
        guard let execution = executions.endedExecution(of: identity) else { return }
        executions.expiries.follow(execution)
    }

    /// The finished execution of this run, if its status contradicts `run`; nil means that the run no longer exists.
    private func contradiction(_ identity: RunIdentity, by run: EngineRun?) -> [ReconcileRequest] {
        guard let execution = executions.endedExecution(of: identity), execution.isContradicted(by: run) else {
            return []
        }
        return [.recheck(execution.key)]
    }

    /// The finished executions whose runs were deleted or continued without a watch event.
    private func contradictions(in namespace: String?, by cache: RunCache) -> [ReconcileRequest] {
        executions.contradicted(in: namespace, by: cache).map { .recheck($0) }
    }
}

extension EngineRun {
    /// Whether an obstacle to the run's deletion was added or removed, or its owner changed.
    func retentionDiffers(from old: EngineRun) -> Bool {
        isKept != old.isKept || archive != old.archive || ownerUID != old.ownerUID
    }
}

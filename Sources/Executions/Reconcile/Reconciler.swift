import Engines
import KubeClient
import KubeRuntime
import Status
import TowlineAPI

/// Reconciles one execution: decides and executes steps until the next step is a pause.
///
/// Guarantees: At most one run is ever created for an execution, because its name is a function of the execution's UID.
/// No decision uses an older state than the operator's own last write, because every response is stored in the caches
/// before the next decision. A status is written only if it differs. The work queue ensures that only one worker has a
/// key at a time.
struct Reconciler: Sendable {
    let client: KubeClient
    let executions: ExecutionCache
    let runs: [EngineName: RunCache]
    let time: any TimeSource
    let clock: ServerClock
    let timing: ExecutionTiming
    let links: LinkTemplates
    let runLabels: RunLabels
    let allowedSources: AllowedSources
    let metrics: ExecutionMetrics
    let pendingCreates: PendingCreates
    let creates: CreateGate
    let recovery: Recovery
    let recorder: EventRecorder
    private let masks = ParameterMasks()
    /// Nil without an election: no other process can have written before this one.
    var takeover: TakeoverSync?

    /// The maximum number of steps in one reconciliation, more than any execution needs. Exceeding it is a bug; the
    /// reconciliation is retried.
    private static let maximumSteps = 16

    /// Marks every execution without a run as possibly having a pending create from a former leader.
    func expectCreatesOfPredecessor() {
        for key in executions.unfinishedKeys {
            guard let execution = executions.execution(for: key), execution.status.runRef == nil else { continue }
            pendingCreates.record(ObjectKey(namespace: key.namespace, name: execution.runName), at: time.now)
        }
    }

    /// Reconciles the execution with this key.
    ///
    /// - Parameters:
    ///   - waited: how long the execution waited for a worker.
    ///   - logger: names the execution and the reconciliation.
    func reconcile(_ key: ObjectKey, waited: Duration = .zero, logger: Logger) async -> WorkOutcome {
        var failure: FailureGroup?
        let outcome = await reconcile(key, waited: waited, logger: logger, &failure)
        switch outcome {
        case .failed, .waiting:
            if let failure { recovery.failed(key, in: failure) } else { recovery.settled(key) }
        // No request was sent, so the failure may persist.
        case .deferred: break
        case .success, .requeue: recovery.settled(key)
        }
        return outcome
    }

    /// - Parameter failure: set to the kind of request that failed last; nil if none failed.
    private func reconcile(
        _ key: ObjectKey, waited: Duration, logger: Logger, _ failure: inout FailureGroup?
    ) async -> WorkOutcome {
        if let outcome = await confirm(key, logger, &failure) { return outcome }
        // Before the definition was read, no run exists. Nothing depends on the engine of the cache then.
        guard let first = executions.execution(for: key), let cache = runs[first.engineName ?? .tekton] else {
            executions.dropExpiry(of: key)
            return .success
        }
        let runKey = ObjectKey(namespace: key.namespace, name: first.runName)
        // Responses of the API server and of webhooks may contain parameter values.
        let masked = logger.hiding(masks.mask(of: first))
        var reconciliation = Reconciliation(of: first, runKey, in: cache, logger: masked)
        defer {
            failure = reconciliation.failure
            let execution = executions.execution(for: key)
            if execution?.uid != first.uid {
                // It was deleted in the meantime. What was stored about it since would otherwise stay.
                forget(first)
                executions.dropExpiry(of: key)
            } else if execution?.isFinished ?? true || execution?.status.runRef != nil {
                creates.forget(runKey)
            } else if !reconciliation.waitsForTurn {
                // If the run had a reserved slot but needs no create now, the next run gets the slot.
                creates.leave(runKey)
            }
        }
        if first.status.runRef == nil, !first.isFinished { creates.addQueueing(waited, of: runKey) }
        for _ in 0..<Self.maximumSteps {
            guard !Task.isCancelled else { return .failed() }
            guard let execution = executions.execution(for: key) else { return .success }
            // The execution was deleted and created again with the same name, so it has a different run.
            guard execution.uid == first.uid else { return .requeue(after: .zero) }
            reconciliation.refresh(execution, runs)
            let cache = reconciliation.cache
            let instant = time.now
            reconciliation.see(execution, at: instant, now: clock.known())
            reconciliation.facts.createDelay = cache.createDelay(of: runKey, at: instant)
            reconciliation.facts.timeInOwnQueues = creates.queueing(of: runKey)
            reconciliation.facts.isExpiryTurn = executions.expiries.isTurn(of: key)
            reconciliation.facts.pendingCreateDeadline = pendingCreates.deadline(of: runKey, now: instant)
            let situation = Situation(
                execution: execution, engine: cache.engine, facts: reconciliation.facts, now: clock.now(),
                instant: instant,
                timing: timing, links: links, runLabels: runLabels, allowedSources: allowedSources)
            let step = situation.next()
            reconciliation.logger.debug("Decided", ["step": .own(step.name)])
            if let outcome = await execute(step, in: situation, &reconciliation) {
                if reconciliation.facts.isExpiryTurn, !outcome.backsOff { executions.expiries.endTurn(of: key) }
                // While stop requests for a run that exceeded its timeout are retried, its state is still needed.
                if executions.execution(for: key)?.isFinished ?? true, !outcome.backsOff {
                    cache.forget(runKey)
                    pendingCreates.forget(runKey)
                }
                return outcome
            }
        }
        logger.warn("The reconciliation took too many steps; retrying")
        return .failed()
    }

    /// Discards everything that is stored about an execution that has ended or was deleted, and about its run.
    func forget(_ execution: WorkflowExecution) {
        let run = ObjectKey(namespace: execution.key.namespace, name: execution.runName)
        // The last state of a deleted execution may not name its engine.
        for cache in runs.values { cache.forget(run) }
        pendingCreates.forget(run)
        creates.forget(run)
        recovery.settled(execution.key)
    }

    /// The state of one reconciliation.
    struct Reconciliation {
        let key: ObjectKey
        let runKey: ObjectKey
        private(set) var cache: RunCache
        let logger: Logger
        var facts: Facts
        var didCreateRun = false
        /// The execution at the beginning; `logger` masks its parameters.
        private let execution: WorkflowExecution
        /// The kind of request that failed last.
        var failure: FailureGroup?
        /// Whether the create of the run waits in its lane.
        var waitsForTurn: Bool { if case .wait = facts.createAdmission { true } else { false } }
        /// The run of the execution when the facts were gathered.
        private var knownRun: RunReference?
        /// Whether the definition was recorded when the facts were gathered.
        private var wasResolved: Bool

        init(of execution: WorkflowExecution, _ runKey: ObjectKey, in cache: RunCache, logger: Logger) {
            key = execution.key
            self.runKey = runKey
            self.cache = cache
            self.logger = logger
            self.execution = execution
            knownRun = execution.status.runRef
            wasResolved = execution.status.resolved != nil
            facts = Self.facts(of: runKey, in: cache)
        }

        /// The text of an error for `logger`.
        func text(of error: KubeError) -> LogValue { execution.text(of: error) }

        private static func facts(of runKey: ObjectKey, in cache: RunCache) -> Facts {
            var facts = Facts(run: cache.knowledge(of: runKey), isEngineServed: cache.isServed(in: runKey.namespace))
            facts.isCacheCurrent = cache.isCurrent(in: runKey.namespace)
            facts.timeline = cache.timeline(of: runKey)
            return facts
        }

        /// Updates the timeline from the execution and its run.
        mutating func see(_ execution: WorkflowExecution, at instant: ContinuousClock.Instant, now: ServerTime?) {
            facts.timeline.see(execution, at: instant, now: now)
            if case .present(let run) = facts.run, execution.isRun(run) {
                facts.timeline.see(run, at: instant, now: now)
            }
            cache.keep(facts.timeline, of: runKey)
        }

        /// Collects the facts again if the status has recorded a run or a definition in the meantime. An earlier read
        /// that found no run is then obsolete, and so is a spec that was read before.
        mutating func refresh(_ execution: WorkflowExecution, _ runs: [EngineName: RunCache]) {
            let isResolved = execution.status.resolved != nil
            guard execution.status.runRef != knownRun || isResolved != wasResolved else { return }
            knownRun = execution.status.runRef
            wasResolved = isResolved
            if let engine = execution.engineName, engine != cache.engine.name, let other = runs[engine] {
                cache.forget(runKey)
                cache = other
                cache.keep(facts.timeline, of: runKey)
            }
            let definition = facts.definition
            facts = Self.facts(of: runKey, in: cache)
            facts.definition = definition
        }
    }

    /// Executes a step; returns the outcome of the reconciliation if that was the last one.
    private func execute(_ step: Step, in situation: Situation, _ reconciliation: inout Reconciliation) async
        -> WorkOutcome?
    {
        let execution = situation.execution
        switch step {
        case .idle(let pause): return pause.map { .requeue(after: $0) } ?? .success
        case .expireLater(let due, let retryAfter):
            executions.expiries.plan(reconciliation.key, at: due)
            // Nothing is due now, so the turn is over even if another request failed.
            executions.expiries.endTurn(of: reconciliation.key)
            return retryAfter.map { .failed(retryAfter: $0) } ?? .success
        case .failed(let delay): return .failed(retryAfter: delay)
        case .waiting(let delay):
            publish(situation.notCreatedNotice, of: execution)
            return .waiting(retryAfter: delay)
        case .deferred(let pause): return .deferred(atMost: pause)
        case .readRun: await readRun(in: &reconciliation)
        case .readSpec: return await readSpec(of: execution, in: &reconciliation)
        case .readDefinition: await readDefinition(of: execution, in: &reconciliation)
        case .createRun(let manifest): await createRun(manifest, for: execution, in: &reconciliation)
        case .readChildren(let run, let listings): await readChildren(of: run, listings, in: &reconciliation)
        case .stopRun(let run, let patch):
            if await stop(run, patch, in: &reconciliation) {
                publish(situation.shutdownNotice(for: run), of: execution)
            }
        case .readExecution: return await read(execution, in: &reconciliation)
        case .deleteRun(let run): return await delete(run, in: situation, &reconciliation)
        case .deleteExecution: return await delete(execution, in: &reconciliation)
        case .write(let status): return await write(status, of: execution, in: &reconciliation)
        }
        return nil
    }

    /// Records that a request of this kind failed or succeeded.
    func note(
        _ request: FailureGroup.Request, of definition: String? = nil, worked: Bool,
        in reconciliation: inout Reconciliation
    ) {
        let engine = request.isOfEngine ? reconciliation.cache.engine.name : nil
        let group = FailureGroup(
            request: request, engine: engine, namespace: reconciliation.key.namespace, definition: definition)
        if worked { recovery.worked(reconciliation.key, in: group) } else { reconciliation.failure = group }
    }

    /// Publishes a Kubernetes event about an execution.
    func publish(_ notice: Notice?, of execution: WorkflowExecution) {
        guard let notice else { return }
        recorder.record(notice.event(regarding: execution, masking: masks.mask(of: execution)))
    }
}

import Engines
import KubeClient
import KubeRuntime
import Status
import TowlineAPI

/// Brings one execution as far as it goes now: decides, acts on the decision, and decides again on what came of it.
///
/// Guarantees: at most one run is ever created for an execution, because its name is a function of the execution's
/// UID; nothing is decided on a view older than the operator's own last write, because every answer is put into the
/// caches before the next decision; a status is written only when it differs. Assumes that one key is with one worker
/// at a time, which the work queue sees to.
struct Reconciler: Sendable {
    let client: KubeClient
    let executions: ExecutionCache
    let runs: [EngineName: RunCache]
    let time: any TimeSource
    let clock: ServerClock
    let timing: ExecutionTiming
    let links: LinkTemplates
    let metrics: ExecutionMetrics
    let pendingCreates: PendingCreates
    let creates: CreateGate
    let recovery: Recovery
    let recorder: EventRecorder
    private let masks = ParameterMasks()
    /// Nil without an election: no other process can have written before this one.
    var takeover: TakeoverSync?

    /// More steps than the longest way from a new execution to its end; whatever takes longer starts anew.
    private static let maximumSteps = 16

    /// Expects a run for every execution without one: the former leader may have sent a create just before it ended.
    func expectCreatesOfPredecessor() {
        for key in executions.unfinishedKeys {
            guard let execution = executions.execution(for: key), execution.status.runRef == nil else { continue }
            pendingCreates.record(ObjectKey(namespace: key.namespace, name: execution.runName), at: time.now)
        }
    }

    /// Works on the execution of this name until there is nothing more to do at the moment.
    ///
    /// - Parameters:
    ///   - waited: for how long the execution has waited for a worker.
    ///   - logger: the one of this reconciliation.
    func reconcile(_ key: ObjectKey, waited: Duration = .zero, logger: Logger) async -> WorkOutcome {
        var trouble: FailureGroup?
        let outcome = await reconcile(key, waited: waited, logger: logger, &trouble)
        switch outcome {
        case .failed, .waiting:
            if let trouble { recovery.failed(key, in: trouble) } else { recovery.settled(key) }
        // Nothing was tried: what it waits for is still to be found out.
        case .deferred: break
        case .success, .requeue: recovery.settled(key)
        }
        return outcome
    }

    /// - Parameter trouble: which kind of request failed last; nil where none did.
    private func reconcile(
        _ key: ObjectKey, waited: Duration, logger: Logger, _ trouble: inout FailureGroup?
    ) async -> WorkOutcome {
        if let outcome = await confirm(key, logger, &trouble) { return outcome }
        guard let first = executions.execution(for: key), let cache = runs[first.engineName] else { return .success }
        let runKey = ObjectKey(namespace: key.namespace, name: first.runName)
        // What the API server and webhooks answer may repeat parameters.
        let discreet = logger.hiding(masks.mask(of: first))
        var reconciliation = Reconciliation(of: first, runKey, in: cache, logger: discreet)
        defer {
            trouble = reconciliation.trouble
            let execution = executions.execution(for: key)
            if execution?.isFinished ?? true || execution?.status.runRef != nil {
                creates.forget(runKey)
            } else if !reconciliation.waitsForTurn {
                // One that was called and does not come gives its place to others.
                creates.leave(runKey)
            }
        }
        if first.status.runRef == nil, !first.isFinished { creates.addQueueing(waited, of: runKey) }
        for _ in 0..<Self.maximumSteps {
            guard !Task.isCancelled else { return .failed() }
            guard let execution = executions.execution(for: key) else {
                cache.forget(runKey)
                return .success
            }
            // Deleted and created again under the same name: another execution, with another run.
            guard execution.uid == first.uid else { return .requeue(after: .zero) }
            reconciliation.reconsider(execution)
            let instant = time.now
            reconciliation.see(execution, at: instant, now: clock.known())
            reconciliation.facts.createDelay = cache.createDelay(of: runKey, at: instant)
            reconciliation.facts.timeInOwnQueues = creates.queueing(of: runKey)
            reconciliation.facts.isExpiryTurn = executions.expiries.isTurn(of: key)
            reconciliation.facts.pendingCreateDeadline = pendingCreates.settling(runKey, now: instant)
            let situation = Situation(
                execution: execution, engine: cache.engine, facts: reconciliation.facts, now: clock.now(),
                instant: instant,
                timing: timing, links: links)
            let step = situation.next()
            reconciliation.logger.debug("Decided", ["step": .own(step.name)])
            if let outcome = await execute(step, in: situation, &reconciliation) {
                if reconciliation.facts.isExpiryTurn, !outcome.backsOff { executions.expiries.endTurn(of: key) }
                // A run that outlived its verdict is still told to stop.
                if executions.execution(for: key)?.isFinished ?? true, !outcome.backsOff {
                    cache.forget(runKey)
                    pendingCreates.forget(runKey)
                }
                return outcome
            }
        }
        logger.warn("Gave up after too many steps in a row")
        return .failed()
    }

    /// The state of one reconciliation.
    struct Reconciliation {
        let key: ObjectKey
        let runKey: ObjectKey
        let cache: RunCache
        let logger: Logger
        var facts: Facts
        var didCreateRun = false
        /// Which kind of request failed last.
        var trouble: FailureGroup?
        /// True when the run was put into the line of those that are to be created, or is still there.
        var waitsForTurn: Bool { if case .wait = facts.createAdmission { true } else { false } }
        /// The run that the execution was known to have when the facts were gathered.
        private var knownRun: RunReference?

        init(of execution: WorkflowExecution, _ runKey: ObjectKey, in cache: RunCache, logger: Logger) {
            key = execution.key
            self.runKey = runKey
            self.cache = cache
            self.logger = logger
            knownRun = execution.status.runRef
            facts = Self.facts(of: runKey, in: cache)
        }

        private static func facts(of runKey: ObjectKey, in cache: RunCache) -> Facts {
            var facts = Facts(run: cache.knowledge(of: runKey), isEngineServed: cache.isServed(in: runKey.namespace))
            facts.isCacheCurrent = cache.isCurrent(in: runKey.namespace)
            facts.timeline = cache.timeline(of: runKey)
            return facts
        }

        /// Notes what of the execution and of its run is seen now.
        mutating func see(_ execution: WorkflowExecution, at instant: ContinuousClock.Instant, now: ServerTime?) {
            facts.timeline.see(execution, at: instant, now: now)
            if case .present(let run) = facts.run, execution.isRun(run) {
                facts.timeline.see(run, at: instant, now: now)
            }
            cache.keep(facts.timeline, of: runKey)
        }

        /// Gathers the facts anew when the execution has got its run since: what was read before that, such as that
        /// there was no run, proves nothing about it.
        mutating func reconsider(_ execution: WorkflowExecution) {
            guard execution.status.runRef != knownRun else { return }
            knownRun = execution.status.runRef
            facts = Self.facts(of: runKey, in: cache)
        }
    }

    /// Does what was decided; returns the outcome of the reconciliation when that was the last step.
    private func execute(_ step: Step, in situation: Situation, _ reconciliation: inout Reconciliation) async
        -> WorkOutcome?
    {
        let execution = situation.execution
        switch step {
        case .idle(let pause): return pause.map { .requeue(after: $0) } ?? .success
        case .expireLater(let due):
            executions.expiries.plan(reconciliation.key, at: due)
            return .success
        case .failed(let delay): return .failed(retryAfter: delay)
        case .waiting(let delay):
            tell(situation.notCreatedNotice, of: execution)
            return .waiting(retryAfter: delay)
        case .deferred(let pause): return .deferred(atMost: pause)
        case .readRun: await readRun(in: &reconciliation)
        case .createRun(let manifest): await createRun(manifest, for: execution, in: &reconciliation)
        case .readChildren(let run, let listings): await readChildren(of: run, listings, in: &reconciliation)
        case .stopRun(let run, let patch):
            if await stop(run, patch, in: &reconciliation) { tell(situation.shutdownNotice(for: run), of: execution) }
        case .readExecution: return await read(execution, in: &reconciliation)
        case .deleteRun(let run): return await delete(run, in: situation, &reconciliation)
        case .deleteExecution: return await delete(execution, in: &reconciliation)
        case .write(let status): return await write(status, of: execution, in: &reconciliation)
        }
        return nil
    }

    /// Notes that a request of this kind failed, or worked, in the namespace of an execution.
    func note(_ request: FailureGroup.Request, worked: Bool, in reconciliation: inout Reconciliation) {
        let engine = request.isOfEngine ? reconciliation.cache.engine.name : nil
        let group = FailureGroup(request: request, engine: engine, namespace: reconciliation.key.namespace)
        if worked { recovery.worked(reconciliation.key, in: group) } else { reconciliation.trouble = group }
    }

    /// Has people told about an execution, as Kubernetes events.
    func tell(_ notice: Notice?, of execution: WorkflowExecution) {
        guard let notice else { return }
        recorder.record(notice.event(regarding: execution, masking: masks.mask(of: execution)))
    }
}

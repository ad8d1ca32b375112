import Engines
import FoundationEssentials
public import KubeClient
public import KubeRuntime
import TowlineAPI

/// The operator's machinery for executions: caches that follow the cluster, a queue, workers and a poll.
///
/// Expected flow: the caches are filled, then, and where one is elected only in the leader, the workers start; from
/// there on every change of an execution or of its run puts the execution's key into the queue. Runs until it is
/// stopped, whatever the API server does; a missing engine, or a missing definition of the execution itself, is waited
/// for. All its tasks are children of the one that runs it.
public final class ExecutionController: Sendable {
    let configuration: ExecutionConfiguration
    let executions: ExecutionCache
    let runs: [EngineName: RunCache]
    let queue: WorkQueue<ObjectKey>
    let gate: SyncGate
    /// Set once the workers start; before, nothing is queued, however long a standby waits for its turn.
    let isServing = Latch()
    /// Set when caches that cannot be filled need not be waited for any more.
    let isPatienceOver = Latch()
    let fence: TakeoverFence?
    let reconciler: Reconciler
    let metrics: ReconcileMetrics
    let time: any TimeSource
    let logger: Logger
    private let client: KubeClient
    private let recorder: EventRecorder
    private let elector: LeaderElector?
    private let registry: MetricsRegistry
    private let random: @Sendable () -> Double
    let makeReconcileID: @Sendable () -> String

    /// - Parameters:
    ///   - elector: decides when this controller works; its caches are kept filled from the start. What `client` writes
    ///     passes only while the elector's token is valid. Nil to work at once and always.
    ///   - clock: this machine's; it counts for events, and for the status only until the API server told its own time.
    ///   - random: uniform in `0..<1`.
    ///   - makeReconcileID: by what the lines of one reconciliation are found in the log; another one each time.
    public init(
        configuration: ExecutionConfiguration, client unfenced: KubeClient, elector: LeaderElector? = nil,
        time: any TimeSource, clock: WallClock, random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        makeReconcileID: @escaping @Sendable () -> String = ExecutionController.randomReconcileID, logger: Logger,
        registry: MetricsRegistry
    ) {
        let serverClock = ServerClock(time: time, fallback: clock)
        let unfenced = unfenced.routed { serverClock.following($0) }
        let client =
            elector.map { elector in unfenced.routed { FencedTransport($0, token: elector.token) } } ?? unfenced
        let queue = WorkQueue<ObjectKey>(
            name: ReconcileMetrics.controller, time: time, shares: WorkShares(ofWorkers: configuration.workers),
            group: \.namespace, random: random, metrics: registry)
        let expiries = ExpirySchedule(time: time, clock: serverClock) { queue.add($0, priority: .low) }
        let freshness = Freshness(
            engines: configuration.engines, namespaces: configuration.namespaces,
            pace: VerificationPace(interval: configuration.pollInterval), time: time)
        let executions = ExecutionCache(
            namespaces: configuration.namespaces, expiries: expiries, freshness: freshness)
        let runs = RunCache.ofEachEngine(
            followed: configuration.engines, namespaces: configuration.namespaces)
        let logger = logger.controlling()
        self.configuration = configuration
        self.client = client
        self.elector = elector
        self.executions = executions
        self.runs = runs
        self.time = time
        self.random = random
        self.makeReconcileID = makeReconcileID
        self.logger = logger
        self.registry = registry
        metrics = ReconcileMetrics(registry: registry, workers: configuration.workers)
        CacheMetrics.register(in: registry, executions: executions, runs: runs)
        freshness.register(in: registry)
        self.queue = queue
        gate = SyncGate(caches: Self.cacheNames(executions, runs))
        // Events only tell what was done, and the last ones are written after the lease was released.
        recorder = EventRecorder(
            client: unfenced,
            source: EventSource(
                controller: WellKnown.reportingController, instance: configuration.instance,
                fieldManager: WellKnown.fieldManager),
            time: time, clock: clock, random: random, logger: logger, metrics: registry)
        fence = elector.map { _ in TakeoverFence(client: client, executions: executions, time: time, logger: logger) }
        reconciler = Reconciler(
            client: client, executions: executions, runs: runs, time: time, clock: serverClock,
            timing: configuration.timing,
            links: configuration.links, metrics: ExecutionMetrics(registry: registry),
            openCreates: OpenCreates(patience: configuration.timing.requestSettling),
            creates: CreateGate(workers: configuration.workers, time: time) { queue.add($0) },
            recovery: Recovery(interval: configuration.pollInterval, time: time) { queue.add($0) }, recorder: recorder,
            fence: fence)
    }

    /// Takes in that the API server answers again after an outage: what failed meanwhile is tried soon.
    public func serverReturned() { reconciler.recovery.serverReturned() }

    /// A random UUID.
    public static func randomReconcileID() -> String { UUID().uuidString.lowercased() }

    /// Why the controller cannot do its work at the moment; nil when it can.
    ///
    /// A missing engine is no such reason: the executions of the other one go on.
    public var readinessProblem: String? {
        if executions.stores.scopes.contains(where: { !$0.store.isAvailable }) {
            return "the API server does not serve \(WorkflowExecution.resourceType.plural): install the definition"
        }
        if let scope = executions.stores.scopes.first(where: { !$0.store.isSynced }) {
            return "the executions of \(scope.namespace.map { "namespace \($0)" } ?? "the cluster") were never listed"
        }
        return gate.isOpen ? nil : "the caches are still being filled"
    }

    /// Runs until `stop` is set; what is being worked on then is finished within ten seconds, or broken off.
    ///
    /// Cancellation breaks off everything at once. Either way nothing of it runs any more when this returns.
    ///
    /// - Throws: how leadership was lost; the process should end then.
    public func run(until stop: Latch) async throws(LeadershipLoss) {
        let isDone = Latch()
        let loss: LeadershipLoss? = await withDiscardingTaskGroup { group in
            group.addTask { await self.recorder.run(until: isDone) }
            let loss = await self.control(until: stop)
            // Only now nobody records any more.
            isDone.set()
            return loss
        }
        if let loss { throw loss }
    }

    /// Follows the cluster, and works on what it finds there.
    private func control(until stop: Latch) async -> LeadershipLoss? {
        await withDiscardingTaskGroup { group in
            for (namespace, store) in executions.stores.scopes {
                group.addTask { await self.executionReflector(namespace, store).run() }
            }
            for cache in runs.values where cache.isFollowed {
                for (namespace, store) in cache.stores.scopes {
                    group.addTask { await self.runReflector(cache, namespace, store).run() }
                }
            }
            group.addTask { await self.waitForRuns() }
            let loss = await lead(until: stop)
            group.cancelAll()
            return loss
        }
    }

    /// Works for as long as this process leads, and from the beginning where nobody is elected.
    private func lead(until stop: Latch) async -> LeadershipLoss? {
        guard let elector else {
            await work(until: stop)
            return nil
        }
        do {
            try await elector.run(until: stop) { await self.work(until: $0) }
            return nil
        } catch {
            return error
        }
    }

    private func waitForRuns() async {
        guard (try? await time.sleep(for: configuration.timing.cachePatience)) != nil else { return }
        isPatienceOver.set()
        goOn()
    }

    var verifiers: [RunVerifier] {
        executions.freshness.lanes.compactMap { lane in
            guard let cache = runs[lane.engine] else { return nil }
            return RunVerifier(
                client: client, cache: cache, lane: lane, time: time, logger: logger.named("freshness")
            ) { [queue] key in queue.add(key) }
        }
    }

    private func executionReflector(
        _ namespace: String?, _ store: Store<WorkflowExecution>
    ) -> Reflector<WorkflowExecution> {
        Reflector(
            client: client, type: WorkflowExecution.resourceType, scope: ReflectorScope(namespace: namespace),
            settings: reflectorSettings, decoding: WorkflowExecution.storeDecoder, into: store, time: time,
            random: random, logger: logger, metrics: registry
        ) { change in self.follow(change, in: namespace) }
    }

    private func runReflector(
        _ cache: RunCache, _ namespace: String?, _ store: Store<EngineRun>
    ) -> Reflector<EngineRun> {
        Reflector(
            client: client, type: cache.engine.runType,
            scope: ReflectorScope(namespace: namespace, labelSelector: WellKnown.executionUIDLabel),
            settings: runReflectorSettings, decoding: cache.engine.runDecoder, into: store, time: time, random: random,
            logger: logger, metrics: registry
        ) { change in self.follow(change, of: cache, in: namespace) }
    }

    /// Registers the metrics of the reflectors, which otherwise come with the first of them.
    package func registerReflectors() {
        for (namespace, store) in executions.stores.scopes { _ = executionReflector(namespace, store) }
        for cache in runs.values where cache.isFollowed {
            for (namespace, store) in cache.stores.scopes { _ = runReflector(cache, namespace, store) }
        }
    }

    /// Runs may have a hundred kilobytes each, and a page is read as a whole.
    private var runReflectorSettings: ReflectorSettings {
        var settings = reflectorSettings
        settings.pageSize = 100
        return settings
    }

    private var reflectorSettings: ReflectorSettings {
        var settings = ReflectorSettings()
        settings.probeInterval = configuration.timing.engineProbe
        return settings
    }
}

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

extension ExecutionController {
    /// What the end of one task means for those beside it.
    private enum Turn {
        case goesOn
        case ends
    }

    /// Works on executions and verifies their runs until `stop` is set and the workers have ended.
    func work(until stop: Latch) async {
        await withTaskGroup(of: Turn.self) { group in
            group.addTask { await self.serve(until: stop) }
            group.addTask { await self.closeQueue(at: stop) }
            group.addTask { await self.verify() }
            group.addTask { await self.catchUp() }
            for await turn in group where turn == .ends { break }
            executions.expiries.stop()
            reconciler.recovery.stop()
            group.cancelAll()
        }
    }

    /// Takes keys from the queue, several at a time, until it is shut down.
    private func serve(until stop: Latch) async -> Turn {
        await gate.wait()
        await fence?.passed.wait(for: configuration.timing.takeoverPatience, time)
        guard !stop.isSet, !Task.isCancelled else { return .ends }
        logger.info("Starting workers", ["workers": .integer(Int64(configuration.workers))])
        reconciler.inherit()
        beginQueueing()
        await withDiscardingTaskGroup { group in
            for _ in 0..<configuration.workers {
                group.addTask {
                    while let item = await self.queue.next() { await self.handle(item) }
                }
            }
        }
        return .ends
    }

    private func handle(_ item: WorkItem<ObjectKey>) async {
        let logger = logger.reconciling(item.key, id: makeReconcileID(), attempt: item.attempt)
        let start = time.now
        metrics.began()
        let outcome = await reconcile(item, logger)
        queue.done(item.key, outcome)
        let duration = start.duration(to: time.now)
        metrics.ended(outcome, after: duration)
        logger.debug(
            "Reconciled",
            [
                "result": .own(ReconcileMetrics.Result(outcome).rawValue), "duration": .own(duration.goText),
            ])
    }

    /// Reconciles one execution, and breaks that off when it takes too long, so that no other waits for it for ever.
    private func reconcile(_ item: WorkItem<ObjectKey>, _ logger: Logger) async -> WorkOutcome {
        let (outcome, tookTooLong) = await time.run(for: configuration.timing.reconcileDeadline) {
            await self.reconciler.reconcile(item.key, waited: item.waited, logger: logger)
        }
        if tookTooLong {
            metrics.timedOut()
            logger.warn("A reconciliation took too long and is broken off")
        }
        return outcome ?? .failed()
    }

    /// Hands out no work once `stop` is set, and returns when what was handed out has had its time.
    private func closeQueue(at stop: Latch) async -> Turn {
        await stop.wait()
        executions.expiries.stop()
        reconciler.recovery.stop()
        queue.shutDown()
        gate.open()
        try? await time.sleep(for: configuration.timing.shutdownGrace)
        return .ends
    }

    /// Verifies the runs, each engine for itself, once the workers have started.
    private func verify() async -> Turn {
        await isServing.wait()
        executions.freshness.start()
        await withDiscardingTaskGroup { group in
            for verifier in verifiers {
                group.addTask { await verifier.run() }
            }
        }
        return .goesOn
    }

    private func catchUp() async -> Turn {
        await fence?.run()
        return .goesOn
    }
}

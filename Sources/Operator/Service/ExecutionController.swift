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
    let configuration: OperatorConfiguration
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
        configuration: OperatorConfiguration, client unfenced: KubeClient, elector: LeaderElector? = nil,
        time: any TimeSource, clock: WallClock, random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        makeReconcileID: @escaping @Sendable () -> String = ExecutionController.randomReconcileID, logger: Logger,
        registry: MetricsRegistry
    ) {
        let serverClock = ServerClock(time: time, fallback: clock)
        let unfenced = unfenced.routed { serverClock.following($0) }
        let client =
            elector.map { elector in unfenced.routed { FencedTransport($0, token: elector.token) } } ?? unfenced
        let queue = WorkQueue<ObjectKey>(
            name: OperatorMetrics.controller, time: time, shares: WorkShares(ofWorkers: configuration.workers),
            group: \.namespace, random: random, metrics: registry)
        let expiries = ExpirySchedule(time: time, clock: serverClock) { queue.add($0, priority: .low) }
        let freshness = Freshness(
            engines: configuration.engines, namespaces: configuration.namespaces,
            pace: VerificationPace(interval: configuration.pollInterval), time: time)
        let executions = ExecutionCache(
            namespaces: configuration.namespaces, expiries: expiries, freshness: freshness)
        let runs = RunCache.ofEachEngine(configuration)
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
            links: configuration.links, metrics: OperatorMetrics(registry: registry),
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
    func registerReflectors() {
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

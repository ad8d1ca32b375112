import Engines
public import KubeClient
public import KubeRuntime
import WorkflowAPI

/// The operator's machinery for executions: caches that follow the cluster, a queue, workers and a poll.
///
/// Expected flow: the caches are filled, then the workers start; from there on every change of an execution or of its
/// run puts the execution's key into the queue. Runs until it is stopped, whatever the API server does; a missing
/// engine, or a missing definition of the execution itself, is waited for. All its tasks are children of the one that
/// runs it.
public final class ExecutionController: Sendable {
    let configuration: OperatorConfiguration
    let executions: ExecutionCache
    let runs: [EngineName: RunCache]
    let queue: WorkQueue<ObjectKey>
    let gate: SyncGate
    private let client: KubeClient
    private let reconciler: Reconciler
    private let recorder: EventRecorder
    private let metrics: OperatorMetrics
    private let registry: MetricsRegistry
    private let time: any TimeSource
    private let logger: Logger

    public init(
        configuration: OperatorConfiguration, client: KubeClient, time: any TimeSource, clock: WallClock,
        logger: Logger, registry: MetricsRegistry
    ) {
        let namespaces = configuration.namespaces
        let executions = ExecutionCache(namespaces: namespaces)
        let runs = Dictionary(
            EngineCatalogue.all.map { ($0.name, RunCache(engine: $0, namespaces: namespaces)) },
            uniquingKeysWith: { first, _ in first })
        let logger = logger.with(["controller": .string(OperatorMetrics.controller)])
        self.configuration = configuration
        self.client = client
        self.executions = executions
        self.runs = runs
        self.time = time
        self.logger = logger
        self.registry = registry
        metrics = OperatorMetrics(registry: registry)
        queue = WorkQueue(name: OperatorMetrics.controller, time: time, metrics: registry)
        gate = SyncGate(caches: Self.cacheNames(executions, runs))
        recorder = EventRecorder(
            client: client,
            source: EventSource(
                controller: WellKnown.reportingController, instance: configuration.instance,
                fieldManager: WellKnown.fieldManager),
            time: time, clock: clock, logger: logger, metrics: registry)
        reconciler = Reconciler(
            client: client, executions: executions, runs: runs, clock: clock, timing: configuration.timing,
            links: configuration.links, logger: logger, metrics: metrics, recorder: recorder)
    }

    /// Why the controller cannot do its work at the moment; nil when it can.
    ///
    /// A missing engine is no such reason: the executions of the other one go on.
    public var readinessProblem: String? {
        if executions.stores.scopes.contains(where: { !$0.store.isAvailable }) {
            return "the API server does not serve \(WorkflowExecution.resourceType.plural): install the definition"
        }
        return gate.isOpen ? nil : "the caches are still being filled"
    }

    /// Runs until `stop` is set; what is being worked on then is finished within ten seconds, or broken off.
    ///
    /// Cancellation breaks off everything at once. Either way nothing of it runs any more when this returns.
    public func run(until stop: Latch) async {
        let isDone = Latch()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.recorder.run(until: isDone) }
            await self.control(until: stop)
            // Only now nobody records any more.
            isDone.set()
        }
    }

    /// Follows the cluster, and works on what it finds there.
    private func control(until stop: Latch) async {
        await withDiscardingTaskGroup { group in
            for (namespace, store) in executions.stores.scopes {
                group.addTask { await self.executionReflector(namespace, store).run() }
            }
            for cache in runs.values {
                for (namespace, store) in cache.stores.scopes {
                    group.addTask { await self.runReflector(cache, namespace, store).run() }
                }
            }
            await work(until: stop)
            group.cancelAll()
        }
    }

    /// Works on executions and verifies their runs until `stop` is set and the workers have ended.
    private func work(until stop: Latch) async {
        await withTaskGroup(of: Turn.self) { group in
            group.addTask { await self.serve(until: stop) }
            group.addTask { await self.closeQueue(at: stop) }
            group.addTask { await self.poll() }
            group.addTask { await self.waitForRuns() }
            for await turn in group where turn == .ends { break }
            group.cancelAll()
        }
    }

    /// What the end of one task means for those beside it.
    private enum Turn {
        case goesOn
        case ends
    }

    /// Takes keys from the queue, several at a time, until it is shut down.
    private func serve(until stop: Latch) async -> Turn {
        await gate.wait()
        guard !stop.isSet, !Task.isCancelled else { return .ends }
        logger.info("Starting workers", ["workers": .integer(Int64(configuration.workers))])
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
        let start = time.now
        let outcome = await reconciler.reconcile(item.key, attempt: item.attempt)
        queue.done(item.key, outcome)
        metrics.reconciled(outcome, after: start.duration(to: time.now))
    }

    /// Hands out no work once `stop` is set, and returns when what was handed out has had its time.
    private func closeQueue(at stop: Latch) async -> Turn {
        await stop.wait()
        queue.shutDown()
        gate.open()
        try? await time.sleep(for: configuration.timing.shutdownGrace)
        return .ends
    }

    private func poll() async -> Turn {
        await poller.run()
        return .goesOn
    }

    private func waitForRuns() async -> Turn {
        if (try? await time.sleep(for: configuration.timing.cachePatience)) != nil { goOnWithoutRuns() }
        return .goesOn
    }

    private var poller: RunPoller {
        RunPoller(
            client: client, executions: executions, runs: runs, queue: queue, interval: configuration.pollInterval,
            acrossNamespaces: configuration.namespaces.isEmpty, time: time, logger: logger)
    }

    private func executionReflector(
        _ namespace: String?, _ store: Store<WorkflowExecution>
    ) -> Reflector<WorkflowExecution> {
        Reflector(
            client: client, type: WorkflowExecution.resourceType, scope: ReflectorScope(namespace: namespace),
            settings: reflectorSettings, decoding: WorkflowExecution.storeDecoder, into: store, time: time,
            logger: logger, metrics: registry
        ) { change in self.follow(change, in: namespace) }
    }

    private func runReflector(
        _ cache: RunCache, _ namespace: String?, _ store: Store<EngineRun>
    ) -> Reflector<EngineRun> {
        Reflector(
            client: client, type: cache.engine.runType,
            scope: ReflectorScope(namespace: namespace, labelSelector: WellKnown.executionUIDLabel),
            settings: reflectorSettings, decoding: cache.engine.runDecoder, into: store, time: time, logger: logger,
            metrics: registry
        ) { change in self.follow(change, of: cache, in: namespace) }
    }

    private var reflectorSettings: ReflectorSettings {
        var settings = ReflectorSettings()
        settings.probeInterval = configuration.timing.engineProbe
        return settings
    }
}

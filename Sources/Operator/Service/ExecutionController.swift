import Engines
public import KubeClient
public import KubeRuntime
import WorkflowAPI

/// The operator's machinery for executions: caches that follow the cluster, a queue, workers and a poll.
///
/// Expected flow: the caches are filled, then the workers start; from there on every change of an execution or of its
/// run puts the execution's key into the queue. Runs until the task is cancelled, whatever the API server does; a
/// missing engine, or a missing definition of the execution itself, is waited for.
public final class ExecutionController: Sendable {
    let configuration: OperatorConfiguration
    let executions: ExecutionCache
    let runs: [EngineName: RunCache]
    let queue: WorkQueue<ObjectKey>
    let gate: SyncGate
    private let client: KubeClient
    private let reconciler: Reconciler
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
        reconciler = Reconciler(
            client: client, executions: executions, runs: runs, clock: clock, timing: configuration.timing,
            logger: logger, metrics: metrics)
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

    /// Runs until the task is cancelled; what is being worked on then is finished within ten seconds, or broken off.
    public func run() async {
        let workers = Task { await self.work() }
        let patience = time.schedule(after: configuration.timing.cachePatience) { self.goOnWithoutRuns() }
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                for (namespace, store) in executions.stores.scopes {
                    group.addTask { await self.executionReflector(namespace, store).run() }
                }
                for cache in runs.values {
                    for (namespace, store) in cache.stores.scopes {
                        group.addTask { await self.runReflector(cache, namespace, store).run() }
                    }
                }
                group.addTask { await self.poller.run() }
            }
        } onCancel: {
            gate.open()
            queue.shutDown()
        }
        time.cancel(patience)
        await finish(workers)
    }

    /// Takes keys from the queue, several at a time, until it is shut down.
    private func work() async {
        await gate.wait()
        logger.info("Starting workers", ["workers": .integer(Int64(configuration.workers))])
        await withDiscardingTaskGroup { group in
            for _ in 0..<configuration.workers {
                group.addTask {
                    while let item = await self.queue.next() {
                        let start = self.time.now
                        let outcome = await self.reconciler.reconcile(item.key, attempt: item.attempt)
                        self.queue.done(item.key, outcome)
                        self.metrics.reconciled(outcome, after: start.duration(to: self.time.now))
                    }
                }
            }
        }
    }

    private func finish(_ workers: Task<Void, Never>) async {
        let limit = time.schedule(after: .seconds(10)) { workers.cancel() }
        await workers.value
        time.cancel(limit)
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

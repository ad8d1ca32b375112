import Engines
import KubeClient
public import KubeRuntime
import TowlineAPI

/// The controller of `WorkflowExecution`: it creates one run for each execution, follows it, and reports how it ended.
///
/// ``controller`` follows executions and the runs of each engine, see ``ExecutionSources``. ``Reconciler`` decides and
/// acts. ``ExpirySchedule`` queues executions when TTLs expire, ``Recovery`` retries failed ones early, and
/// ``Freshness`` verifies unfinished runs. If an engine or the CRD of executions is not installed, the controller waits
/// for it.
public final class ExecutionController: Sendable {
    /// The controller, which a ``ControllerManager`` runs.
    public let controller: Controller
    let reconciler: Reconciler
    let queue: WorkQueue<ObjectKey>

    /// Creates the controller's components. No request is sent before the controller runs.
    public init(configuration: ExecutionConfiguration, managedBy manager: ControllerManager) {
        let type = WorkflowExecution.resourceType
        let (time, logger) = (manager.time, manager.logger(for: type))
        let queue = manager.makeQueue(for: type, workers: configuration.workers)
        self.queue = queue
        let expiries = ExpirySchedule(
            turnsPerSecond: ExpirySchedule.expiriesPerSecond, time: time, clock: manager.clock
        ) { queue.add($0, priority: .low) }
        let freshness = Freshness(
            engines: configuration.engines, namespaces: configuration.namespaces,
            pace: VerificationPace(interval: configuration.pollInterval), time: time)
        let executions = ExecutionCache(
            namespaces: configuration.namespaces, expiries: expiries, freshness: freshness)
        let runs = RunCache.ofEachEngine(followed: configuration.engines, namespaces: configuration.namespaces)
        CacheMetrics.register(in: manager.metrics, executions: executions, runs: runs)
        freshness.register(in: manager.metrics)
        let takeover =
            manager.isElected ? TakeoverSync(type, executions.stores, managedBy: manager) : nil
        let reconciler = Reconciler(
            client: manager.client, executions: executions, runs: runs, time: time, clock: manager.clock,
            timing: configuration.timing, links: configuration.links,
            runLabels: configuration.runLabels, allowedSources: configuration.allowedSources,
            metrics: ExecutionMetrics(registry: manager.metrics),
            pendingCreates: PendingCreates(patience: configuration.timing.requestSettling),
            creates: CreateGate(workers: configuration.workers, time: time) { queue.add($0) },
            recovery: Recovery(interval: configuration.pollInterval, time: time) { queue.add($0) },
            recorder: manager.recorder, takeover: takeover)
        let sources = ExecutionSources(executions: executions, runs: runs, reconciler: reconciler)
        let verifiers = freshness.lanes.compactMap { lane in
            runs[lane.engine].map { cache in
                RunVerifier(
                    client: manager.client, cache: cache, lane: lane, time: time, logger: logger.named("freshness")
                ) { queue.add($0) }
            }
        }
        controller = Controller(
            for: type, settings: ControllerSettings(workers: configuration.workers), managedBy: manager,
            sources: sources.all(probeInterval: configuration.timing.engineProbe), queue: queue, takeover: takeover,
            services: [
                BackgroundService(start: { reconciler.expectCreatesOfPredecessor() }),
                BackgroundService(start: { expiries.start() }, stop: { expiries.stop() }),
                BackgroundService(start: { reconciler.recovery.start() }, stop: { reconciler.recovery.stop() }),
                BackgroundService(run: {
                    freshness.start()
                    await withDiscardingTaskGroup { group in
                        for verifier in verifiers { group.addTask { await verifier.run() } }
                    }
                }),
            ],
            initialRequests: { sources.initialRequests }
        ) { key, waited, logger in
            await reconciler.reconcile(key, waited: waited, logger: logger)
        }
        self.reconciler = reconciler
    }

    /// Retries executions that failed while the API server was unreachable. Call it when the API server is reachable
    /// again.
    public func serverReturned() { reconciler.recovery.serverReturned() }
}

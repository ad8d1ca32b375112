public import KubeClient

/// The limits of a ``Controller``.
public struct ControllerSettings: Sendable {
    /// Maximum concurrent reconciliations.
    public var workers: Int
    /// How long the workers wait for caches that cannot be filled, for example because a permission is missing.
    public var cacheSyncTimeout = Duration.seconds(15)
    /// How long a new leader's workers wait for the primary cache to catch up with the writes of its predecessor.
    public var takeoverTimeout = Duration.milliseconds(500)
    /// Maximum duration of one reconciliation; after that it is canceled and retried.
    public var reconcileTimeout = Duration.seconds(120)
    /// How long reconciliations that are running at shutdown may take before they are canceled.
    public var shutdownGracePeriod = Duration.seconds(10)
    /// True if the process is ready although the API server does not serve the kind.
    public var isOptional = false

    public init(workers: Int) {
        self.workers = workers
    }
}

/// Work that a controller does in addition to its reconciliations, such as timers and polls.
public struct BackgroundService: Sendable {
    let start: @Sendable () -> Void
    let stop: @Sendable () -> Void
    let run: @Sendable () async -> Void

    /// - Parameters:
    ///   - start: called when the workers start, before the first object is queued.
    ///   - stop: called when shutdown begins, and again when the workers have ended. It must be safe to call it twice.
    ///   - run: runs from the start of the workers until they have ended; its task is then canceled.
    public init(
        start: @escaping @Sendable () -> Void = {}, stop: @escaping @Sendable () -> Void = {},
        run: @escaping @Sendable () async -> Void = {}
    ) {
        self.start = start
        self.stop = stop
        self.run = run
    }
}

/// Reconciles the objects of one kind: watches sources, queues the objects that a change affects, and processes them
/// with a fixed number of workers.
///
/// A ``ControllerManager`` runs the controller. The caches of all sources are filled first, including on standbys. With
/// leader election, only the leader's workers run. Once they run, each change queues the keys that its
/// ``ControllerSource`` maps it to. One worker at a time has a key.
///
/// A missing resource type, a namespace without read permission, a reconciliation that hangs, or one that keeps failing
/// does not delay other objects.
public final class Controller: Sendable {
    /// Brings one object closer to its desired state.
    ///
    /// The parameters are the object's key, how long it waited for a worker, and a logger that names the object.
    public typealias Reconcile = @Sendable (_ key: ObjectKey, _ waited: Duration, _ logger: Logger) async -> WorkOutcome

    /// The kind that is reconciled.
    public let type: ResourceType
    let sources: [ControllerSource]
    private let settings: ControllerSettings
    private let services: [BackgroundService]
    private let queue: WorkQueue<ObjectKey>
    private let takeover: TakeoverSync?
    private let manager: ControllerManager
    private let logger: Logger
    private let metrics: ReconcileMetrics
    private let gate: CacheGate
    /// Set when the workers start; changes before that are not queued, because `initialRequests` covers them.
    private let isServing = Latch()
    /// Set when every service has started; no service runs before that.
    private let haveServicesStarted = Latch()
    private let initialRequests: @Sendable () -> [ReconcileRequest]
    private let reconcile: Reconcile

    /// - Parameters:
    ///   - queue: the controller's own queue, see ``ControllerManager/makeQueue(for:workers:)``. Timers and other
    ///     services may add keys to it.
    ///   - takeover: reports when the primary cache has caught up with a former leader; nil without an election.
    ///   - services: started in this order.
    ///   - initialRequests: the objects that may need work when the workers start, no matter how long the caches have
    ///     been filled.
    public init(
        for type: ResourceType, settings: ControllerSettings, managedBy manager: ControllerManager,
        sources: [ControllerSource], queue: WorkQueue<ObjectKey>, takeover: TakeoverSync? = nil,
        services: [BackgroundService] = [], initialRequests: @escaping @Sendable () -> [ReconcileRequest],
        reconcile: @escaping Reconcile
    ) {
        self.type = type
        self.settings = settings
        self.manager = manager
        self.sources = sources
        self.queue = queue
        self.takeover = takeover
        self.services = services
        self.initialRequests = initialRequests
        self.reconcile = reconcile
        logger = manager.logger(for: type)
        metrics = ReconcileMetrics(
            registry: manager.metrics, controller: type.controllerName, workers: settings.workers)
        gate = CacheGate(sources: sources)
    }

    /// Why the controller cannot work now; nil if it can.
    ///
    /// Only primary sources count: a secondary type that is missing does not keep the controller from serving the rest.
    public var readinessProblem: String? {
        for source in sources where source.role == .primary {
            if source.caches.contains(where: { !$0.isAvailable }) {
                if settings.isOptional { return nil }
                return "the API server does not serve \(source.type.qualifiedName): \(source.remedy)"
            }
            if let cache = source.caches.first(where: { !$0.isSynced }) {
                let place = cache.namespace.map { "namespace \($0)" } ?? "the cluster"
                return "the \(source.type.plural) of \(place) have not been listed yet"
            }
        }
        return gate.isOpen ? nil : "the caches are still being filled"
    }
}

// MARK: - Sources

extension Controller {
    /// Keeps the caches of all sources current until the task is canceled.
    func follow() async {
        await withDiscardingTaskGroup { group in
            for reflect in makeReflectors() { group.addTask { await reflect() } }
            group.addTask {
                guard (try? await self.manager.time.sleep(for: self.settings.cacheSyncTimeout)) != nil else { return }
                self.gate.timeOut()
            }
        }
    }

    /// Makes the reflectors, which registers their metrics.
    func makeReflectors() -> [@Sendable () async -> Void] {
        sources.flatMap { source in
            source.caches.map { cache in
                cache.makeReflector(
                    client: manager.client, time: manager.time, random: manager.random, logger: logger,
                    metrics: manager.metrics, isServing: { self.isServing.isSet }
                ) { requests, settled in
                    self.submit(requests)
                    if let settled { self.gate.settle(cache.name, isSynced: settled == .synced) }
                }
            }
        }
    }

    private func submit(_ requests: [ReconcileRequest]) {
        guard isServing.isSet else { return }
        for request in requests {
            switch request {
            case .changed(let key): queue.add(key)
            case .recheck(let key): queue.add(key, priority: .low, endsBackoff: false)
            case .deleted(let key): queue.drop(key)
            }
        }
    }
}

// MARK: - Workers

extension Controller {
    /// Runs the workers until `stop` is set and the running reconciliations have ended, or the task is canceled.
    ///
    /// At shutdown no more keys are handed out. Reconciliations that are running then have
    /// ``ControllerSettings/shutdownGracePeriod`` to end.
    func work(until stop: Latch) async {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await self.serve(until: stop)
                return true
            }
            group.addTask {
                await self.shutDown(at: stop)
                return true
            }
            group.addTask {
                await self.runServices()
                return false
            }
            group.addTask {
                await self.takeover?.run()
                return false
            }
            for await endsWork in group where endsWork { break }
            for service in services { service.stop() }
            group.cancelAll()
        }
    }

    private func serve(until stop: Latch) async {
        await gate.wait()
        await takeover?.caughtUp.wait(for: settings.takeoverTimeout, manager.time)
        guard !stop.isSet, !Task.isCancelled else { return }
        logger.info("Starting workers", ["workers": .integer(Int64(settings.workers))])
        isServing.set()
        for service in services { service.start() }
        haveServicesStarted.set()
        submit(initialRequests())
        await withDiscardingTaskGroup { group in
            for _ in 0..<settings.workers {
                group.addTask {
                    while let item = await self.queue.next() { await self.handle(item) }
                }
            }
        }
    }

    private func shutDown(at stop: Latch) async {
        await stop.wait()
        for service in services { service.stop() }
        queue.shutDown()
        gate.open()
        try? await manager.time.sleep(for: settings.shutdownGracePeriod)
    }

    private func runServices() async {
        await haveServicesStarted.wait()
        guard !Task.isCancelled else { return }
        await withDiscardingTaskGroup { group in
            for service in services { group.addTask { await service.run() } }
        }
    }

    private func handle(_ item: WorkItem<ObjectKey>) async {
        let logger = logger.reconciling(type, item.key, id: manager.makeReconcileID(), attempt: item.attempt)
        let time = manager.time
        let start = time.now
        metrics.began()
        let (result, tookTooLong) = await time.run(for: settings.reconcileTimeout) {
            await self.reconcile(item.key, item.waited, logger)
        }
        if tookTooLong {
            metrics.timedOut()
            logger.warn(
                "The reconciliation timed out; retrying",
                ["timeout": .duration(settings.reconcileTimeout)])
        }
        let outcome = result ?? .failed()
        queue.done(item.key, outcome)
        let duration = start.duration(to: time.now)
        metrics.ended(outcome, after: duration)
        logger.debug(
            "Reconciled",
            ["result": .own(ReconcileMetrics.Result(outcome).rawValue), "duration": .duration(duration)])
    }
}

import FoundationEssentials
public import KubeClient

/// Runs the controllers of one process, and owns their shared parts: the client, the election, events, time and
/// metrics.
///
/// The caches of all controllers are filled from the start, so that a standby can take over at once. Only the leader's
/// workers run. The shutdown order is: the workers end, the lease is released, the reflectors end, the last events are
/// published.
public struct ControllerManager: Sendable {
    /// The client for the API server. With leader election, it sends writes only while this process leads.
    public let client: KubeClient
    /// The API server's clock.
    public let clock: ServerClock
    /// Publishes Kubernetes events.
    public let recorder: EventRecorder
    public let time: any TimeSource
    public let metrics: MetricsRegistry
    let random: @Sendable () -> Double
    let makeReconcileID: @Sendable () -> String
    private let elector: LeaderElector?
    private let logger: Logger

    /// - Parameters:
    ///   - client: sends requests to the API server.
    ///   - elector: decides when the workers start; nil to start them immediately.
    ///   - events: the source that this process's events name.
    ///   - clock: this machine's clock. Events use it; everything else uses it until the API server's time is known.
    ///   - random: uniform in `0..<1`.
    ///   - makeReconcileID: identifies the log lines of one reconciliation; a different value each time.
    public init(
        client unfenced: KubeClient, elector: LeaderElector? = nil, events: EventSource, time: any TimeSource,
        clock: WallClock, random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        makeReconcileID: @escaping @Sendable () -> String = ControllerManager.randomReconcileID, logger: Logger,
        metrics: MetricsRegistry
    ) {
        let serverClock = ServerClock(time: time, fallback: clock)
        let unfenced = unfenced.routed { serverClock.following($0) }
        client = elector.map { elector in unfenced.routed { FencedTransport($0, token: elector.token) } } ?? unfenced
        // Events only report what was done, and the last ones are published after the lease was released.
        recorder = EventRecorder(
            client: unfenced, source: events, time: time, clock: clock, random: random, logger: logger,
            metrics: metrics)
        self.clock = serverClock
        self.elector = elector
        self.time = time
        self.random = random
        self.makeReconcileID = makeReconcileID
        self.logger = logger
        self.metrics = metrics
    }

    /// A random UUID.
    public static func randomReconcileID() -> String { UUID().uuidString.lowercased() }

    /// True if this process works only while it holds a lease.
    public var isElected: Bool { elector != nil }

    /// Makes the queue of a controller, in which the objects of one namespace cannot occupy all workers.
    public func makeQueue(for type: ResourceType, workers: Int) -> WorkQueue<ObjectKey> {
        WorkQueue(
            name: type.controllerName, time: time, shares: WorkShares(ofWorkers: workers), group: \.namespace,
            random: random, metrics: metrics)
    }

    /// A logger for a controller of this kind.
    public func logger(for type: ResourceType) -> Logger { logger.controlling(type) }

    /// Runs the controllers until `stop` is set and their work has ended.
    ///
    /// If the task is canceled, everything is canceled at once. No work is still running when this method returns or
    /// throws.
    ///
    /// - Throws: How leadership was lost. The process should exit then.
    public func run(_ controllers: [Controller], until stop: Latch) async throws(LeadershipLoss) {
        let allEnded = Latch()
        let loss: LeadershipLoss? = await withDiscardingTaskGroup { group in
            group.addTask { await recorder.run(until: allEnded) }
            let loss = await follow(controllers, until: stop)
            allEnded.set()
            return loss
        }
        if let loss { throw loss }
    }

    private func follow(_ controllers: [Controller], until stop: Latch) async -> LeadershipLoss? {
        await withDiscardingTaskGroup { group in
            for controller in controllers { group.addTask { await controller.follow() } }
            let loss = await lead(controllers, until: stop)
            group.cancelAll()
            return loss
        }
    }

    private func lead(_ controllers: [Controller], until stop: Latch) async -> LeadershipLoss? {
        @Sendable func work(until stop: Latch) async {
            await withDiscardingTaskGroup { group in
                for controller in controllers { group.addTask { await controller.work(until: stop) } }
            }
        }
        guard let elector else {
            await work(until: stop)
            return nil
        }
        do {
            try await elector.run(until: stop, leading: work)
            return nil
        } catch {
            return error
        }
    }

    /// Registers the metrics of the controllers' reflectors, which otherwise appear when they start.
    package func registerReflectors(of controllers: [Controller]) {
        for controller in controllers { _ = controller.makeReflectors() }
    }
}

extension ResourceType {
    /// The plural with the group: `pipelineruns.tekton.dev`.
    var qualifiedName: String { group.isEmpty ? plural : "\(plural).\(group)" }

    /// The name of the kind's controller in metrics and logs: the kind in lower case, as in controller-runtime.
    var controllerName: String { kind.lowercased() }
}

extension Logger {
    /// A logger for the controller of a kind, with controller-runtime's keys.
    package func controlling(_ type: ResourceType) -> Logger {
        with([
            "controller": .own(type.controllerName), "controllerGroup": .own(type.group),
            "controllerKind": .own(type.kind),
        ])
    }

    /// A logger for one reconciliation, with controller-runtime's keys; `attempt` is 1 plus the failures in a row.
    package func reconciling(_ type: ResourceType, _ key: ObjectKey, id: String, attempt: Int) -> Logger {
        about([
            type.kind: .object(["name": key.name, "namespace": key.namespace]), "namespace": .own(key.namespace),
            "name": .own(key.name), "reconcileID": .own(id), "attempt": .integer(Int64(attempt)),
        ])
    }
}

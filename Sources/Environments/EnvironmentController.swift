import KubeClient
public import KubeRuntime
import TowlineAPI

/// The configuration of the controller of environments.
public struct EnvironmentConfiguration: Sendable {
    /// The namespaces whose environments are served; empty means all of them.
    public var namespaces: [String]
    /// Maximum concurrent reconciliations.
    public var workers: Int
    /// How long before the expiry the condition `ExpiringSoon` is set; zero disables it.
    public var expiryWarning: Duration
    /// How often to check whether a missing type has been installed.
    public var probeInterval: Duration

    public init(
        namespaces: [String] = [], workers: Int = 8, expiryWarning: Duration = .seconds(3600),
        probeInterval: Duration = .seconds(30)
    ) {
        self.namespaces = namespaces
        self.workers = workers
        self.expiryWarning = expiryWarning
        self.probeInterval = probeInterval
    }
}

/// The controller of `Environment`: it runs the phases one after another, each as an execution, ends environments when
/// they expire, and tears them down.
///
/// ``EnvironmentDecision`` decides, and ``EnvironmentReconciler`` acts. Nothing here looks into an execution: the
/// controller of executions runs it.
public final class EnvironmentController: Sendable {
    /// The controller, which a ``ControllerManager`` runs.
    public let controller: Controller
    let reconciler: EnvironmentReconciler

    /// How many environments may begin to end, or be warned, in one second.
    static let turnsPerSecond = 1_000

    /// Creates the controller's components. No request is sent before the controller runs.
    public init(configuration: EnvironmentConfiguration, managedBy manager: ControllerManager) {
        let type = Environment.resourceType
        let (clock, warning) = (manager.clock, configuration.expiryWarning)
        let queue = manager.makeQueue(for: type, workers: configuration.workers)
        let schedule = TurnSchedule(turnsPerSecond: Self.turnsPerSecond, time: manager.time, clock: clock) {
            queue.add($0)
        }
        let stores = ScopedStores<EnvironmentEntry>(namespaces: configuration.namespaces)
        let cache = EnvironmentCache(stores: stores, schedule: schedule)
        let reconciler = EnvironmentReconciler(
            client: manager.client, cache: cache, clock: clock, expiryWarning: warning,
            recorder: manager.recorder, metrics: EnvironmentMetrics(registry: manager.metrics))
        self.reconciler = reconciler
        EnvironmentMetrics.register(stores, clock: clock, in: manager.metrics)
        var settings = ReflectorSettings()
        settings.probeInterval = configuration.probeInterval
        let environments = ControllerSource(
            type, role: .primary, settings: settings,
            remedy: WellKnown.definitionRemedy,
            decoding: { (cursor) throws(JSONError) in
                EnvironmentEntry(
                    of: try Environment(reading: &cursor), now: clock.now(), expiryWarning: warning)
            },
            into: stores
        ) { change, _ in cache.follow(change).map { [$0] } ?? [] }
        let executions = ControllerSource(
            WorkflowExecution.resourceType, role: .secondary, labelSelector: WellKnown.environmentUIDLabel,
            settings: settings, remedy: WellKnown.definitionRemedy,
            decoding: PhaseExecutionEntry.decoder,
            into: ScopedStores<PhaseExecutionEntry>(namespaces: configuration.namespaces)
        ) { change, _ in Self.requests(after: change) }
        // Executions are processed although the definition of environments is not installed.
        var limits = ControllerSettings(workers: configuration.workers)
        limits.isOptional = true
        controller = Controller(
            for: type, settings: limits, managedBy: manager,
            sources: [environments, executions], queue: queue,
            services: [BackgroundService(start: { schedule.start() }, stop: { schedule.stop() })],
            initialRequests: { cache.keysThatNeedAttention.map { .recheck($0) } }
        ) { key, _, logger in
            await reconciler.reconcile(key, logger: logger)
        }
    }

    /// The environment of an execution that ended, or disappeared.
    private static func requests(after change: StoreChange<PhaseExecutionEntry>) -> [ReconcileRequest] {
        switch change {
        case .added(let entry), .deleted(let entry): entry.environment.map { [.changed($0)] } ?? []
        case .changed(let old, let new):
            old.uid != new.uid || old.isFinished != new.isFinished || old.isDeleted != new.isDeleted
                ? new.environment.map { [.changed($0)] } ?? [] : []
        case .quarantined, .vanished, .synced, .unavailable: []
        }
    }
}

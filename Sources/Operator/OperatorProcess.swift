import Executions
public import KubeClient
public import KubeRuntime

/// The operator as a process runs it: transport, controller, probes and metrics.
public struct OperatorProcess: Sendable {
    private let configuration: OperatorConfiguration
    private let transports: [CurlTransport]
    fileprivate let manager: ControllerManager
    fileprivate let controllers: [Controller]
    private let executions: ExecutionController
    private let rights: RightsCheck
    let registry: MetricsRegistry
    private let checks: HealthChecks
    private let time: any TimeSource
    private let logger: Logger

    /// Prepares everything; nothing is sent yet.
    ///
    /// - Throws: what is wrong with the cluster's configuration.
    public init(configuration: OperatorConfiguration, cluster: ClusterConfiguration, logger: Logger) throws {
        let registry = MetricsRegistry()
        registry.registerProcessMetrics()
        registry.gauge("towline_build_info", help: "Always 1; its label has the version.", labels: ["version"])
            .set(1, [configuration.version])
        let time = SystemTime()
        let transport = try CurlTransport(
            configuration: cluster, userAgent: "towline/\(configuration.version) (linux) operator")
        let metered = MeteredTransport(transport, server: cluster.server, time: time, registry: registry)
        let patient = CircuitBreakerTransport(metered, time: time, logger: logger)
        let election = try configuration.election.map {
            try Election($0, configuration, cluster, time, logger, registry)
        }
        let manager = ControllerManager(
            client: KubeClient(transport: patient), elector: election?.elector,
            events: .towline(instance: configuration.executions.instance), time: time, clock: .system, logger: logger,
            metrics: registry)
        let executions = ExecutionController(configuration: configuration.executions, managedBy: manager)
        patient.whenServerRecovers { [weak executions] in executions?.serverReturned() }
        let controllers = [executions.controller]
        let checks = HealthChecks()
        checks.add("ping", for: .liveness) { nil }
        checks.add("caches", for: .readiness) { controllers.lazy.compactMap(\.readinessProblem).first }
        self.configuration = configuration
        transports = [transport] + (election.map { [$0.transport] } ?? [])
        self.manager = manager
        self.controllers = controllers
        self.executions = executions
        rights = RightsCheck(
            client: KubeClient(transport: patient), namespaces: configuration.executions.namespaces,
            engines: configuration.executions.engines,
            lease: configuration.election.map { $0.lease(in: cluster) }, time: time, logger: logger)
        self.registry = registry
        self.checks = checks
        self.time = time
        self.logger = logger
    }

    /// Runs until `shutdown` returns.
    public func run(until shutdown: @escaping @Sendable () async -> Void) async throws {
        let stop = Latch()
        var services = [Service("controller", stop: { stop.set() }) { try await manager.run(controllers, until: stop) }]
        services.append(Service("rights") { await rights.run() })
        services.append(Service("log") { [logger] in await logger.sink.run() })
        if let address = configuration.probeAddress {
            let server = try DiagnosticsServer(address: address, checks: checks, metrics: nil)
            services.append(Service("probes") { await server.run() })
        }
        if let address = configuration.metricsAddress {
            let server = try DiagnosticsServer(address: address, checks: nil, metrics: registry)
            services.append(Service("metrics") { await server.run() })
        }
        let result: Result<Void, any Error>
        do {
            try await ServiceGroup(services, time: time, logger: logger).run(until: shutdown)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        for transport in transports { await transport.shutdown() }
        try result.get()
    }
}

extension OperatorConfiguration.Election {
    /// The lease, which is in the namespace of the process where no other is named.
    fileprivate func lease(in cluster: ClusterConfiguration) -> ObjectKey {
        ObjectKey(namespace: namespace ?? cluster.namespace, name: name)
    }
}

/// Election over connections of its own, so that nothing else can hold up a renewal.
private struct Election {
    let transport: CurlTransport
    let elector: LeaderElector

    init(
        _ election: OperatorConfiguration.Election, _ configuration: OperatorConfiguration,
        _ cluster: ClusterConfiguration, _ time: any TimeSource, _ logger: Logger, _ registry: MetricsRegistry
    ) throws {
        transport = try CurlTransport(
            configuration: cluster, userAgent: "towline/\(configuration.version) (linux) election")
        let metered = MeteredTransport(transport, server: cluster.server, time: time, registry: registry)
        let settings = ElectionSettings(
            lease: election.lease(in: cluster),
            identity: ElectionSettings.makeIdentity(host: configuration.executions.instance),
            timing: election.timing)
        elector = LeaderElector(
            settings: settings, client: KubeClient(transport: metered), time: time, clock: .system, logger: logger,
            metrics: registry)
    }
}

/// The metrics of an operator that has not begun to work: the source of the reference page and of its tests.
public struct MetricsReference: Sendable {
    public let registry: MetricsRegistry
    /// Kept, because what is read at a scrape is read from its parts.
    private let process: OperatorProcess

    /// Wires up an operator as a process runs it, with an election, and does not run it.
    public init() throws {
        let configuration = OperatorConfiguration(
            election: OperatorConfiguration.Election(), version: "0.0.0")
        let cluster = ClusterConfiguration(server: "http://127.0.0.1:1", origin: "reference")
        process = try OperatorProcess(
            configuration: configuration, cluster: cluster, logger: Logger(LogSink(write: { _ in })))
        registry = process.registry
        process.manager.registerReflectors(of: process.controllers)
    }
}

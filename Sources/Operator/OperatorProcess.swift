import Environments
import Executions
public import KubeClient
public import KubeRuntime

/// The operator process: transports, election, controllers, permission check, probes and metrics.
public struct OperatorProcess: Sendable {
    private let configuration: OperatorConfiguration
    private let transports: [CurlTransport]
    fileprivate let manager: ControllerManager
    fileprivate let controllers: [Controller]
    private let executions: ExecutionController
    private let permissions: PermissionCheck
    let registry: MetricsRegistry
    private let checks: HealthChecks
    private let time: any TimeSource
    private let logger: Logger

    /// Creates all parts of the process. No request is sent before ``run(until:)``.
    ///
    /// - Throws: What is wrong with the configuration of the cluster.
    public init(configuration: OperatorConfiguration, cluster: ClusterConfiguration, logger: Logger) throws {
        let registry = MetricsRegistry()
        registry.registerProcessMetrics()
        registry.gauge("towline_build_info", help: "Always 1; the label has the version.", labels: ["version"])
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
        let environments = EnvironmentController(configuration: configuration.environments, managedBy: manager)
        let controllers = [executions.controller, environments.controller]
        let checks = HealthChecks()
        checks.add("ping", for: .liveness) { nil }
        checks.add("caches", for: .readiness) { controllers.lazy.compactMap(\.readinessProblem).first }
        self.configuration = configuration
        transports = [transport] + (election.map { [$0.transport] } ?? [])
        self.manager = manager
        self.controllers = controllers
        self.executions = executions
        permissions = PermissionCheck(
            client: KubeClient(transport: patient), namespaces: configuration.executions.namespaces,
            engines: configuration.executions.engines,
            lease: configuration.election.map { $0.lease(in: cluster) }, time: time, logger: logger)
        self.registry = registry
        self.checks = checks
        self.time = time
        self.logger = logger
    }

    /// Runs until `shutdown` returns.
    ///
    /// - Throws: ``ServingError`` if an address cannot be served, or why a service ended early.
    public func run(until shutdown: @escaping @Sendable () async -> Void) async throws {
        let stop = Latch()
        var services = [
            Service("controllers", stop: { stop.set() }) { try await manager.run(controllers, until: stop) },
            Service("permissions") { await permissions.run() },
            Service("log") { [logger] in await logger.sink.run() },
        ]
        if let address = configuration.probeAddress {
            services.append(
                try serve("probes", on: address, checks: checks, metrics: nil, flag: "--health-probe-bind-address"))
        }
        if let address = configuration.metricsAddress {
            services.append(
                try serve("metrics", on: address, checks: nil, metrics: registry, flag: "--metrics-bind-address"))
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

    /// Starts listening on an address, and logs it.
    private func serve(
        _ name: String, on address: ListenAddress, checks: HealthChecks?, metrics: MetricsRegistry?, flag: String
    ) throws(ServingError) -> Service {
        do {
            let server = try DiagnosticsServer(address: address, checks: checks, metrics: metrics)
            let bound = ListenAddress(host: address.host, port: server.port)
            logger.info("Serving \(name)", ["address": .own("\(bound)")])
            return Service(name) { await server.run() }
        } catch {
            throw ServingError(name: name, flag: flag, cause: error)
        }
    }
}

/// An address that the operator cannot serve, with the flag that sets it.
public struct ServingError: Error, CustomStringConvertible {
    let name: String
    let flag: String
    let cause: ListenError

    public var description: String {
        "could not serve \(name): \(cause). Set another address with \(flag), or 0 to disable it"
    }
}

extension OperatorConfiguration.Election {
    /// The lease, by default in the namespace of the process.
    fileprivate func lease(in cluster: ClusterConfiguration) -> ObjectKey {
        ObjectKey(namespace: namespace ?? cluster.namespace, name: name)
    }
}

/// An elector with its own connections, so that no other request can delay a renewal.
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

/// The metrics of an operator that has not started: the source of the reference page and of its tests.
public struct MetricsReference: Sendable {
    public let registry: MetricsRegistry
    /// Kept alive, because some metrics are read from its parts at a scrape.
    private let process: OperatorProcess

    /// Wires up an operator process with an election, without running it.
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

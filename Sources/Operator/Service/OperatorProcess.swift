public import KubeClient
public import KubeRuntime

/// The operator as a process runs it: transport, controller, probes and metrics.
public struct OperatorProcess: Sendable {
    private let configuration: OperatorConfiguration
    private let transport: CurlTransport
    private let controller: ExecutionController
    private let registry: MetricsRegistry
    private let checks: HealthChecks
    private let time: any TimeSource
    private let logger: Logger

    /// Prepares everything; nothing is sent yet.
    ///
    /// - Throws: what is wrong with the cluster's configuration.
    public init(configuration: OperatorConfiguration, cluster: ClusterConfiguration, logger: Logger) throws {
        let registry = MetricsRegistry()
        registry.registerProcessMetrics()
        let transport = try CurlTransport(
            configuration: cluster, userAgent: "towline/\(configuration.version) (linux) operator")
        let metered = MeteredTransport(transport, host: cluster.server, registry: registry)
        let time = SystemTime()
        let controller = ExecutionController(
            configuration: configuration, client: KubeClient(transport: metered), time: time, clock: .system,
            logger: logger, registry: registry)
        let checks = HealthChecks()
        checks.add("ping", for: .liveness) { nil }
        checks.add("caches", for: .readiness) { controller.readinessProblem }
        self.configuration = configuration
        self.transport = transport
        self.controller = controller
        self.registry = registry
        self.checks = checks
        self.time = time
        self.logger = logger
    }

    /// Runs until `shutdown` returns.
    public func run(until shutdown: @escaping @Sendable () async -> Void) async throws {
        let stop = Latch()
        var services = [Service("controller", stop: { stop.set() }) { await controller.run(until: stop) }]
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
        await transport.shutdown()
        try result.get()
    }
}

public import Environments
public import Executions
public import KubeRuntime
public import TowlineAPI

/// The configuration of an operator process.
public struct OperatorConfiguration: Sendable {
    /// The configuration of the execution controller.
    public var executions: ExecutionConfiguration
    /// The configuration of the environment controller.
    public var environments: EnvironmentConfiguration
    /// The address that serves `/metrics`; nil disables it.
    public var metricsAddress: ListenAddress?
    /// The address that serves `/healthz` and `/readyz`; nil disables them.
    public var probeAddress: ListenAddress?
    /// How a leader is elected among several replicas; nil to work without an election.
    public var election: Election?
    /// The version that logs, metrics and the user agent report.
    public var version: String

    public init(
        namespaces: [String] = [],
        engines: Set<EngineName> = Set(EngineName.allCases),
        pollInterval: Duration = .seconds(10),
        workers: Int = 8,
        metricsAddress: ListenAddress? = ListenAddress(host: "", port: 8080),
        probeAddress: ListenAddress? = ListenAddress(host: "", port: 8081),
        links: LinkTemplates = LinkTemplates(),
        runLabels: RunLabels = RunLabels(),
        allowedSources: AllowedSources = AllowedSources(),
        expiryWarning: Duration = .seconds(3600),
        instance: String = "towline-operator",
        election: Election? = nil,
        version: String,
        timing: ExecutionTiming = ExecutionTiming()
    ) {
        executions = ExecutionConfiguration(
            namespaces: namespaces, engines: engines, pollInterval: pollInterval, workers: workers, links: links,
            runLabels: runLabels, allowedSources: allowedSources, instance: instance, timing: timing)
        environments = EnvironmentConfiguration(
            namespaces: namespaces, workers: workers, expiryWarning: expiryWarning,
            probeInterval: timing.engineProbe)
        self.metricsAddress = metricsAddress
        self.probeAddress = probeAddress
        self.election = election
        self.version = version
    }

    /// The lease that the replicas of one installation compete for.
    public struct Election: Sendable, Hashable {
        /// The namespace of the lease; nil for the namespace of the process.
        public var namespace: String?
        /// The name of the lease.
        public var name: String
        public var timing: ElectionTiming

        public init(
            namespace: String? = nil, name: String = "towline-operator", timing: ElectionTiming = .default
        ) {
            self.namespace = namespace
            self.name = name
            self.timing = timing
        }
    }
}

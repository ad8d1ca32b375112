public import KubeRuntime
public import TowlineAPI

/// What an operator process is told from outside.
public struct OperatorConfiguration: Sendable {
    /// The namespaces whose executions are served; empty means all of them.
    public var namespaces: [String]
    /// The engines whose executions are served; those of others wait, and say so.
    public var engines: Set<EngineName>
    /// How often the status of every unfinished run is verified against the API server.
    public var pollInterval: Duration
    /// How many executions are worked on at the same time.
    public var workers: Int
    /// Where `/metrics` is served; nil serves it nowhere.
    public var metricsAddress: ListenAddress?
    /// Where `/healthz` and `/readyz` are served; nil serves them nowhere.
    public var probeAddress: ListenAddress?
    /// The pages that every run is linked to.
    public var links: LinkTemplates
    /// What the process calls itself in the events it publishes: mostly the name of its pod.
    public var instance: String
    /// How one of several operators is elected to work; nil when this one works alone.
    public var election: Election?
    /// The version that the process tells the API server and its logs.
    public var version: String
    /// The waiting times that no flag changes.
    public var timing: Timing

    public init(
        namespaces: [String] = [],
        engines: Set<EngineName> = Set(EngineName.allCases),
        pollInterval: Duration = .seconds(10),
        workers: Int = 8,
        metricsAddress: ListenAddress? = ListenAddress(host: "", port: 8080),
        probeAddress: ListenAddress? = ListenAddress(host: "", port: 8081),
        links: LinkTemplates = LinkTemplates(),
        instance: String = "towline-operator",
        election: Election? = nil,
        version: String,
        timing: Timing = Timing()
    ) {
        // One that is named twice is served, and counted, once.
        self.namespaces = namespaces.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        self.engines = engines
        self.pollInterval = pollInterval
        self.workers = workers
        self.metricsAddress = metricsAddress
        self.probeAddress = probeAddress
        self.links = links
        self.instance = instance
        self.election = election
        self.version = version
        self.timing = timing
    }

    /// What the operators of one set of executions agree on to elect one of them.
    public struct Election: Sendable, Hashable {
        /// Where their lease is; nil for the namespace of the process.
        public var namespace: String?
        /// The name of their lease.
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

    /// How long things may take before something else happens; tests and simulations shorten them.
    public struct Timing: Sendable {
        /// A run that its engine has not touched for this long is reported as not responded to.
        public var engineResponse: Duration = .seconds(60)
        /// What a run may take beyond its own timeout before it is ended from outside.
        public var watchdogGrace: Duration = .seconds(60)
        /// What a run that was ended from outside may take before the verdict is given without it.
        public var watchdogVerdict: Duration = .seconds(30)
        /// For how long the requests to stop a run that is over its timeout may be refused before the verdict is given.
        public var stopPatience: Duration = .seconds(300)
        /// For how long requests to stop a run may fail for a passing reason before the status reports it.
        public var stopRefusalPatience: Duration = .seconds(30)
        /// For how long the cause of a failure is asked for again while the API server is in trouble.
        public var causePatience: Duration = .seconds(60)
        /// The least time between two status writes that report nothing but progress.
        public var progressInterval: Duration = .seconds(2)
        /// How long the workers wait for the caches of runs to be filled at the start.
        public var cachePatience: Duration = .seconds(15)
        /// What was begun before a shutdown may take until it is broken off.
        public var shutdownGrace: Duration = .seconds(10)
        /// What one reconciliation may take until it is broken off and tried again.
        public var reconcileDeadline: Duration = .seconds(120)
        /// How long a new leader's workers wait for the cache of executions to catch up; then they read each one.
        public var takeoverPatience: Duration = .milliseconds(500)
        /// After this time a request that was sent is carried out, or never will be.
        public var requestSettling: Duration = .seconds(10)
        /// How often a missing engine is asked for again.
        public var engineProbe: Duration = .seconds(30)

        public init() {}
    }
}

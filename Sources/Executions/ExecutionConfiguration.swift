public import KubeRuntime
public import TowlineAPI

/// The configuration of the controller of executions.
public struct ExecutionConfiguration: Sendable {
    /// The namespaces whose executions are served; empty means all of them.
    public var namespaces: [String]
    /// The engines whose executions are served. The status of other executions reports that they are waiting.
    public var engines: Set<EngineName>
    /// How often the state of every unfinished run is verified against the API server.
    public var pollInterval: Duration
    /// Maximum concurrent reconciliations.
    public var workers: Int
    /// The links that every run gets.
    public var links: LinkTemplates
    /// The labels that runs get, and those that users may add.
    public var runLabels: RunLabels
    /// The registries and resolvers that workflows may come from.
    public var allowedSources: AllowedSources
    /// The name of this process in the events that it publishes, usually the name of its pod.
    public var instance: String
    /// Delays and limits that are not configurable by flags.
    public var timing: ExecutionTiming

    public init(
        namespaces: [String] = [], engines: Set<EngineName> = Set(EngineName.allCases),
        pollInterval: Duration = .seconds(10), workers: Int = 8, links: LinkTemplates = LinkTemplates(),
        runLabels: RunLabels = RunLabels(), allowedSources: AllowedSources = AllowedSources(),
        instance: String = "towline-operator",
        timing: ExecutionTiming = ExecutionTiming()
    ) {
        // Remove duplicates, so that each namespace is served and counted once.
        self.namespaces = namespaces.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        self.engines = engines
        self.pollInterval = pollInterval
        self.workers = workers
        self.links = links
        self.runLabels = runLabels
        self.allowedSources = allowedSources
        self.instance = instance
        self.timing = timing
    }
}

extension EventSource {
    /// The source of Towline's Kubernetes events; `instance` is the name of the process, usually of its pod.
    public static func towline(instance: String) -> EventSource {
        EventSource(
            controller: WellKnown.reportingController, instance: instance, fieldManager: WellKnown.fieldManager)
    }
}

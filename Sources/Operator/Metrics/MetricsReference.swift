import KubeClient
public import KubeRuntime

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
        process.controller.registerReflectors()
    }
}

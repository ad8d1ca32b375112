import FoundationEssentials
import KubeClient
import KubeRuntime
import Operator
import Sandbox

/// `towline demo`
struct DemoCommand: Command {
    static let syntax = CommandSyntax(
        name: "demo",
        abstract: "Run sandbox, operator and every example in one process.",
        discussion: """
            Applies everything under examples/ to a sandbox of its own and shows how the executions move. Ends with 0 if
            each example ended as its annotation towline.dev/expect says, and if each invalid one was refused.
            """)

    init(_ settings: Settings) {}

    func run() async throws -> Int32 {
        let signals = TerminationSignals()
        let logger = Logger(LogSink(level: .error, format: .text))
        defer { logger.sink.flush() }
        let cluster = try LocalCluster()
        let process = try OperatorProcess(
            configuration: OperatorConfiguration(
                pollInterval: .seconds(10), metricsAddress: nil, probeAddress: nil, version: Version.current),
            cluster: ClusterConfiguration(server: cluster.server.url, origin: "towline demo"), logger: logger)
        let stage = DemoStage(cluster: cluster)
        let outcome = Locked<Int32>(1)
        let operating = Service("operator") {
            try await process.run { _ = try? await SystemTime().sleep(for: .seconds(86_400)) }
        }
        let services = ServiceGroup(cluster.services + [operating], time: SystemTime(), logger: logger)
        try await services.run {
            let code = await Self.play(stage, until: signals)
            outcome.withLock { $0 = code }
        }
        await cluster.shutdown()
        return outcome.withLock { $0 }
    }

    /// Plays the examples to their end, or until somebody asks to stop.
    private static func play(_ stage: DemoStage, until signals: TerminationSignals) async -> Int32 {
        await withTaskGroup(of: Int32?.self) { group in
            group.addTask { await stage.play() }
            group.addTask {
                await signals.wait()
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first ?? 130
        }
    }
}

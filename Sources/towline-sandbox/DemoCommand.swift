import CommandLineOptions
import FoundationEssentials
import KubeClient
import KubeRuntime
import Operator
import Sandbox

/// `towline-sandbox demo`
struct DemoCommand: Command {
    static let syntax = CommandSyntax(
        program: "towline-sandbox", name: "demo",
        abstract: "Run the sandbox, the operator and all examples in one process.",
        discussion: """
            Each example declares its expected result in the annotation towline.dev/expect. The exit code is 0 if all \
            results are as expected, 1 if not, and 130 after Ctrl-C.
            """,
        options: [verbose.syntax, keep.syntax, KubeconfigFile.path.syntax, KubeconfigFile.force.syntax])

    private static let verbose = Option(
        "verbose", .toggle, default: "false", aliases: ["v"], reach: .commandLine,
        help: "Print the message of every failed execution and every rejected manifest.")
    private static let keep = Option(
        "keep", .toggle, default: "false", reach: .commandLine,
        help: "Keep the sandbox and the operator running after the examples, for kubectl.")

    private let isVerbose: Bool
    private let isKept: Bool
    private let kubeconfig: KubeconfigFile

    init(_ settings: Settings) throws {
        isVerbose = try settings.value(Self.verbose)
        isKept = try settings.value(Self.keep)
        kubeconfig = try KubeconfigFile(settings)
        if !isKept,
            let flag = [KubeconfigFile.path.syntax, KubeconfigFile.force.syntax].first(where: {
                !settings.values($0).isEmpty
            })
        {
            throw UsageError("\(flag.flag) needs --keep; without it the sandbox exits with the demo")
        }
    }

    func run() async throws -> Int32 {
        let signals = TerminationSignals()
        try kubeconfig.check()
        // Log lines would garble the table; print them after it.
        let log = Locked<[UInt8]>([])
        let logger = Logger(
            LogSink(level: .error, format: .text, write: { bytes in log.withLock { $0 += bytes } }))
        let cluster = try LocalCluster()
        let process = try OperatorProcess(
            configuration: OperatorConfiguration(
                pollInterval: .seconds(10), metricsAddress: nil, probeAddress: nil, version: BuildInfo.version),
            cluster: ClusterConfiguration(server: cluster.server.url, origin: "towline-sandbox demo"), logger: logger)
        let code = Locked<Int32>(1)
        let operating = Service("operator") {
            try await process.run { _ = try? await SystemTime().sleep(for: .seconds(86_400)) }
        }
        let services = ServiceGroup(cluster.services + [operating], time: SystemTime(), logger: logger)
        try await services.run {
            do {
                let summary = try await Self.play(Demo(cluster: cluster), until: signals)
                let result = try await report(summary, cluster, signals, log)
                code.withLock { $0 = result }
            } catch {
                Console.printError("towline-sandbox: \(error)")
            }
        }
        await cluster.shutdown()
        return code.withLock { $0 }
    }

    /// Plays the examples until all have finished or a signal arrives.
    private static func play(_ demo: Demo, until signals: TerminationSignals) async throws -> DemoSummary {
        try await withThrowingTaskGroup(of: DemoSummary?.self) { group in
            group.addTask { try await demo.play() }
            group.addTask {
                await signals.wait()
                return nil
            }
            while let result = try await group.next() {
                group.cancelAll()
                if let summary = result { return summary }
            }
            throw CancellationError()
        }
    }

    /// Prints the result; with `--keep`, waits for a signal. Returns the exit code.
    private func report(
        _ summary: DemoSummary, _ cluster: LocalCluster, _ signals: TerminationSignals, _ log: Locked<[UInt8]>
    ) async throws -> Int32 {
        let lines = String(decoding: log.withLock { $0 }, as: UTF8.self)
        if !lines.isEmpty { Console.printError("Errors in the operator's log:\n\(lines)") }
        Console.print(summary.text(isVerbose: isVerbose))
        guard isKept, !summary.isInterrupted else { return summary.exitCode }
        let path = try kubeconfig.write(cluster.server)
        Console.print(
            """

            The sandbox and the operator keep running until Ctrl-C. In another terminal:

            export KUBECONFIG=\(path)
            kubectl get workflowexecutions,environments
            kubectl describe workflowexecution \(summary.failedName ?? "smallest-tekton")
            kubectl delete workflowexecution smallest-tekton
            towline-sandbox examples smallest-tekton | kubectl apply -f -
            """)
        await signals.wait()
        kubeconfig.remove(path)
        return summary.exitCode
    }
}

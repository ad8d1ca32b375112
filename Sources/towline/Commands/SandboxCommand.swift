import FoundationEssentials
import KubeClient
import KubeRuntime
import Sandbox

/// `towline sandbox`
struct SandboxCommand: Command {
    static let syntax = CommandSyntax(
        name: "sandbox",
        abstract: "Serve a Kubernetes-shaped API with simulated Tekton and Argo on this machine.",
        discussion: """
            Everything is in memory and gone when the process ends. It listens on the loopback address only and knows no
            users: whoever reaches the port may do everything. The definitions of WorkflowExecution, Tekton and Argo are
            there from the start; pods are pretended.
            """,
        options: [listeningPort.syntax, kubeconfigOut.syntax, load.syntax, engines.syntax])

    private static let listeningPort = Option(
        "port", .wholeNumber(0...65_535), standard: "0", reach: .commandLine,
        help: "Listen on this port; 0 takes a free one.")
    private static let kubeconfigOut = Option(
        "kubeconfig-out", optional: .path, reach: .commandLine,
        help: "Write the kubeconfig to this file instead of towline-sandbox.kubeconfig in the temporary folder.")
    private static let load = Option(
        "load", key: "load", list: .text("FILE_OR_FOLDER", expected: "the path of a file or folder"),
        reach: .commandLine, help: "Create the objects of a YAML or JSON file, or of all such files in a folder.")
    private static let engines = Option(
        "engines", ValueSyntax<EngineSimulator.Selection>.word("ENGINES"), standard: "all", reach: .commandLine,
        help: "Simulate all engines, one of them, or none; runs of the others stay as clients write them.")

    private let port: UInt16
    private let kubeconfigPath: String
    private let manifests: [String]
    private let engines: EngineSimulator.Selection

    init(_ settings: Settings) throws {
        port = UInt16(clamping: try settings.value(Self.listeningPort))
        kubeconfigPath =
            try settings.value(Self.kubeconfigOut)
            ?? FileManager.default.temporaryDirectory.appending(path: "towline-sandbox.kubeconfig").path()
        manifests = try settings.value(Self.load)
        engines = try settings.value(Self.engines)
    }

    func run() async throws -> Int32 {
        let signals = TerminationSignals()
        let logger = Logger(LogSink(level: .info, format: .text))
        let documents = try manifests.flatMap { try ManifestFiles.documents(at: $0) }
        let sandbox = try LocalCluster(port: port, simulating: engines)
        try sandbox.load(documents)
        try sandbox.writeKubeconfig(to: kubeconfigPath)
        Console.print("export KUBECONFIG=\(kubeconfigPath)")
        let services = ServiceGroup(sandbox.services, time: SystemTime(), logger: logger)
        try await services.run { await signals.wait() }
        await sandbox.shutdown()
        logger.sink.flush()
        return 0
    }
}

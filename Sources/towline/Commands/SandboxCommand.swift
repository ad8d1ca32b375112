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
        flags: [
            Flag("--port", value: "N", help: "Listen on this port; 0, the default, takes a free one."),
            Flag(
                "--kubeconfig-out", value: "FILE",
                help: "Write the kubeconfig to FILE. Default: towline-sandbox.kubeconfig in the temporary folder."),
            Flag(
                "--load", value: "FILE_OR_FOLDER", repeats: true,
                help: "Create the objects of a YAML or JSON file, or of all such files in a folder."),
        ])

    private let port: UInt16
    private let kubeconfigPath: String
    private let manifests: [String]

    init(_ arguments: ParsedArguments) throws {
        port = UInt16(try arguments.integer("--port", in: 0...65_535) ?? 0)
        kubeconfigPath =
            arguments.string("--kubeconfig-out")
            ?? FileManager.default.temporaryDirectory.appending(path: "towline-sandbox.kubeconfig").path()
        manifests = arguments.all("--load")
    }

    func run() async throws -> Int32 {
        let signals = TerminationSignals()
        let logger = Logger(LogSink(level: .info, format: .text))
        let documents = try manifests.flatMap { try ManifestFiles.documents(at: $0) }
        let sandbox = try LocalCluster(port: port)
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

import CommandLineOptions
import FoundationEssentials
import KubeClient
import KubeRuntime
import Sandbox
import SimulatedEngines

/// `towline-sandbox serve`
struct ServeCommand: Command {
    static let syntax = CommandSyntax(
        program: "towline-sandbox", name: "serve",
        abstract: "Serve a Kubernetes API with simulated Tekton and Argo on this machine.",
        discussion: """
            The API server has the definitions of Towline, Tekton and Argo. Pods are simulated; no container runs. All \
            state is in memory and is lost when the process exits.

            It listens on 127.0.0.1 only and has no authentication: every user of this machine has full access.
            """,
        options: [
            listeningPort.syntax, KubeconfigFile.path.syntax, KubeconfigFile.force.syntax, load.syntax,
            loadExamples.syntax, engines.syntax, argoInstanceID.syntax,
        ])

    private static let listeningPort = Option(
        "port", .wholeNumber(0...65_535), default: "0", reach: .commandLine,
        help: "Listen on this port; 0 chooses a free one.")
    private static let load = Option(
        "load", key: "load",
        list: .text("FILE_OR_DIR", expected: "the path of a file or directory", completion: .files),
        reach: .commandLine,
        help: "Create the objects of a YAML or JSON file, or of all such files in a directory.")
    private static let loadExamples = Option(
        "load-examples", .toggle, default: "false", reach: .commandLine,
        help: "Create the Pipelines and WorkflowTemplates that the examples run.")
    private static let engines = Option(
        "engines", ValueSyntax<EngineSimulator.Selection>.word("ENGINES"), default: "all", reach: .commandLine,
        help: "Simulate all engines, tekton, argo or none. Runs of other engines stay as clients write them.")

    private static let argoInstanceID = Option(
        "argo-instance-id", optional: .text("ID", expected: "the instance ID of a controller"), reach: .commandLine,
        help: "Simulate an Argo controller with this instance ID, which handles only workflows with its label.")

    private let port: UInt16
    private let kubeconfig: KubeconfigFile
    private let paths: [String]
    private let loadsExamples: Bool
    private let engines: EngineSimulator.Selection
    private let argoInstanceID: String?

    init(_ settings: Settings) throws {
        port = UInt16(clamping: try settings.value(Self.listeningPort))
        kubeconfig = try KubeconfigFile(settings)
        paths = try settings.value(Self.load)
        loadsExamples = try settings.value(Self.loadExamples)
        engines = try settings.value(Self.engines)
        argoInstanceID = try settings.value(Self.argoInstanceID)
    }

    func run() async throws -> Int32 {
        let signals = TerminationSignals()
        let logger = Logger(LogSink(level: .info, format: .text))
        var manifests: [Manifest] = []
        for path in paths { manifests += try Manifest.read(at: path) }
        try kubeconfig.check()
        let cluster = try LocalCluster(port: port, simulating: engines, argoInstanceID: argoInstanceID ?? "")
        if loadsExamples { try cluster.load(Examples.workflows) }
        try cluster.load(manifests)
        let path = try kubeconfig.write(cluster.server)
        Console.printError(introduction(cluster, objects: manifests.count))
        Console.print("export KUBECONFIG=\(path)")
        Console.printError(nextSteps)
        let services = ServiceGroup(cluster.services, time: SystemTime(), logger: logger)
        try await services.run { await signals.wait() }
        await cluster.shutdown()
        kubeconfig.remove(path)
        logger.sink.flush()
        return 0
    }

    private func introduction(_ cluster: LocalCluster, objects: Int) -> String {
        let simulation =
            switch engines {
            case .all: "with simulated Tekton and Argo"
            case .tekton: "with simulated Tekton"
            case .argo: "with simulated Argo"
            case .none: "without engines"
            }
        var loaded = ["the definitions of Towline, Tekton and Argo"]
        if loadsExamples { loaded.append("the example workflows") }
        if !paths.isEmpty {
            loaded.append("\(objects) \(objects == 1 ? "object" : "objects") from \(paths.joined(separator: ", "))")
        }
        return """
            Kubernetes API \(simulation): \(cluster.server.url)
            Loaded \(loaded.sentenceList).
            All state is in memory and is lost when this process exits (Ctrl-C).

            In other terminals:

            """
    }

    private var nextSteps: String {
        let source = loadsExamples ? "" : "towline-sandbox examples workflows | kubectl apply -f -\n"
        return """
            towline operator
            \(source)towline-sandbox examples smallest-tekton | kubectl apply -f -
            kubectl get workflowexecutions --watch
            """
    }
}

extension [String] {
    /// `a, b and c`
    var sentenceList: String {
        guard count > 1, let last else { return first ?? "" }
        return dropLast().joined(separator: ", ") + " and " + last
    }
}

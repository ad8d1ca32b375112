import APIServer
import FoundationEssentials
import KubeClient
import KubeRuntime
import Sandbox
import SimulatedEngines

/// The sandbox as users get it: the API server, the project's definition, and the simulated engines.
struct LocalCluster: Sendable {
    let server: SandboxServer
    /// Nil where no engine is simulated.
    private let engines: EngineSimulator?

    init(port: UInt16 = 0, simulating engines: EngineSimulator.Selection = .all) throws {
        server = try SandboxServer(port: port)
        self.engines =
            engines == .none ? nil : EngineSimulator(engines, cluster: server.cluster, environment: .system)
        try load(EngineDefinitions.all)
        try load(try ManifestFiles.documents(at: try ProjectFiles.path("crds")))
    }

    /// What has to run for as long as the cluster does.
    var services: [Service] {
        var services = [Service("sandbox") { await server.run() }]
        if let engines { services.append(Service("simulated engines") { await engines.run() }) }
        return services
    }

    func load(_ documents: [JSONValue]) throws {
        try server.cluster.load(documents)
    }

    func writeKubeconfig(to path: String) throws {
        do {
            try Data(server.kubeconfig.encoded).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw UsageError("--kubeconfig-out \(path): cannot be written: \(error)")
        }
    }

    func shutdown() async { await server.shutdown() }
}

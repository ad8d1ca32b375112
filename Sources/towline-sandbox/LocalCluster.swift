import APIServer
import CommandLineOptions
import KubeClient
import KubeRuntime
import Sandbox
import SimulatedEngines

/// The sandbox with the definitions of Towline and the engines, and with simulated engines.
struct LocalCluster: Sendable {
    let server: SandboxServer
    /// The simulated engines; nil if none.
    private let engines: EngineSimulator?

    init(
        port: UInt16 = 0, simulating engines: EngineSimulator.Selection = .all, argoInstanceID: String = ""
    ) throws {
        do {
            server = try SandboxServer(port: port)
        } catch {
            throw UsageError("--port: \(error); choose another port, or 0 for a free one", exitCode: 1)
        }
        self.engines =
            engines == .none
            ? nil
            : EngineSimulator(
                engines, cluster: server.cluster, environment: .system, argoInstanceID: argoInstanceID)
        try server.cluster.load(EngineDefinitions.all)
        try load(Manifest.embedded(in: "crds"))
    }

    /// The services to run while the cluster is in use.
    var services: [Service] {
        var services = [Service("sandbox") { await server.run() }]
        if let engines { services.append(Service("simulated engines") { await engines.run() }) }
        return services
    }

    /// Creates the objects, or replaces those that exist: definitions first, then namespaces.
    ///
    /// - Throws: all objects that the API server rejects, each with its file and line.
    func load(_ manifests: [Manifest]) throws(UsageError) {
        var errors: [String] = []
        for kinds in [["CustomResourceDefinition"], ["Namespace"], nil] {
            for manifest in manifests {
                let kind = manifest.object["kind"]?.stringValue ?? ""
                guard kinds?.contains(kind) ?? !["CustomResourceDefinition", "Namespace"].contains(kind) else {
                    continue
                }
                do {
                    try server.cluster.load([manifest.object])
                } catch {
                    errors.append("\(manifest.place): \(error)")
                }
            }
        }
        guard !errors.isEmpty else { return }
        throw UsageError(errors.joined(separator: "\n"), exitCode: 1)
    }

    func shutdown() async { await server.shutdown() }
}

import Faults
import Foundation
import KubeClient
import Sandbox
import TestSupport

@testable import APIServer
@testable import SimulatedEngines

/// A separate cluster whose API server can be restarted.
///
/// With KUBEBUILDER_ASSETS, kube-apiserver is killed and restarted with the same etcd. The sandbox would lose its
/// in-memory objects, so its restart is simulated: all connections are reset, new ones are refused for a while, and
/// then the history is lost, so that every resumed watch gets an expired error. Requests in progress are completed.
struct RestartableCluster: Sendable {
    let cluster: TestCluster
    private let server: Server

    private enum Server {
        case real(ControlPlane)
        case sandbox(SandboxServer)
    }

    static func start() async throws -> RestartableCluster {
        let directory = try TestCluster.makeDirectory()
        if let assets = ProcessInfo.processInfo.environment["KUBEBUILDER_ASSETS"], !assets.isEmpty {
            let (cluster, plane) = try await TestCluster.controlPlane(URL(filePath: assets), directory)
            return RestartableCluster(cluster: cluster, server: .real(plane))
        }
        let (cluster, server) = try TestCluster.embeddedSandbox(directory)
        return RestartableCluster(cluster: cluster, server: .sandbox(server))
    }

    /// Stops the API server and restarts it when `outage` returns.
    func restart(links: [NetworkLink], during outage: () async throws -> Void) async throws {
        switch server {
        case .real(let plane):
            try await plane.stopServer()
            try await outage()
            try await plane.startServer()
        case .sandbox(let server):
            for link in links {
                link.set(.refusing)
                link.cut()
            }
            try await outage()
            server.cluster.storage.compact(through: .max)
            for link in links { link.set(.healthy) }
        }
    }
}

extension TestCluster {
    /// The sandbox in the test's process, whose state is accessible.
    static func embeddedSandbox(_ directory: URL) throws -> (TestCluster, SandboxServer) {
        let server = try SandboxServer()
        try server.cluster.load(EngineDefinitions.all)
        try server.cluster.load(try Repository.definitions())
        let engines = EngineSimulator(cluster: server.cluster, environment: .system)
        let kubeconfig = directory.appending(path: "kubeconfig")
        try Data(server.kubeconfig.encoded).write(to: kubeconfig)
        let tasks = [Task { await server.run() }, Task { await engines.run() }]
        let cluster = TestCluster(
            kind: .sandbox, kubeconfig: kubeconfig, directory: directory,
            access: try ClusterAccess(kubeconfig: kubeconfig), parts: [server, tasks])
        return (cluster, server)
    }
}

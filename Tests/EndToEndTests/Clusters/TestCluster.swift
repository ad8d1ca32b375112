import Foundation
import KubeClient
import Sandbox
import SimulatedEngines
import TestSupport

/// The cluster that the end-to-end tests share.
///
/// The environment selects it: `USE_EXISTING_CLUSTER=true` uses the current kubeconfig, `KUBEBUILDER_ASSETS` names a
/// folder with `etcd` and `kube-apiserver` to start, and otherwise the sandbox of the built binary is used. Each test
/// has its own namespace.
final class TestCluster: Sendable {
    enum Kind: String, Sendable {
        case sandbox = "the embedded sandbox"
        case controlPlane = "etcd and kube-apiserver from KUBEBUILDER_ASSETS"
        case existing = "the cluster of the current kubeconfig"
    }

    let kind: Kind
    let kubeconfig: URL
    /// The operator's kubeconfig; if the API server has authorization, with exactly the permissions in `deploy/`.
    let operatorKubeconfig: URL
    let directory: URL
    let access: ClusterAccess
    private let kubeconfigOf: (@Sendable (_ user: String) throws -> URL)?
    /// Objects that must live as long as the cluster.
    private let parts: [any Sendable]

    init(
        kind: Kind, kubeconfig: URL, operatorKubeconfig: URL? = nil,
        kubeconfigOf: (@Sendable (_ user: String) throws -> URL)? = nil, directory: URL, access: ClusterAccess,
        parts: [any Sendable]
    ) {
        self.kind = kind
        self.kubeconfig = kubeconfig
        self.operatorKubeconfig = operatorKubeconfig ?? kubeconfig
        self.directory = directory
        self.access = access
        self.kubeconfigOf = kubeconfigOf
        self.parts = parts
    }

    /// Whether the clusters have users and authorization, and evaluate admission policies.
    static var knowsUsers: Bool { assets != nil }

    /// The folder in `KUBEBUILDER_ASSETS`.
    private static var assets: URL? {
        let path = ProcessInfo.processInfo.environment["KUBEBUILDER_ASSETS"] ?? ""
        return path.isEmpty ? nil : URL(filePath: path)
    }

    /// Writes a kubeconfig for another user or service account of this cluster.
    func kubeconfig(as user: String) throws -> URL {
        guard let kubeconfigOf else { throw UsersUnknown() }
        return try kubeconfigOf(user)
    }

    struct UsersUnknown: Error, CustomStringConvertible {
        var description: String { "this cluster knows no users" }
    }

    /// The shared cluster, started on first use.
    static var shared: TestCluster {
        get async throws { try await starting.value }
    }

    private static let starting = Task { try await start() }

    /// A shared cluster with the definitions of both engines but no engine: the tests write the statuses of runs.
    ///
    /// It is of the same kind as ``shared`` if possible: a control plane, otherwise a sandbox.
    static var withoutEngines: TestCluster {
        get async throws { try await startingWithoutEngines.value }
    }

    private static let startingWithoutEngines = Task {
        let directory = try makeDirectory()
        guard let assets else { return try await sandbox(directory, ["--engines", "none"]) }
        return try await controlPlane(assets, directory, engines: .none).cluster
    }

    /// Whether Tekton and Argo are simulated, so that templates can have the sandbox's annotations.
    var simulatesEngines: Bool { kind != .existing }

    /// Starts a separate cluster; a control plane has the definitions of these engines only.
    ///
    /// It is of the same kind as the shared one if possible: a control plane, otherwise a sandbox.
    static func another(engineGroups: Set<String> = ["tekton.dev"]) async throws -> TestCluster {
        let directory = try makeDirectory()
        guard let assets else { return try await sandbox(directory) }
        return try await controlPlane(assets, directory, engineGroups: engineGroups).cluster
    }

    /// Starts a separate cluster with the definitions of both engines, without Towline's.
    static func withoutTowline() async throws -> TestCluster {
        let directory = try makeDirectory()
        if let assets { return try await controlPlane(assets, directory, hasTowline: false).cluster }
        // The sandbox loads the definition when it starts.
        let cluster = try await sandbox(directory)
        for definition in try Repository.definitions() {
            try await cluster.access.delete(Types.definition, "", definition.name ?? "")
        }
        return cluster
    }

    static func makeDirectory() throws -> URL {
        let directory = URL.temporaryDirectory.appending(path: "towline-end-to-end-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        Leftovers.removeAtExit(directory)
        return directory
    }

    private static func start() async throws -> TestCluster {
        let environment = ProcessInfo.processInfo.environment
        let directory = try makeDirectory()
        let cluster: TestCluster
        if environment["USE_EXISTING_CLUSTER"] == "true" {
            cluster = try existing(environment, directory)
        } else if let assets {
            cluster = try await controlPlane(assets, directory).cluster
        } else {
            cluster = try await sandbox(directory)
        }
        print("End-to-end tests run on \(cluster.kind.rawValue).")
        return cluster
    }

    private static func existing(_ environment: [String: String], _ directory: URL) throws -> TestCluster {
        let file = environment["KUBECONFIG"] ?? "\(environment["HOME"] ?? "")/.kube/config"
        let kubeconfig = URL(filePath: file)
        return TestCluster(
            kind: .existing, kubeconfig: kubeconfig, directory: directory,
            access: try ClusterAccess(kubeconfig: kubeconfig), parts: [])
    }

    private static func sandbox(_ directory: URL, _ arguments: [String] = []) async throws -> TestCluster {
        let kubeconfig = directory.appending(path: "kubeconfig")
        let process = try ChildProcess(
            Repository.sandbox, ["serve", "--port", "0", "--kubeconfig-out", kubeconfig.path] + arguments,
            directory: directory, name: "sandbox")
        try await poll("the sandbox says where it is") {
            guard process.isRunning else { throw SandboxEnded(output: process.errorOutput) }
            return process.output.contains("export KUBECONFIG=\(kubeconfig.path)")
        }
        return TestCluster(
            kind: .sandbox, kubeconfig: kubeconfig, directory: directory,
            access: try ClusterAccess(kubeconfig: kubeconfig), parts: [process])
    }

    struct SandboxEnded: Error, CustomStringConvertible {
        let output: String
        var description: String { "the sandbox ended: \(output)" }
    }

    /// Installs Towline's definition and the engines, which a real API server does not have.
    static func controlPlane(
        _ assets: URL, _ directory: URL, engineGroups: Set<String> = ["tekton.dev", "argoproj.io"],
        hasTowline: Bool = true, engines selection: EngineSimulator.Selection = .all
    ) async throws -> (cluster: TestCluster, plane: ControlPlane) {
        let plane = try await ControlPlane.start(assets: assets, directory: directory)
        let access = try ClusterAccess(kubeconfig: plane.kubeconfig)
        let definitions =
            (hasTowline ? try Repository.definitions() : [])
            + (try engineDefinitions()).filter { definition in
                engineGroups.contains(definition[path: ["spec", "group"]]?.stringValue ?? "")
            }
        for definition in definitions { try await access.create(Types.definition, nil, definition) }
        for definition in definitions {
            let type = try Types.type(definedBy: definition)
            try await poll("\(type.plural).\(type.group) are served") {
                try await access.client.list(type, namespace: nil, decoding: ClusterAccess.tree).items.isEmpty
            }
        }
        for object in hasTowline ? try Repository.operatorIdentity() : [] {
            let namespace = object[path: ["metadata", "namespace"]]?.stringValue
            try await access.create(Types.type(of: object), namespace, object)
        }
        let engines = EngineSimulator(
            selection, cluster: RemoteCluster(client: access.client), environment: .system)
        let simulation = Task { await engines.run() }
        let cluster = TestCluster(
            kind: .controlPlane, kubeconfig: plane.kubeconfig,
            operatorKubeconfig: try plane.kubeconfigOf("system:serviceaccount:towline-system:towline-operator"),
            kubeconfigOf: plane.kubeconfigOf, directory: directory, access: access, parts: [plane, simulation])
        return (cluster, plane)
    }

    /// The engines' published definitions if `TOWLINE_ENGINE_CRDS` names their folders, separated by colons; otherwise
    /// the sandbox's, which accept any content.
    private static func engineDefinitions() throws -> [JSONValue] {
        guard let folders = ProcessInfo.processInfo.environment["TOWLINE_ENGINE_CRDS"] else {
            return EngineDefinitions.all
        }
        return try folders.split(separator: ":").flatMap { try Repository.manifests(in: URL(filePath: String($0))) }
    }
}

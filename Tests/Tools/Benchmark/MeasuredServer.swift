import Foundation
import KubeClient
import Sandbox
import SimulatedEngines

/// An API server whose CPU time is measured: a real one with its etcd, or the sandbox in this process.
///
/// `KUBEBUILDER_ASSETS` names the folder of `etcd` and `kube-apiserver`. All files are in a separate folder.
final class MeasuredServer {
    private enum Kind {
        case real(assets: URL, etcd: MeasuredProcess, etcdPort: UInt16, port: UInt16)
        case sandbox(SandboxServer, Task<Void, Never>)
    }

    private let kind: Kind
    private let directory: URL
    private var process: MeasuredProcess?
    let kubeconfig: URL

    var isReal: Bool { if case .real = kind { true } else { false } }

    init(directory: URL) async throws {
        self.directory = directory
        kubeconfig = directory.appending(path: "poll.kubeconfig")
        guard let folder = ProcessInfo.processInfo.environment["KUBEBUILDER_ASSETS"] else {
            let server = try SandboxServer()
            kind = .sandbox(server, Task { await server.run() })
            try Data(server.kubeconfig.encoded).write(to: kubeconfig)
            return
        }
        let assets = URL(filePath: folder)
        let etcdPort = UInt16.random(in: 30_000...39_000)
        let etcd = try MeasuredProcess(
            assets.appending(path: "etcd"),
            [
                "--data-dir", directory.appending(path: "etcd").path, "--unsafe-no-fsync",
                "--listen-client-urls", "http://127.0.0.1:\(etcdPort)",
                "--advertise-client-urls", "http://127.0.0.1:\(etcdPort)",
                "--listen-peer-urls", "http://127.0.0.1:\(etcdPort + 1)",
            ], log: directory.appending(path: "etcd.log"))
        kind = .real(assets: assets, etcd: etcd, etcdPort: etcdPort, port: etcdPort + 2)
        try await Self.makeKey(at: keyFile)
        try Data("bench-token,bench,bench,system:masters\n".utf8).write(to: tokenFile)
        let text = """
            apiVersion: v1
            kind: Config
            current-context: bench
            contexts: [{name: bench, context: {cluster: bench, user: bench}}]
            clusters: [{name: bench, cluster: {server: "https://127.0.0.1:\(etcdPort + 2)", insecure-skip-tls-verify: true}}]
            users: [{name: bench, user: {token: bench-token}}]
            """
        try Data(text.utf8).write(to: kubeconfig)
    }

    private var keyFile: URL { directory.appending(path: "service-account.key") }
    private var tokenFile: URL { directory.appending(path: "tokens.csv") }

    private static func makeKey(at file: URL) async throws {
        let openssl = try MeasuredProcess(
            URL(filePath: "/usr/bin/openssl"), ["genrsa", "-out", file.path, "2048"],
            log: file.deletingLastPathComponent().appending(path: "openssl.log"))
        try await waiting("the service account key") { !openssl.isRunning }
    }

    /// Starts or restarts the API server with or without its watch cache; etcd keeps the objects.
    func start(watchCache: Bool) async throws {
        guard case .real(let assets, _, let etcdPort, let port) = kind else { return }
        if let process { try await process.stop() }
        process = try MeasuredProcess(
            assets.appending(path: "kube-apiserver"),
            [
                "--etcd-servers=http://127.0.0.1:\(etcdPort)", "--bind-address=127.0.0.1", "--secure-port=\(port)",
                "--cert-dir=\(directory.path)/apiserver", "--token-auth-file=\(tokenFile.path)",
                "--service-account-issuer=https://kubernetes.default.svc",
                "--service-account-key-file=\(keyFile.path)", "--service-account-signing-key-file=\(keyFile.path)",
                "--service-cluster-ip-range=10.0.0.0/24", "--disable-admission-plugins=ServiceAccount",
                "--authorization-mode=RBAC", "--watch-cache=\(watchCache)",
            ], log: directory.appending(path: "kube-apiserver.log"))
    }

    /// Installs the custom resource definitions of executions and of both engines.
    func install(_ runs: StoredRuns) async throws {
        let file = URL(filePath: "crds/towline.dev_workflowexecutions.yaml")
        let own = try YAML.documents(Array(Data(contentsOf: file)), source: file.path)
        if case .sandbox(let server, _) = kind { return try server.cluster.load(EngineDefinitions.all + own) }
        for definition in EngineDefinitions.all + own { try await runs.define(definition) }
    }

    /// The CPU time of the API server so far, in seconds; for the sandbox, that of this process.
    var processorSeconds: Double {
        switch kind {
        case .real: process?.processorSeconds ?? 0
        case .sandbox: MeasuredProcess.processorSeconds(of: ProcessInfo.processInfo.processIdentifier)
        }
    }

    func stop() {
        process?.kill()
        switch kind {
        case .real(_, let etcd, _, _): etcd.kill()
        case .sandbox(_, let task): task.cancel()
        }
    }
}

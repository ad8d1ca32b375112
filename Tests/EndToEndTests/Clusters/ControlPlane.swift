import Foundation
import KubeClient
import TestSupport

/// A real etcd and kube-apiserver, started from a folder like envtest.
///
/// If the folder contains kube-controller-manager, it runs, too, for garbage collection and aggregated roles. There is
/// no scheduler and no kubelet.
struct ControlPlane: Sendable {
    let etcd: ChildProcess
    private let apiServer: Locked<ChildProcess>
    private let makeServer: @Sendable () throws -> ChildProcess
    /// Nil if the folder has none; then nothing is garbage collected.
    let controllerManager: ChildProcess?
    let kubeconfig: URL
    /// Writes a kubeconfig for another user of the same cluster.
    let kubeconfigOf: @Sendable (_ user: String) throws -> URL

    /// Starts the binaries in `assets` and waits until the API server is ready.
    static func start(assets: URL, directory: URL) async throws -> ControlPlane {
        let credentials = try await Credentials.make(in: directory)
        let etcdPort = try FreePort.find()
        let peerPort = try FreePort.find()
        let etcd = try ChildProcess(
            assets.appending(path: "etcd"),
            [
                "--data-dir", directory.appending(path: "etcd").path, "--unsafe-no-fsync",
                "--listen-client-urls", "http://127.0.0.1:\(etcdPort)",
                "--advertise-client-urls", "http://127.0.0.1:\(etcdPort)",
                "--listen-peer-urls", "http://127.0.0.1:\(peerPort)",
            ], directory: directory, name: "etcd")
        let port = try FreePort.find()
        let makeServer: @Sendable () throws -> ChildProcess = {
            try startServer(assets: assets, port: port, etcdPort: etcdPort, credentials, directory: directory)
        }
        let apiServer = try makeServer()
        let server = "https://127.0.0.1:\(port)"
        let kubeconfig = try credentials.writeKubeconfig("kubeconfig", server: server, in: directory)
        let kubeconfigOf: @Sendable (String) throws -> URL = { user in
            try credentials.writeKubeconfig("\(UUID()).kubeconfig", server: server, as: user, in: directory)
        }
        try await waitUntilReady(apiServer, etcd, kubeconfig: kubeconfig)
        let manager = try startControllerManager(
            assets: assets, kubeconfig: kubeconfig, key: credentials.serviceAccountKey, directory: directory)
        return ControlPlane(
            etcd: etcd, apiServer: Locked(apiServer), makeServer: makeServer, controllerManager: manager,
            kubeconfig: kubeconfig, kubeconfigOf: kubeconfigOf)
    }

    /// Kills the API server; the objects stay in etcd.
    func stopServer() async throws {
        try await apiServer.withLock { $0 }.stop(SIGKILL)
    }

    /// Restarts the API server on the same port and waits until it is ready.
    func startServer() async throws {
        let next = try makeServer()
        apiServer.withLock { $0 = next }
        try await Self.waitUntilReady(next, etcd, kubeconfig: kubeconfig)
    }

    private static func startServer(
        assets: URL, port: UInt16, etcdPort: UInt16, _ credentials: Credentials, directory: URL
    ) throws -> ChildProcess {
        try ChildProcess(
            assets.appending(path: "kube-apiserver"),
            [
                "--etcd-servers=http://127.0.0.1:\(etcdPort)", "--bind-address=127.0.0.1", "--secure-port=\(port)",
                "--cert-dir=\(directory.path)/apiserver", "--client-ca-file=\(credentials.authority.path)",
                "--service-account-issuer=https://kubernetes.default.svc",
                "--service-account-key-file=\(credentials.serviceAccountKey.path)",
                "--service-account-signing-key-file=\(credentials.serviceAccountKey.path)",
                "--service-cluster-ip-range=10.0.0.0/24", "--disable-admission-plugins=ServiceAccount",
                "--authorization-mode=RBAC",
            ], directory: directory, name: "kube-apiserver")
    }

    private static func waitUntilReady(
        _ apiServer: ChildProcess, _ etcd: ChildProcess, kubeconfig: URL
    ) async throws {
        try await poll("kube-apiserver is ready", within: .seconds(120)) {
            guard apiServer.isRunning else { throw StartFailure(output: apiServer.errorOutput) }
            guard etcd.isRunning else { throw StartFailure(output: etcd.errorOutput) }
            let access = try ClusterAccess(kubeconfig: kubeconfig)
            let isReady = try? await access.isReady()
            await access.close()
            return isReady ?? false
        }
    }

    private static func startControllerManager(
        assets: URL, kubeconfig: URL, key: URL, directory: URL
    ) throws -> ChildProcess? {
        let executable = assets.appending(path: "kube-controller-manager")
        guard FileManager.default.isExecutableFile(atPath: executable.path) else { return nil }
        return try ChildProcess(
            executable,
            [
                "--kubeconfig=\(kubeconfig.path)", "--bind-address=127.0.0.1", "--secure-port=\(try FreePort.find())",
                "--cert-dir=\(directory.path)/controller-manager", "--leader-elect=false",
                "--service-account-private-key-file=\(key.path)", "--use-service-account-credentials=true",
                "--controllers=garbage-collector-controller,namespace-controller,serviceaccount-controller,clusterrole-aggregation-controller",
            ], directory: directory, name: "kube-controller-manager")
    }

    struct StartFailure: Error, CustomStringConvertible {
        let output: String
        var description: String { "the control plane ended: \(output.suffix(2000))" }
    }
}

/// Keys and certificates of one test run, created by openssl and deleted with the run's folder.
private struct Credentials: Sendable {
    let authority: URL
    let serviceAccountKey: URL
    let clientCertificate: URL
    let clientKey: URL

    static func make(in directory: URL) async throws -> Credentials {
        func file(_ name: String) -> String { directory.appending(path: name).path }
        try await openssl(
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=towline-test-authority",
                "-keyout", file("ca.key"), "-out", file("ca.crt"),
            ], in: directory)
        try await openssl(
            [
                "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/O=system:masters/CN=towline-test",
                "-keyout", file("client.key"), "-out", file("client.csr"),
            ], in: directory)
        try await openssl(
            [
                "x509", "-req", "-days", "1", "-in", file("client.csr"), "-CA", file("ca.crt"), "-CAkey",
                file("ca.key"),
                "-CAcreateserial", "-out", file("client.crt"),
            ], in: directory)
        try await openssl(["genrsa", "-out", file("service-account.key"), "2048"], in: directory)
        return Credentials(
            authority: directory.appending(path: "ca.crt"),
            serviceAccountKey: directory.appending(path: "service-account.key"),
            clientCertificate: directory.appending(path: "client.crt"),
            clientKey: directory.appending(path: "client.key"))
    }

    private static func openssl(_ arguments: [String], in directory: URL) async throws {
        let process = try ChildProcess(
            URL(filePath: "/usr/bin/openssl"), arguments, directory: directory, name: "openssl-\(UUID().uuidString)")
        guard try await process.exit(within: .seconds(60)) == 0 else {
            throw ControlPlane.StartFailure(output: process.errorOutput)
        }
    }

    func writeKubeconfig(
        _ name: String, server: String, as user: String? = nil, in directory: URL
    ) throws -> URL {
        let impersonation = user.map { ", as: \"\($0)\"" } ?? ""
        let text = """
            apiVersion: v1
            kind: Config
            current-context: test
            contexts: [{name: test, context: {cluster: test, user: test}}]
            clusters: [{name: test, cluster: {server: "\(server)", insecure-skip-tls-verify: true}}]
            users: [{name: test, user: {client-certificate: "\(clientCertificate.path)", client-key: "\(clientKey.path)"\(impersonation)}}]
            """
        let file = directory.appending(path: name)
        try text.write(to: file, atomically: true, encoding: .utf8)
        return file
    }
}

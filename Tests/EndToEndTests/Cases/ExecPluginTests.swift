import Foundation
import KubeClient
import TestSupport
import Testing

/// Credentials from an exec plugin that prints YAML, which client-go accepts.
@Suite struct ExecPluginTests {
    private static func plugin(printing token: String, in directory: URL) throws -> URL {
        let file = directory.appending(path: "plugin-\(UUID()).sh")
        try """
        #!/bin/sh
        cat <<Y
        apiVersion: client.authentication.k8s.io/v1
        kind: ExecCredential
        status:
          token: \(token)
        Y
        """.write(to: file, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
        return file
    }

    private static func kubeconfig(_ server: String, plugin: URL, in directory: URL) throws -> URL {
        let file = directory.appending(path: "plugin-\(UUID()).kubeconfig")
        try """
        apiVersion: v1
        kind: Config
        current-context: plugin
        contexts: [{name: plugin, context: {cluster: plugin, user: plugin}}]
        clusters: [{name: plugin, cluster: {server: "\(server)", insecure-skip-tls-verify: true}}]
        users:
          - name: plugin
            user:
              exec:
                apiVersion: client.authentication.k8s.io/v1
                command: "\(plugin.path)"
                interactiveMode: IfAvailable
        """.write(to: file, atomically: true, encoding: .utf8)
        return file
    }

    /// Tokens are sent only over TLS, which the sandbox does not support, so a plain TLS server records the request.
    @Test func `sends the token that a plugin prints as YAML`() async throws {
        let directory = try TestCluster.makeDirectory()
        let openssl = URL(filePath: "/usr/bin/openssl")
        let certificate = try ChildProcess(
            openssl,
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", "-keyout",
                directory.appending(path: "key.pem").path, "-out", directory.appending(path: "certificate.pem").path,
            ], directory: directory, name: "certificate")
        #expect(try await certificate.exit(within: .seconds(60)) == 0)
        let port = try FreePort.find()
        // The server exits at the end of its input, so its input is a pipe that stays open.
        let server = try ChildProcess(
            URL(filePath: "/bin/sh"),
            [
                "-c",
                "cd '\(directory.path)' && mkfifo in"
                    + " && exec openssl s_server -quiet -accept \(port) -key key.pem -cert certificate.pem <>in",
            ], directory: directory, name: "server")
        let plugin = try Self.plugin(printing: "good", in: directory)
        let process = try ChildProcess(
            Repository.binary,
            [
                "operator", "--kubeconfig",
                try Self.kubeconfig("https://127.0.0.1:\(port)", plugin: plugin, in: directory).path,
                "--namespace", "default", "--metrics-bind-address", "0", "--health-probe-bind-address", "0",
            ], directory: directory, name: "operator")
        try await poll("the token arrives") { server.output.contains("Authorization: Bearer good") }
        try await process.stop(SIGKILL)
        try await server.stop(SIGKILL)
    }

    @Test(.enabled(if: TestCluster.knowsUsers, "the sandbox does not authenticate clients"))
    func `works with a plugin that prints YAML`() async throws {
        let workspace = try await Workspace.make("plugin")
        let namespace = "towline-system"
        let request: JSONValue = [
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": ["expirationSeconds": 3600],
        ]
        var call = HTTPRequest(.post, "/api/v1/namespaces/\(namespace)/serviceaccounts/towline-operator/token")
        call.contentType = "application/json"
        call.body = request.encoded
        let answer = try JSONValue(parsing: try await workspace.access.transport.send(call).body)
        let token = try #require(answer[path: ["status", "token"]]?.stringValue, "\(answer)")
        let directory = workspace.cluster.directory
        let kubeconfig = try Self.kubeconfig(
            workspace.access.configuration.server, plugin: try Self.plugin(printing: token, in: directory),
            in: directory)
        let process = try workspace.startOperator(kubeconfig: kubeconfig)
        try await workspace.create(Templates.all)
        try await workspace.create(Templates.execution("works", engine: "tekton"))
        #expect(try await workspace.finished("works").verdict == "Completed/Success/Succeeded")
        #expect(try await process.stop() == 0)
    }
}

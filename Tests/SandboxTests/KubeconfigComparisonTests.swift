import Foundation
import KubeClient
import KubeRuntime
import SandboxSupport
import TestSupport
import Testing

@testable import APIServer
@testable import Sandbox

/// Reads kubeconfigs with the installed kubectl and with Towline, and compares the requests that a server receives.
@Suite(
    .enabled(
        if: Kubectl.installed != nil && TLSBridge.isPossible, "kubectl, openssl or bash is not installed"
    ),
    .serialized)
struct KubeconfigComparisonTests {
    /// A cluster and a user in kubeconfig fields; `SERVER` and `PLAIN` stand for addresses, `DIR` for a folder.
    private static let kubeconfigs: [(cluster: String, user: String)] = [
        ("{server: 'https://SERVER', certificate-authority: ca.pem}", "{token: abc}"),
        ("{server: 'HTTPS://SERVER/?x=1', insecure-skip-tls-verify: yes}", "{tokenFile: token}"),
        (
            "{server: 'https://gone', server: 'https://SERVER', insecure-skip-tls-verify: true}",
            "{token: !!binary YWJj, unknown: [1]}"
        ),
        ("{server: 'https://SERVER', insecure-skip-tls-verify: true, disable-compression: true}", "{token: 'abc '}"),
        ("{server: 'https://SERVER', insecure-skip-tls-verify: true}", "{username: a, password: b}"),
        (
            "{server: 'https://SERVER', insecure-skip-tls-verify: true}",
            "{token: abc, as: jane, as-uid: '7', as-groups: [g, h], as-user-extra: {Scope/A: [v, w]}}"
        ),
        ("{server: 'PLAIN', insecure-skip-tls-verify: true}", "{token: abc}"),
        ("{server: 'http://PLAIN', insecure-skip-tls-verify: true, certificate-authority: ca.pem}", "{token: abc}"),
        (
            "{server: 'https://SERVER/', insecure-skip-tls-verify: true}",
            "{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, interactiveMode: IfAvailable}}"
        ),
        (
            "{server: 'https://SERVER', insecure-skip-tls-verify: true}",
            "{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: DIR/plugin, args: [v1beta1], "
                + "env: [{name: TOKEN, value: from-env}]}}"
        ),
    ]

    /// Writes untidy YAML that client-go accepts.
    private static let plugin = """
        #!/bin/sh
        cat <<END
        ---
        apiVersion: client.authentication.k8s.io/${1:-v1}
        apiVersion: client.authentication.k8s.io/${1:-v1}
        kind: ExecCredential
        more: !tag {a: b}
        status:
          token: ${TOKEN:-good}
          expirationTimestamp: 2099-01-01T00:00:00.5+02:00
        ---
        [
        END
        """

    @Test func `kubectl and Towline send a server the same requests`() async throws {
        try await RunningServer.run(.system) { (running) async throws in
            let recorder = try Recorder(running.server)
            let bridge = try await TLSBridge(to: recorder.port)
            defer { bridge.stop() }
            try bridge.write("plugin", Self.plugin, isExecutable: true)
            try bridge.write("token", "filed\n")
            let kubectl = try Kubectl(running.server)
            defer { kubectl.remove() }
            for (number, (cluster, user)) in Self.kubeconfigs.enumerated() {
                let text = """
                    current-context: c
                    contexts: [{name: c, context: {cluster: k, user: u}}]
                    clusters: [{name: k, cluster: \(cluster)}]
                    users: [{name: u, user: \(user)}]
                    --- not read
                    """
                    .replacing("SERVER", with: "127.0.0.1:\(bridge.port)")
                    .replacing("PLAIN", with: "127.0.0.1:\(recorder.port)").replacing("DIR", with: bridge.folder.path)
                let path = try bridge.write("config-\(number)", text)
                let answer = try await kubectl.result(
                    "--kubeconfig", path, "get", "--raw", "/api/v1/namespaces/default")
                #expect(answer.code == 0, "\(cluster) \(user): \(answer.output)")
                let expected = recorder.take().filter { $0.path == "/api/v1/namespaces/default" }

                let configuration = try ClusterConfiguration.load(
                    explicitPath: path, environment: ProcessInfo.processInfo.environment)
                let client = try CurlTransport(configuration: configuration, userAgent: "comparison")
                let response = try await client.send(HTTPRequest(.get, "/api/v1/namespaces/default"))
                await client.shutdown()
                #expect(response.status == 200)
                #expect(answer.output == String(decoding: response.body, as: UTF8.self))
                #expect(recorder.take() == expected && expected.count == 1, "\(cluster) \(user)")
            }
            await recorder.shutdown()
        }
    }
}

/// Responds like a sandbox and records what identifies the clients.
private final class Recorder: Sendable {
    struct Request: Hashable {
        let path: String
        let authorization: String?
        /// The impersonation headers, lowercase, sorted by name.
        let impersonation: [String]
    }

    private let server: HTTPServer
    private let requests: Locked<[Request]>

    init(_ sandbox: SandboxServer) throws {
        let requests = Locked<[Request]>([])
        self.requests = requests
        let router = RequestRouter(sandbox.cluster)
        server = try HTTPServer(host: "127.0.0.1", port: 0) { request in
            let impersonation = request.headers.fields.filter { $0.name.lowercased().hasPrefix("impersonate-") }
                .map { "\($0.name.lowercased()): \($0.value)" }
            requests.withLock {
                $0.append(
                    Request(
                        path: request.path, authorization: request.headers["Authorization"],
                        impersonation: impersonation.sorted()))
            }
            return await router.respond(to: request)
        }
    }

    var port: UInt16 { server.port }

    func take() -> [Request] {
        requests.withLock { requests in
            defer { requests = [] }
            return requests
        }
    }

    func shutdown() async { await server.shutdown() }
}

/// A TLS server in front of a plain one: `openssl s_server` with its input and output connected to the other server.
///
/// It serves one client at a time.
private final class TLSBridge {
    static let isPossible = ["/usr/bin/openssl", "/bin/bash"].allSatisfy(FileManager.default.isExecutableFile)

    let folder: URL
    let port: UInt16
    private let process = Process()

    init(to backend: UInt16) async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("bridge-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // A port that was free a moment ago.
        let placeholder = try HTTPServer(host: "127.0.0.1", port: 0) { _ in .text("") }
        port = placeholder.port
        await placeholder.shutdown()
        let certificate = Process()
        certificate.executableURL = URL(filePath: "/usr/bin/openssl")
        certificate.currentDirectoryURL = folder
        certificate.arguments = [
            "req", "-x509", "-days", "2", "-subj", "/CN=bridge", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem",
            "-out", "ca.pem",
        ]
        certificate.standardError = FileHandle.nullDevice
        try certificate.run()
        certificate.waitUntilExit()
        process.executableURL = URL(filePath: "/bin/bash")
        process.currentDirectoryURL = folder
        process.arguments = [
            "-c",
            """
            exec 3<>/dev/tcp/127.0.0.1/\(backend)
            exec openssl s_server -quiet -accept 127.0.0.1:\(port) -cert ca.pem -key key.pem <&3 >&3 2>s_server.log
            """,
        ]
        try process.run()
        let deadline = ContinuousClock.now + .seconds(10)
        while !isListening, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
    }

    private var isListening: Bool {
        let place = "0100007F:" + String(port, radix: 16, uppercase: true).leftPadded(to: 4)
        let sockets = (try? String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)) ?? ""
        return sockets.split(separator: "\n").contains { $0.contains(" \(place) 00000000:0000 0A ") }
    }

    func stop() {
        process.terminate()
        try? FileManager.default.removeItem(at: folder)
    }

    @discardableResult
    func write(_ name: String, _ text: String, isExecutable: Bool = false) throws -> String {
        let file = folder.appendingPathComponent(name)
        try Data(text.utf8).write(to: file)
        if isExecutable {
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
        }
        return file.path
    }
}

extension String {
    fileprivate func leftPadded(to width: Int) -> String {
        String(repeating: "0", count: max(0, width - count)) + self
    }
}

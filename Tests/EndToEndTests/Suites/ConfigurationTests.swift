import Foundation
import TestSupport
import Testing

/// Configuration by flags, environment variables, and a file.
@Suite struct ConfigurationTests {
    private let header = "apiVersion: config.towline.dev/v1alpha1\nkind: OperatorConfiguration\n"

    private func file(_ text: String) async throws -> String {
        let file = try await TestCluster.shared.directory.appending(path: "\(UUID().uuidString).yaml")
        try Data((header + text).utf8).write(to: file)
        return file.path
    }

    private func run(
        _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> (code: Int32, output: String, errors: String) {
        let process = try await ChildProcess(
            Repository.binary, ["operator"] + arguments, environment: environment,
            directory: TestCluster.shared.directory, name: "configuration-\(UUID().uuidString)")
        let code = try await process.exit(within: .seconds(20))
        return (code, process.output, process.errorOutput)
    }

    @Test func `combines flags, environment, and file`() async throws {
        let path = try await file("workers: 7\npollInterval: 7s\nlogLevel: warn\nleaderElect: true\n")
        let result = try await run(
            ["--print-config", "--poll-interval", "9s", "--leader-elect=false"],
            environment: [
                "TOWLINE_CONFIG": path, "TOWLINE_POLL_INTERVAL": "8s", "TOWLINE_LOG_LEVEL": "error",
                "TOWLINE_SERVICE_HOST": "10.0.0.1", "TOWLINE_SERVICE_PORT": "80", "TOWLINE_PORT": "tcp://10.0.0.1:80",
            ])
        #expect(result.code == 0, "\(result.errors)")
        let lines = result.output.split(separator: "\n").map(String.init)
        for line in [
            "pollInterval: \"9s\" # --poll-interval", "workers: 7 # \(path):3",
            "logLevel: \"error\" # TOWLINE_LOG_LEVEL",
            "leaderElect: false # --leader-elect", "logFormat: \"auto\" # default",
        ] {
            #expect(lines.contains(line), "\(result.output)")
        }
    }

    @Test func `runs with a configuration file`() async throws {
        let workspace = try await Workspace.make("configured")
        let probes = try FreePort.find()
        let path = try await file(
            """
            namespaces: [\(workspace.namespace)]
            pollInterval: 1s
            metricsBindAddress: "0"
            healthProbeBindAddress: 127.0.0.1:\(probes)
            kubeconfig: "\(workspace.cluster.operatorKubeconfig.path)"
            """)
        let process = try ChildProcess(
            Repository.binary, ["operator", "--config", path], directory: workspace.cluster.directory,
            name: "configured-\(workspace.namespace)")
        try await workspace.create(Templates.all)
        try await workspace.create(Templates.execution("configured", engine: "tekton"))
        #expect(try await workspace.finished("configured").verdict == "Completed/Success/Succeeded")
        #expect(try await process.stop() == 0)
    }

    @Test func `exits with 1 on configuration errors`() async throws {
        let path = try await file("workers: many\n")
        let wrongValue = try await run(["--config", path])
        #expect(wrongValue.code == 1)
        #expect(wrongValue.errors.contains("\(path):3:10: workers: expected a whole number from 1 to 256"))
        let unknown = try await run([], environment: ["TOWLINE_WORKER": "4"])
        #expect(unknown.code == 1)
        #expect(unknown.errors.contains("unknown environment variable TOWLINE_WORKER; did you mean TOWLINE_WORKERS?"))
        let missing = try await run(["--config", "/nowhere/towline.yaml"])
        #expect(missing.code == 1)
        #expect(missing.errors.contains("cannot read /nowhere/towline.yaml"))
    }

    /// The arguments of an operator that cannot start, because its port is in use; and that port.
    private func busy(_ directory: URL) async throws -> (arguments: [String], server: ChildProcess) {
        let kubeconfig = directory.appending(path: "busy.kubeconfig")
        let port = try FreePort.find()
        let server = try ChildProcess(
            Repository.sandbox, ["serve", "--port", String(port), "--kubeconfig-out", kubeconfig.path],
            directory: directory, name: "busy")
        try await poll("the sandbox serves") { server.output.contains("export KUBECONFIG=") }
        let probes = try FreePort.find()
        return (
            [
                "operator", "--kubeconfig", kubeconfig.path, "--metrics-bind-address", "127.0.0.1:\(port)",
                "--health-probe-bind-address", "127.0.0.1:\(probes)",
            ], server
        )
    }

    @Test func `names the addresses it serves, and the flag of a port in use`() async throws {
        let directory = try TestCluster.makeDirectory()
        let (arguments, server) = try await busy(directory)
        let process = try ChildProcess(Repository.binary, arguments, directory: directory, name: "refused")
        #expect(try await process.exit(within: .seconds(20)) == 1)
        let lines = process.errorOutput.split(separator: "\n")
        #expect(lines.contains { $0.contains("Serving") && $0.contains(arguments[6]) })
        let last = try #require(lines.last)
        #expect(last.contains("cannot listen on \(arguments[4])") && last.contains("--metrics-bind-address"))
        #expect(try await server.stop() == 0)
    }

    /// `script` runs a command on a terminal.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script"), "script is not installed"))
    func `logs text on a terminal and JSON elsewhere`() async throws {
        let directory = try TestCluster.makeDirectory()
        let (arguments, server) = try await busy(directory)
        let piped = try ChildProcess(Repository.binary, arguments, directory: directory, name: "piped")
        _ = try await piped.exit(within: .seconds(20))
        #expect(piped.errorOutput.split(separator: "\n").allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
        let command = ([Repository.binary.path] + arguments).joined(separator: " ")
        let terminal = try ChildProcess(
            URL(filePath: "/usr/bin/script"), ["-qec", command, "/dev/null"], directory: directory, name: "terminal")
        _ = try await terminal.exit(within: .seconds(20))
        #expect(terminal.output.contains("Starting"), "\(terminal.output)")
        #expect(!terminal.output.contains("\"msg\""))
        #expect(try await server.stop() == 0)
    }
}

import Foundation
import KubeClient
import TestSupport
import Testing

/// `towline-sandbox serve` and `towline-sandbox demo` as a user runs them.
@Suite struct SandboxTests {
    private func start(_ arguments: [String], environment: [String: String] = [:]) async throws -> ChildProcess {
        let directory = try TestCluster.makeDirectory()
        return try ChildProcess(
            Repository.sandbox, arguments, environment: environment, directory: directory, name: "sandbox")
    }

    /// The path in the line `export KUBECONFIG=…`.
    private func kubeconfig(of process: ChildProcess) async throws -> String {
        try await poll("the sandbox prints its kubeconfig") {
            if !process.isRunning { Issue.record("\(process.errorOutput)") }
            return process.output.firstMatch(of: /(?m)^export KUBECONFIG=(.+)$/).map { String($0.1) }
        }
    }

    @Test func `says what it loaded, what to do next and that its state is lost`() async throws {
        let process = try await start(["serve", "--load-examples"])
        let path = try await kubeconfig(of: process)
        #expect(process.output == "export KUBECONFIG=\(path)\n", "a script can evaluate it")
        try await poll("it prints the next steps") { process.errorOutput.contains("--watch") }
        for text in [
            "Loaded the definitions of Towline, Tekton and Argo and the example workflows.",
            "lost when this process exits",
            "towline operator", "towline-sandbox examples smallest-tekton | kubectl apply -f -",
        ] {
            #expect(process.errorOutput.contains(text), "\(process.errorOutput)")
        }
        #expect(FileManager.default.fileExists(atPath: path))
        #expect(try await process.stop(SIGINT) == 0)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `does not overwrite the file of another program`() async throws {
        let directory = try TestCluster.makeDirectory()
        let file = directory.appending(path: ".kube/config")
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data("clusters: [{name: production}]\n".utf8).write(to: file)
        let arguments = ["serve", "--kubeconfig-out", file.path]
        let refused = try await start(arguments)
        #expect(try await refused.exit(within: .seconds(20)) == 2)
        #expect(refused.errorOutput.contains("\(file.path) exists and was not written by the sandbox"))
        #expect(refused.errorOutput.contains("--force"))
        #expect(try String(contentsOf: file, encoding: .utf8).contains("production"))
        let forced = try await start(arguments + ["--force"])
        #expect(try await kubeconfig(of: forced) == file.path)
        #expect(try await forced.stop() == 0)
        // Now it is a file of a sandbox.
        let again = try await start(arguments)
        #expect(try await kubeconfig(of: again) == file.path)
        #expect(try await again.stop() == 0)
    }

    @Test func `names the file and line of what cannot be loaded`() async throws {
        let directory = try TestCluster.makeDirectory()
        let file = directory.appending(path: "objects.yaml")
        try Data("kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n---\nkind: ConfigMap\napiVersion: v1\n".utf8)
            .write(to: file)
        let rejected = try await start(["serve", "--load", file.path])
        #expect(try await rejected.exit(within: .seconds(20)) == 1)
        #expect(
            rejected.errorOutput.hasPrefix("towline-sandbox: \(file.path):5: ConfigMap: "), "\(rejected.errorOutput)")
        try Data("kind: ConfigMap\n\tbad".utf8).write(to: file)
        let malformed = try await start(["serve", "--load", file.path])
        #expect(try await malformed.exit(within: .seconds(20)) == 1)
        #expect(malformed.errorOutput.hasPrefix("towline-sandbox: \(file.path):2:"), "\(malformed.errorOutput)")
    }

    @Test func `a port in use is an error of --port`() async throws {
        let first = try await start(["serve"])
        let text = try String(contentsOfFile: try await kubeconfig(of: first), encoding: .utf8)
        let port = try #require(text.firstMatch(of: /127\.0\.0\.1:([0-9]+)/)).1
        let second = try await start(["serve", "--port", String(port)])
        #expect(try await second.exit(within: .seconds(20)) == 1)
        #expect(second.errorOutput.hasPrefix("towline-sandbox: --port: "), "\(second.errorOutput)")
        #expect(try await first.stop() == 0)
    }

    /// It runs in a directory without a checkout, from a copy of the executable.
    @Test func `a copy of the executable needs no other file`() async throws {
        let directory = try TestCluster.makeDirectory()
        let copy = directory.appending(path: "copied-sandbox")
        try FileManager.default.copyItem(at: Repository.sandbox, to: copy)
        let process = try ChildProcess(
            URL(filePath: "/bin/sh"), ["-c", "cd / && exec '\(copy.path)' demo --verbose"], directory: directory,
            name: "copy")
        #expect(try await process.exit(within: .seconds(120)) == 0, "\(process.output)\(process.errorOutput)")
        #expect(process.output.contains("Failed executions:"))
        #expect(process.output.contains("Rejected manifests:"))
    }

    @Test func `an interrupted demo says so and exits with 130`() async throws {
        let process = try await start(["demo"])
        try await poll("an execution runs") { process.output.contains("Running") }
        #expect(try await process.stop(SIGINT) == 130)
        #expect(process.output.firstMatch(of: /Interrupted: [0-9]+ of [0-9]+ executions had finished\./) != nil)
        #expect(!process.output.contains("UNEXPECTED"))
    }

    @Test func `a kept demo can be used with its kubeconfig`() async throws {
        let process = try await start(["demo", "--keep"])
        let path = try await poll("the demo prints its kubeconfig", within: .seconds(120)) {
            process.output.firstMatch(of: /(?m)^export KUBECONFIG=(.+)$/).map { String($0.1) }
        }
        #expect(process.output.contains("kubectl get workflowexecutions"))
        let access = try ClusterAccess(kubeconfig: URL(filePath: path))
        #expect(try await access.list(Types.execution, "default").count > 15)
        #expect(try await process.stop(SIGINT) == 0)
        #expect(!FileManager.default.fileExists(atPath: path))
    }
}

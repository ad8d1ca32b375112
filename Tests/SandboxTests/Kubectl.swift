import Foundation
import Sandbox
import TestSupport

extension Kubectl {
    /// The installed kubectl with a kubeconfig for the server and its own home directory.
    init(_ server: SandboxServer) throws {
        let directory = URL.temporaryDirectory.appending(path: "sandbox-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let kubeconfig = directory.appending(path: "config")
        try Data(server.kubeconfig.encoded).write(to: kubeconfig)
        self.init(
            executable: Self.installed ?? URL(filePath: "/nonexistent"), kubeconfig: kubeconfig, directory: directory)
    }

    func remove() {
        try? FileManager.default.removeItem(at: directory)
    }

    /// Runs a command and returns both of its outputs and the exit code, which may be an error.
    func result(_ arguments: String..., input: String = "") async throws -> (output: String, code: Int32) {
        let result = try await run(arguments, input: input)
        return (result.output + result.errorOutput, result.exitCode)
    }
}

import Foundation

/// The installed kubectl, pointed at the API server of a kubeconfig.
public struct Kubectl: Sendable {
    public let executable: URL
    public let kubeconfig: URL
    /// The home directory of kubectl, with its caches.
    public let directory: URL

    public init(executable: URL, kubeconfig: URL, directory: URL) {
        self.executable = executable
        self.kubeconfig = kubeconfig
        self.directory = directory
    }

    /// The path of kubectl; nil if it is not installed.
    public static var installed: URL? { Tool.installed("kubectl")?.executable }

    /// The variables that kubectl gets in addition to those of the tests.
    public var environment: [String: String] {
        [
            "KUBECONFIG": kubeconfig.path, "KUBECACHEDIR": directory.appending(path: "kubectl-cache").path,
            "HOME": directory.path,
        ]
    }

    /// Runs kubectl to its end.
    public func run(
        _ arguments: [String], input: String = "", within limit: Duration = .seconds(60)
    ) async throws -> Tool.Result {
        try await Tool(executable: executable)
            .run(arguments, input: input, environment: environment, in: directory, within: limit)
    }

    /// Runs kubectl and returns its output; throws unless it exits with 0.
    @discardableResult
    public func callAsFunction(
        _ arguments: String..., input: String = "", within limit: Duration = .seconds(60)
    ) async throws -> String {
        let result = try await run(arguments, input: input, within: limit)
        guard result.exitCode == 0 else {
            throw Tool.Failure(description: "kubectl \(arguments.joined(separator: " ")): \(result.errorOutput)")
        }
        return result.output
    }

    /// Writes a manifest to a file and returns its path.
    public func file(_ manifest: String, _ name: String = "manifest-\(UUID().uuidString).yaml") throws -> String {
        let file = directory.appending(path: name)
        try manifest.write(to: file, atomically: true, encoding: .utf8)
        return file.path
    }
}

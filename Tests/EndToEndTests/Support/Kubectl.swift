import Foundation
import Testing

/// The kubectl that is installed, pointed at the test's cluster.
struct Kubectl: Sendable {
    struct Result: Sendable {
        let exitCode: Int32
        let output: String
        let errorOutput: String
    }

    let executable: URL
    let kubeconfig: URL
    let directory: URL

    /// Nil where kubectl is not installed.
    static var installed: URL? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return folders.map { URL(filePath: String($0)).appending(path: "kubectl") }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }

    /// Starts kubectl and returns it running.
    func start(_ arguments: [String]) throws -> ChildProcess {
        try ChildProcess(
            executable, arguments,
            environment: [
                "KUBECONFIG": kubeconfig.path, "KUBECACHEDIR": directory.appending(path: "kubectl-cache").path,
                "HOME": directory.path,
            ],
            directory: directory, name: "kubectl-\(UUID().uuidString)")
    }

    /// Runs kubectl to its end.
    func run(_ arguments: [String], within limit: Duration = .seconds(60)) async throws -> Result {
        let process = try start(arguments)
        let code = try await process.exit(within: limit)
        return Result(exitCode: code, output: process.output, errorOutput: process.errorOutput)
    }

    /// Runs kubectl, expects success and returns what it printed.
    @discardableResult
    func callAsFunction(
        _ arguments: String..., within limit: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let result = try await run(arguments, within: limit)
        #expect(
            result.exitCode == 0, "kubectl \(arguments.joined(separator: " ")): \(result.errorOutput)",
            sourceLocation: sourceLocation)
        return result.output
    }

    /// Writes `manifest` to a file and returns its path.
    func file(_ manifest: String, _ name: String = "manifest-\(UUID().uuidString).yaml") throws -> String {
        let file = directory.appending(path: name)
        try manifest.write(to: file, atomically: true, encoding: .utf8)
        return file.path
    }
}

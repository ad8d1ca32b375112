import Foundation
import KubeClient

/// A program of this machine that a test runs to its end.
public struct Tool: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String

        public init(description: String) {
            self.description = description
        }
    }

    /// How a run ended, and what it wrote.
    public struct Result: Sendable {
        public let exitCode: Int32
        public let output: String
        public let errorOutput: String

        public init(exitCode: Int32, output: String, errorOutput: String) {
            self.exitCode = exitCode
            self.output = output
            self.errorOutput = errorOutput
        }
    }

    public let executable: URL

    public init(executable: URL) {
        self.executable = executable
    }

    /// The program of that name in a folder of PATH; nil if it is not installed.
    public static func installed(_ name: String) -> Tool? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return folders.map { URL(filePath: String($0)).appending(path: name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
            .map(Tool.init)
    }

    /// Runs the program in the root of the repository and returns its output; throws unless it exits with 0.
    @discardableResult
    public func callAsFunction(_ arguments: String...) async throws -> String {
        try await output(arguments)
    }

    /// Runs the program in the root of the repository and returns its output; throws unless it exits with 0.
    @discardableResult
    public func output(_ arguments: [String]) async throws -> String {
        let result = try await run(arguments)
        guard result.exitCode == 0 else {
            throw failure(arguments, "exit code \(result.exitCode): \(result.errorOutput)")
        }
        return result.output
    }

    /// Runs the program to its end; terminates it and throws after `limit`.
    ///
    /// - Parameter environment: added to the environment of the tests, without its `TOWLINE_` variables.
    public func run(
        _ arguments: [String], input: String = "", environment: [String: String] = [:],
        in directory: URL = Repository.root, within limit: Duration = .seconds(180)
    ) async throws -> Result {
        let folder = URL.temporaryDirectory.appending(path: "towline-tool-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Files, so that a full pipe cannot block the program.
        let (source, output, errors) = (
            folder.appending(path: "in"), folder.appending(path: "out"), folder.appending(path: "err")
        )
        try Data(input.utf8).write(to: source)
        for file in [output, errors] { try Data().write(to: file) }

        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("TOWLINE_") }
            .merging(environment) { $1 }
        process.currentDirectoryURL = directory
        process.standardInput = try FileHandle(forReadingFrom: source)
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        let start = ContinuousClock.now
        let code = try await Self.exitCode(of: Locked(process), within: limit)
        guard ContinuousClock.now - start < limit else { throw failure(arguments, "did not end within \(limit)") }
        return Result(
            exitCode: code, output: try String(contentsOf: output, encoding: .utf8),
            errorOutput: try String(contentsOf: errors, encoding: .utf8))
    }

    /// Everything is reached under the lock, because Foundation's Process is not Sendable.
    private static func exitCode(of process: Locked<Process>, within limit: Duration) async throws -> Int32 {
        let watchdog = Task {
            try await Task.sleep(for: limit)
            process.withLock { if $0.isRunning { $0.terminate() } }
        }
        defer { watchdog.cancel() }
        return try await withCheckedThrowingContinuation { continuation in
            process.withLock { process in
                process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
                do { try process.run() } catch { continuation.resume(throwing: error) }
            }
        }
    }

    private func failure(_ arguments: [String], _ problem: String) -> Failure {
        Failure(description: "\(executable.lastPathComponent) \(arguments.joined(separator: " ")): \(problem)")
    }
}

import Foundation

/// A program of this machine that a test runs to its end.
struct Tool: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let executable: URL

    /// The program of that name on PATH; nil where it is not installed.
    static func installed(_ name: String) -> Tool? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return folders.map { URL(filePath: String($0)).appending(path: name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
            .map(Tool.init)
    }

    /// Runs it at the root of the repository and returns what it printed; fails with what it complained of.
    func callAsFunction(_ arguments: String...) async throws -> String {
        try await run(arguments)
    }

    func run(_ arguments: [String]) async throws -> String {
        let folder = URL.temporaryDirectory.appending(path: "towline-deploy-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Files, so that no full pipe ever blocks it.
        let (output, errors) = (folder.appending(path: "out"), folder.appending(path: "err"))
        for file in [output, errors] { try Data().write(to: file) }
        let code = try await exitCode(arguments, output, errors)
        guard code == 0 else {
            let complaint = try String(contentsOf: errors, encoding: .utf8)
            throw Failure(
                description:
                    "\(executable.lastPathComponent) \(arguments.joined(separator: " ")): \(code): \(complaint)")
        }
        return try String(contentsOf: output, encoding: .utf8)
    }

    private func exitCode(_ arguments: [String], _ output: URL, _ errors: URL) async throws -> Int32 {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = Repository.root
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        return try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
    }
}

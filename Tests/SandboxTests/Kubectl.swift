import Foundation
import KubeClient
import Testing

@testable import Sandbox

/// Runs the installed kubectl against a server.
struct Kubectl {
    /// The path of kubectl; nil if it is not installed.
    static let path: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { "\($0)/kubectl" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    private let folder: URL

    init(_ server: SandboxServer) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("sandbox-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(server.kubeconfig.encoded).write(to: folder.appendingPathComponent("config"))
    }

    func remove() {
        try? FileManager.default.removeItem(at: folder)
    }

    /// Runs a command for at most a minute, and returns its combined output and exit code.
    func callAsFunction(_ arguments: String..., input: String? = nil) async throws -> (output: String, code: Int32) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.path ?? "/nonexistent")
        process.arguments = ["--cache-dir", folder.appendingPathComponent("cache").path] + arguments
        process.environment = [
            "KUBECONFIG": folder.appendingPathComponent("config").path, "HOME": folder.path,
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "",
        ]
        let output = folder.appendingPathComponent(UUID().uuidString)
        let source = folder.appendingPathComponent(UUID().uuidString)
        try Data().write(to: output)
        try Data((input ?? "").utf8).write(to: source)
        let handle = try FileHandle(forWritingTo: output)
        process.standardOutput = handle
        process.standardError = handle
        process.standardInput = try FileHandle(forReadingFrom: source)
        let watchdog = Task {
            try await Task.sleep(for: .seconds(60))
            process.terminate()
        }
        defer { watchdog.cancel() }
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in done.resume() }
            do { try process.run() } catch { done.resume(throwing: error) }
        }
        let text = String(decoding: try Data(contentsOf: output), as: UTF8.self)
        return (text, process.terminationStatus)
    }
}

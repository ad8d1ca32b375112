import Foundation
import KubeClient
import TestSupport

/// A program that a test starts and stops; its output goes to files, so that a full pipe cannot block it.
final class ChildProcess: Sendable {
    /// Guards everything, because Foundation's Process is not Sendable.
    private let process: Locked<Process>
    let standardOutput: URL
    let standardError: URL

    /// Starts `executable` with `environment` and the test's environment, without the variables for tests.
    init(
        _ executable: URL, _ arguments: [String], environment: [String: String] = [:], directory: URL, name: String
    ) throws {
        standardOutput = directory.appending(path: "\(name).out")
        standardError = directory.appending(path: "\(name).err")
        for file in [standardOutput, standardError] {
            try Data().write(to: file)
        }
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("TOWLINE_") }
            .merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: standardOutput)
        process.standardError = try FileHandle(forWritingTo: standardError)
        try process.run()
        Leftovers.killAtExit(process.processIdentifier)
        self.process = Locked(process)
    }

    deinit {
        if isRunning { send(SIGKILL) }
    }

    var isRunning: Bool { process.withLock { $0.isRunning } }
    var identifier: Int32 { process.withLock { $0.processIdentifier } }

    /// The exit code, or 128 plus the signal that ended the process; nil while it runs.
    var exitCode: Int32? {
        process.withLock { process in
            guard !process.isRunning else { return nil }
            return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
        }
    }

    var output: String { (try? String(contentsOf: standardOutput, encoding: .utf8)) ?? "" }
    var errorOutput: String { (try? String(contentsOf: standardError, encoding: .utf8)) ?? "" }

    func send(_ signal: Int32) {
        kill(identifier, signal)
    }

    /// Sends `signal` to the process and waits until it has exited.
    @discardableResult
    func stop(_ signal: Int32 = SIGTERM, within limit: Duration = .seconds(20)) async throws -> Int32 {
        if isRunning { send(signal) }
        return try await exit(within: limit)
    }

    /// Waits until the process exits.
    func exit(within limit: Duration) async throws -> Int32 {
        try await poll("process \(identifier) exits", within: limit) { self.exitCode }
    }
}

extension Kubectl {
    /// Starts kubectl; returns the running process.
    func start(_ arguments: [String]) throws -> ChildProcess {
        try ChildProcess(
            executable, arguments, environment: environment, directory: directory,
            name: "kubectl-\(UUID().uuidString)")
    }
}

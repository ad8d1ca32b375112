import Foundation
import Glibc
import KubeClient

/// A process that is measured.
final class Program: Sendable {
    /// Everything is reached under the lock, because Foundation's Process is not Sendable.
    private let process: Locked<Process>
    let identifier: Int32

    init(_ executable: URL, _ arguments: [String], log: URL) throws {
        if !FileManager.default.fileExists(atPath: log.path) { try Data().write(to: log) }
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let output = try FileHandle(forWritingTo: log)
        try output.seekToEnd()
        process.standardError = output
        try process.run()
        identifier = process.processIdentifier
        self.process = Locked(process)
    }

    var isRunning: Bool { process.withLock { $0.isRunning } }

    /// Resident memory in MiB, as the kernel counts it.
    var residentMegabytes: Double { status("VmRSS") / 1024 }

    /// The processor time so far, in seconds.
    var processorSeconds: Double { Self.processorSeconds(of: identifier) }

    /// The processor time that a process has had so far, in seconds, as the kernel counts it.
    static func processorSeconds(of identifier: Int32) -> Double {
        let text = (try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8)) ?? ""
        // The name of the program, in parentheses, may hold spaces.
        let fields = (text.split(separator: ")").last ?? "").split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    var threads: Int { Int(status("Threads")) }

    var openFiles: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(identifier)/fd"))?.count ?? 0
    }

    func kill() { send(SIGKILL) }

    func send(_ signal: Int32) { Glibc.kill(identifier, signal) }

    func stop() async throws {
        send(SIGTERM)
        try await waiting("the end of a process") { !isRunning }
    }

    /// A number of the kernel's summary of the process.
    private func status(_ name: String) -> Double {
        let status = (try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("\(name):") } ?? ""
        return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).compactMap { Double($0) }.first ?? 0
    }
}

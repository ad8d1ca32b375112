import Foundation

/// A process that is measured.
final class Program {
    private let process = Process()

    init(_ executable: URL, _ arguments: [String], log: URL) throws {
        try Data().write(to: log)
        process.executableURL = executable
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
    }

    /// Resident memory in MiB, as the kernel counts it.
    var residentMegabytes: Double {
        let status = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        let kilobytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).compactMap { Double($0) }.first ?? 0
        return kilobytes / 1024
    }

    func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

    func stop() async throws {
        process.terminate()
        try await waiting("the end of a process") { !process.isRunning }
    }
}

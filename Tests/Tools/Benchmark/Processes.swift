import Foundation
import Glibc
import KubeClient

/// A process with its resource usage.
final class MeasuredProcess: Sendable {
    /// Locked, because Foundation's Process is not Sendable.
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

    /// Resident memory in MiB.
    var residentMegabytes: Double { status("VmRSS") / 1024 }

    /// The CPU time so far, in seconds.
    var processorSeconds: Double { Self.processorSeconds(of: identifier) }

    /// The CPU time of a process so far, in seconds.
    static func processorSeconds(of identifier: Int32) -> Double {
        let text = (try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8)) ?? ""
        // The name of the program is in parentheses and can contain spaces.
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

    /// Reads a number from `/proc/PID/status`.
    func status(_ name: String) -> Double {
        let status = (try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("\(name):") } ?? ""
        return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).compactMap { Double($0) }.first ?? 0
    }
}

/// A running operator of the release binary with its metrics.
struct MeasuredOperator {
    let program: MeasuredProcess
    let secondsToReady: Double
    let metricsPort: UInt16
    private let metrics: CurlTransport

    static func start(
        binary: URL, kubeconfig: URL, log: URL, arguments: [String] = []
    ) async throws -> MeasuredOperator {
        let probePort = UInt16.random(in: 20_000...30_000)
        let metricsPort = probePort + 1
        let start = ContinuousClock.now
        let program = try MeasuredProcess(
            binary,
            [
                "operator", "--kubeconfig", kubeconfig.path, "--log-level", "warn",
                "--health-probe-bind-address", "127.0.0.1:\(probePort)",
                "--metrics-bind-address", "127.0.0.1:\(metricsPort)",
            ] + arguments, log: log)
        let probes = try transport(probePort)
        try await waiting("readiness") {
            (try? await probes.send(HTTPRequest(.get, "/readyz", timeout: .seconds(1))))?.status == 200
        }
        let seconds = (ContinuousClock.now - start).inSeconds
        await probes.shutdown()
        return MeasuredOperator(
            program: program, secondsToReady: seconds, metricsPort: metricsPort, metrics: try transport(metricsPort))
    }

    /// The number of requests so far by method, with those for events counted separately.
    func requests() async throws -> [String: Double] {
        let all = try await sums(of: "rest_client_requests_total", by: "method")
        let published = try await sums(of: "events_published_total", by: "method")
        var counts: [String: Double] = [:]
        for (method, count) in all { counts["\(method) requests"] = count - (published[method] ?? 0) }
        for (method, count) in published { counts["\(method) requests for events"] = count }
        counts["events dropped"] = try await sums(of: "events_dropped_total", by: "reason").values.reduce(0, +)
        return counts
    }

    /// The maximum value of a metric; 0 if it has no series.
    func maximum(of metric: String) async throws -> Double {
        let body = try await metrics.send(HTTPRequest(.get, "/metrics")).body
        let lines = String(decoding: body, as: UTF8.self).split(separator: "\n")
        return lines.filter { $0.hasPrefix("\(metric){") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.max() ?? 0
    }

    /// The median time of a scrape and the size of the page.
    func scrape() async throws -> (milliseconds: Double, kilobytes: Double) {
        var times: [Double] = []
        var size = 0
        for _ in 0..<21 {
            let start = ContinuousClock.now
            size = try await metrics.send(HTTPRequest(.get, "/metrics")).body.count
            times.append((ContinuousClock.now - start).inSeconds * 1000)
        }
        return (times.sorted()[times.count / 2], Double(size) / 1024)
    }

    /// The sums of a metric for each value of a label.
    private func sums(of metric: String, by label: String) async throws -> [String: Double] {
        let body = try await metrics.send(HTTPRequest(.get, "/metrics")).body
        var sums: [String: Double] = [:]
        for line in String(decoding: body, as: UTF8.self).split(separator: "\n") where line.hasPrefix("\(metric){") {
            guard let value = line.split(separator: "\(label)=\"").last?.prefix(while: { $0 != "\"" }),
                let count = line.split(separator: " ").last.flatMap({ Double($0) })
            else { continue }
            sums[String(value), default: 0] += count
        }
        return sums
    }

    private static func transport(_ port: UInt16) throws -> CurlTransport {
        try CurlTransport(
            configuration: ClusterConfiguration(server: "http://127.0.0.1:\(port)", origin: "benchmark"),
            userAgent: "towline-bench")
    }
}

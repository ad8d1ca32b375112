import Foundation
import KubeClient

/// Measures the release binary on the sandbox, or runs the soak test (see ``Soak``).
///
/// `towline-bench --binary bin/towline --sandbox bin/towline-sandbox [--executions 10000] [--running 1000]`
/// `towline-bench environments --binary bin/towline --sandbox bin/towline-sandbox [--stored 10000]`
/// `towline-bench soak --binary bin/towline --sandbox bin/towline-sandbox [--seconds 600] [--seed N]`
/// `towline-bench attack --binary bin/towline [--scale 1] [--scenario 'labeled runs']`, on the sandbox or on the folder of
/// `KUBEBUILDER_ASSETS`
/// `towline-bench poll --binary bin/towline [--stored 10000] [--unfinished 10]`, on the folder of `KUBEBUILDER_ASSETS`
@main
struct Benchmark {
    let binary: URL
    let sandboxBinary: URL
    let total: Int
    let running: Int
    let directory: URL

    private static let options = [
        "--binary", "--sandbox", "--executions", "--running", "--seconds", "--seed", "--scale", "--stored",
        "--unfinished", "--scenario",
    ]
    private static let usage = """
        towline-bench [--binary FILE] [--sandbox FILE] [--executions N] [--running N]
        towline-bench environments [--binary FILE] [--sandbox FILE] [--stored N]
        towline-bench soak [--binary FILE] [--sandbox FILE] [--seconds N] [--seed N]
        towline-bench attack [--binary FILE] [--scale FACTOR] [--scenario NAME]
        towline-bench poll [--binary FILE] [--stored N] [--unfinished N]
        """

    static func main() async throws {
        var arguments = Array(CommandLine.arguments.dropFirst())
        func option(_ name: String) -> String? {
            guard let index = arguments.firstIndex(of: name), arguments.indices.contains(index + 1) else { return nil }
            let value = arguments[index + 1]
            arguments.removeSubrange(index...(index + 1))
            return value
        }
        if let unknown = arguments.first(where: { $0.hasPrefix("--") && !options.contains($0) }) {
            if unknown != "--help" { FileHandle.standardError.write(Data("unknown option \(unknown)\n".utf8)) }
            print(usage)
            exit(unknown == "--help" ? 0 : 2)
        }
        let directory = URL.temporaryDirectory.appending(path: "towline-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let binary = URL(filePath: option("--binary") ?? "bin/towline")
        let sandboxBinary = URL(filePath: option("--sandbox") ?? "bin/towline-sandbox")
        if arguments.first == "soak" {
            let seed = option("--seed").flatMap { UInt64($0) } ?? .random(in: 1...1_000_000)
            let seconds = option("--seconds").flatMap { Int($0) } ?? 600
            let soak = Soak(
                binary: binary, sandboxBinary: sandboxBinary, directory: directory, seconds: max(20, seconds),
                seed: seed)
            if try await soak.run() { return }
            print("the operators' logs are in \(directory.path)")
            exit(1)
        }
        if arguments.first == "attack" {
            var scenarios = Attack.Scenario.allCases
            if let name = option("--scenario") {
                guard let scenario = Attack.Scenario(rawValue: name) else {
                    let names = scenarios.map(\.rawValue).joined(separator: ", ")
                    print("there is no scenario '\(name)'; there are: \(names)")
                    exit(2)
                }
                scenarios = [scenario]
            }
            let attack = Attack(
                binary: binary, directory: directory, scale: option("--scale").flatMap { Double($0) } ?? 1,
                scenarios: scenarios)
            if try await attack.run() { return }
            exit(1)
        }
        if arguments.first == "environments" {
            let benchmark = Benchmark(
                binary: binary, sandboxBinary: sandboxBinary, total: 0, running: 0, directory: directory)
            return try await benchmark.measureEnvironments(option("--stored").flatMap { Int($0) } ?? 10_000)
        }
        if arguments.first == "poll" {
            let benchmark = PollBenchmark(
                binary: binary, directory: directory, stored: option("--stored").flatMap { Int($0) } ?? 10_000,
                few: option("--unfinished").flatMap { Int($0) } ?? 10)
            return try await benchmark.run()
        }
        let benchmark = Benchmark(
            binary: binary, sandboxBinary: sandboxBinary,
            total: option("--executions").flatMap { Int($0) } ?? 10_000,
            running: option("--running").flatMap { Int($0) } ?? 1_000, directory: directory)
        try await benchmark.run()
    }

    private func run() async throws {
        let sandbox = try MeasuredProcess(
            sandboxBinary, ["serve", "--port", "0", "--kubeconfig-out", kubeconfig.path], log: log("sandbox"))
        defer { sandbox.kill() }
        try await waiting("the sandbox") { FileManager.default.fileExists(atPath: kubeconfig.path) }
        let load = try Load(kubeconfig: kubeconfig)
        try await waiting("the API") { try await load.isReady() }
        try await load.createTemplates()

        print("measurement                                 value   target")
        let idle = try await operatorProcess()
        try await report("resident memory, idle", idle, limit: 16)
        try await idle.program.stop()

        let small = min(2_000, total)
        let worker = try await operatorProcess()
        let before = try await worker.requests()
        let processorBefore = (worker.program.processorSeconds, sandbox.processorSeconds)
        let start = ContinuousClock.now
        try await load.createExecutions(small, workflow: "instant")
        try await load.waitForFinished(small)
        let seconds = (ContinuousClock.now - start).inSeconds
        let processor = (
            worker.program.processorSeconds - processorBefore.0, sandbox.processorSeconds - processorBefore.1
        )
        line("executions per second", String(format: "%.0f", Double(small) / seconds), "")
        line("CPU of the operator per execution", milliseconds(processor.0 / Double(small)), "")
        line("CPU of the sandbox per execution", milliseconds(processor.1 / Double(small)), "")
        for (what, count) in try await worker.requests().sorted(by: { $0.key < $1.key }) {
            let perExecution = (count - (before[what] ?? 0)) / Double(small)
            line("\(what) per execution", String(format: "%.2f", perExecution), Self.target(what))
        }
        line("resident memory after the burst", megabytes(worker.program.residentMegabytes), "")
        try await worker.program.stop()

        try await restart("\(small) executions", limit: 24)
        guard total > small else { return }
        let filler = try await operatorProcess()
        try await load.createExecutions(total - small - running, workflow: "instant")
        try await load.waitForFinished(total - running)
        try await load.createExecutions(running, workflow: "forever")
        try await load.waitForRunning(running)
        try await filler.program.stop()
        try await restart("\(total) executions, \(running) running", limit: 48)
        sandbox.kill()
        try await measureEnvironments(total)
    }

    private static func target(_ what: String) -> String {
        switch what {
        case "POST requests": "1"
        case "PATCH requests": "2"
        default: ""
        }
    }

    /// Starts an operator on the existing objects and reports the time until it is ready and its memory.
    private func restart(_ what: String, limit: Double) async throws {
        let process = try await operatorProcess()
        line("start to ready, \(what)", String(format: "%.2f s", process.secondsToReady), "2 s")
        try await report("resident memory, \(what)", process, limit: limit)
        let scrape = try await process.scrape()
        line("scrape, \(what)", String(format: "%.1f ms", scrape.milliseconds), "20 ms")
        line("page of metrics, \(what)", String(format: "%.0f KiB", scrape.kilobytes), "")
        try await process.program.stop()
    }

    private func operatorProcess() async throws -> MeasuredOperator {
        try await MeasuredOperator.start(binary: binary, kubeconfig: kubeconfig, log: log("operator"))
    }

    private func report(_ what: String, _ process: MeasuredOperator, limit: Double) async throws {
        // By then temporary allocations of the start are freed, and two polls of the runs have passed.
        try await Task.sleep(for: .seconds(25))
        line(what, megabytes(process.program.residentMegabytes), String(format: "%.0f MiB", limit))
    }

    func line(_ what: String, _ value: String, _ limit: String) {
        let name = what.padding(toLength: max(40, what.count), withPad: " ", startingAt: 0)
        print("\(name) \(String(repeating: " ", count: max(0, 10 - value.count)))\(value)   \(limit)")
    }

    func milliseconds(_ seconds: Double) -> String { String(format: "%.2f ms", seconds * 1000) }

    func megabytes(_ value: Double) -> String { String(format: "%.1f MiB", value) }

    private var kubeconfig: URL { directory.appending(path: "kubeconfig") }
    private func log(_ name: String) -> URL { directory.appending(path: "\(name).log") }
}

struct TimedOut: Error, CustomStringConvertible {
    let description: String
}

/// Checks a condition until it is true, for at most ten minutes.
func waiting(_ what: String, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(600))
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw TimedOut(description: "timed out waiting for \(what)") }
        try await Task.sleep(for: .milliseconds(10))
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

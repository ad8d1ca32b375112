import Faults
import Foundation
import KubeClient
import TestSupport

/// Runs the release binary on the sandbox with mixed load and injected faults for some minutes.
///
/// `towline-bench soak --binary bin/towline --sandbox bin/towline-sandbox [--seconds 600] [--seed N]`
///
/// The two operators of namespace `rough` are killed, paused and disconnected until they lose their lease. The two of
/// namespace `steady` only have lost connections and short outages, which they must survive. Their resources are
/// measured at the start and at the end, each time while they are idle.
struct Soak {
    static let rough = "rough"
    static let namespaces = [rough, "steady"]

    /// The allowed memory growth of the sandbox, in MiB.
    ///
    /// Its watch history fills up during the first minutes: 32 MiB for each resource, of which six change all the time.
    private static let sandboxGrowth = 384.0

    let binary: URL
    let sandboxBinary: URL
    let directory: URL
    let seconds: Int
    let seed: UInt64

    /// Returns false if an execution was lost or ran twice, or if a process leaks.
    func run() async throws -> Bool {
        print("soak for \(seconds) s, seed \(seed)")
        let log = directory.appending(path: "sandbox.log")
        let sandbox = try MeasuredProcess(
            sandboxBinary, ["serve", "--port", "0", "--kubeconfig-out", kubeconfig.path], log: log)
        defer { sandbox.kill() }
        try await waiting("the sandbox") {
            guard sandbox.isRunning else { throw TimedOut(description: try String(contentsOf: log, encoding: .utf8)) }
            return FileManager.default.fileExists(atPath: kubeconfig.path)
        }
        let users = try SoakUsers(kubeconfig: kubeconfig)
        try await waiting("the API") { await users.isReady() }
        try await users.prepare()
        let groups = try Self.namespaces.map {
            try SoakOperators($0, binary: binary, kubeconfig: kubeconfig, directory: directory)
        }
        defer { for operators in groups { operators.end() } }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await users.recorder.run() }
            defer { group.cancelAll() }
            return try await loadAndMeasure(sandbox, groups, users)
        }
    }

    private func loadAndMeasure(_ sandbox: MeasuredProcess, _ groups: [SoakOperators], _ users: SoakUsers) async throws
        -> Bool
    {
        // Caches, arenas and pools reach their size first.
        let warmUp = max(10, seconds / 10)
        try await load(for: warmUp, groups, users, salt: 1)
        let checks = [LeakCheck("sandbox", sandbox, memoryGrowth: Self.sandboxGrowth)] + groups[1].leakChecks()
        try await load(for: seconds - warmUp, groups, users, salt: 2)
        print("process               resident memory, MiB      open files         threads")
        for check in checks { print(check.line) }
        let failures = users.failures + checks.flatMap(\.failures)
        print("\(users.count) executions; operators of \(groups[0].namespace) ended \(groups[0].restarts) times")
        for failure in failures.prefix(50) { print("FAILED: \(failure)") }
        return failures.isEmpty
    }

    /// Runs users and faults for some time and then waits until everything is idle.
    private func load(for seconds: Int, _ groups: [SoakOperators], _ users: SoakUsers, salt: UInt64) async throws {
        let end = ContinuousClock.now + .seconds(seconds)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, operators) in groups.enumerated() {
                let base = (seed &* 1000 &+ salt) &* 1000 &+ UInt64(index) &* 100
                let faults = index == 0 ? Fault.allCases : Fault.tolerable
                group.addTask { try await operators.injectFaults(faults, until: end, SplitMix(seed: base)) }
                for user in 1...8 {
                    let random = SplitMix(seed: base &+ UInt64(user))
                    group.addTask { try await users.use(operators.namespace, until: end, random) }
                }
            }
            try await group.waitForAll()
        }
        try await waiting("an empty cluster") { try await users.isEmpty() }
        // Idle connections are closed and memory is freed some seconds after the last use.
        try await Task.sleep(for: .seconds(20))
    }

    private var kubeconfig: URL { directory.appending(path: "kubeconfig") }
}

/// Compares the memory, files and threads of a process with those at the start.
struct LeakCheck {
    private struct Footprint {
        let megabytes: Double
        let files: Int
        let threads: Int

        init(_ program: MeasuredProcess) {
            (megabytes, files, threads) = (program.residentMegabytes, program.openFiles, program.threads)
        }
    }

    /// The number of pooled connections depends on the recent concurrency.
    private static let fileGrowth = 8
    private static let threadGrowth = 2

    private let name: String
    private let program: MeasuredProcess
    private let before: Footprint
    /// The allowed growth of resident memory, in MiB.
    private let memoryGrowth: Double

    init(_ name: String, _ program: MeasuredProcess, memoryGrowth: Double) {
        self.name = name
        self.program = program
        self.memoryGrowth = memoryGrowth
        before = Footprint(program)
    }

    /// One row of the table.
    var line: String {
        let now = Footprint(program)
        let memory = String(format: "%8.1f to %6.1f", before.megabytes, now.megabytes)
        let files = String(format: "%10d to %4d", before.files, now.files)
        let threads = String(format: "%8d to %4d", before.threads, now.threads)
        return name.padding(toLength: 20, withPad: " ", startingAt: 0) + memory + files + threads
    }

    var failures: [String] {
        guard program.isRunning else { return ["\(name): ended unexpectedly"] }
        let now = Footprint(program)
        var failures: [String] = []
        if now.megabytes > before.megabytes + memoryGrowth {
            failures.append("\(name): resident memory grew by more than \(memoryGrowth) MiB")
        }
        if now.files > before.files + Self.fileGrowth {
            failures.append("\(name): open files grew from \(before.files) to \(now.files)")
        }
        if now.threads > before.threads + Self.threadGrowth {
            failures.append("\(name): threads grew from \(before.threads) to \(now.threads)")
        }
        return failures
    }
}

import Foundation
import KubeClient

/// Attacks an operator with the rights of a tenant, and measures its memory and what another tenant notices.
///
/// Each scenario is one kind of attack. The peak of the operator's memory must stay below the limit of the shipped pod, and
/// the latency of another namespace's executions must be at most three times that at rest.
struct Attack {
    let binary: URL
    let directory: URL
    /// How much of each attack is done, 1 for all of it; less for a quick check.
    let scale: Double

    /// The memory limit of the shipped pod, in MiB.
    private static let memoryLimit = 128.0
    /// How often as long an execution may take under an attack.
    private static let latencyFactor = 3.0
    /// The accuracy of the latencies on a busy machine, in seconds.
    private static let latencySlack = 0.25

    /// Runs all scenarios; false if one exceeds a limit.
    func run() async throws -> Bool {
        let server = try await MeasuredServer(directory: directory)
        defer { server.stop() }
        let runs = try StoredRuns(kubeconfig: server.kubeconfig)
        try await server.start(watchCache: true)
        try await waiting("the API server") { await runs.isReady() }
        try await server.install(runs)
        try await waiting("the definitions") { await runs.isServed() }
        let tenants = Tenants(runs.client)
        try await tenants.createNamespaces()
        print(server.isReal ? "on kube-apiserver" : "on the sandbox")
        var process = try await start(server)
        try await Task.sleep(for: .seconds(5))
        let rest = try await tenants.latencies(count: 20)
        print("scenario                       peak memory   p50 (rest)      p99 (rest)")
        line("at rest", process.program.peakMegabytes, rest, rest)

        var isWithinLimits = true
        for scenario in Scenario.allCases {
            if scenario.restarts {
                try await process.program.stop()
                process = try await start(server)
            }
            let (port, scale) = (process.metricsPort, scale)
            let attack = Task { try await tenants.attack(scenario, metricsPort: port, scale: scale) }
            // Wait until the attack has an effect.
            try await Task.sleep(for: .seconds(2))
            let latencies = try await tenants.latencies(count: 20)
            try await attack.value
            // Two polls of the runs, which also read what the attack left.
            try await Task.sleep(for: .seconds(22))
            let peak = process.program.peakMegabytes
            line(scenario.rawValue, peak, latencies, rest)
            let bound = rest.p99 * Self.latencyFactor + Self.latencySlack
            if peak > Self.memoryLimit || latencies.p99 > bound || !process.program.isRunning {
                print(
                    "  exceeds \(Int(Self.memoryLimit)) MiB or \(String(format: "%.2f", bound)) s, or the operator ended"
                )
                isWithinLimits = false
            }
        }
        try await process.program.stop()
        return isWithinLimits
    }

    private func start(_ server: MeasuredServer) async throws -> MeasuredOperator {
        try await MeasuredOperator.start(
            binary: binary, kubeconfig: server.kubeconfig, log: directory.appending(path: "operator.log"))
    }

    private func line(_ name: String, _ peak: Double, _ latencies: Latencies, _ rest: Latencies) {
        let title = name.padding(toLength: 30, withPad: " ", startingAt: 0)
        print(
            title
                + String(
                    format: "%8.1f MiB %8.2f (%.2f) s %8.2f (%.2f) s", peak, latencies.p50, rest.p50, latencies.p99,
                    rest.p99))
        fflush(nil)
    }

    /// The kinds of attack.
    enum Scenario: String, CaseIterable {
        /// Executions with as many bytes of parameters as the API server accepts, patched all the time.
        case largeExecutions = "large executions"
        /// The same objects are read by a new process.
        case restart = "restart with large executions"
        /// Runs with the label of an unfinished execution are created and deleted.
        case labeledRuns = "labeled runs"
        /// Failed runs with many large children.
        case largeChildren = "large children"
        /// Runs of one's own label with large annotations, which every verification lists.
        case largeAnnotations = "large annotations"
        /// Connections to the port for metrics that never finish a request.
        case openConnections = "open connections"

        var restarts: Bool { self == .restart }
    }
}

/// The times from the creation of executions to their phase Running, in seconds.
struct Latencies {
    let sorted: [Double]

    init(_ times: [Double]) { sorted = times.sorted() }

    var p50: Double { sorted.isEmpty ? 0 : sorted[sorted.count / 2] }
    var p99: Double { sorted.last ?? 0 }
}

extension MeasuredProcess {
    /// The most resident memory so far, in MiB.
    var peakMegabytes: Double { status("VmHWM") / 1024 }
}

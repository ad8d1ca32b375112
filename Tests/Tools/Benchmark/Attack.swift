import Foundation
import KubeClient

/// Attacks an operator with the rights of a tenant, and measures its memory and what another tenant notices.
///
/// Each scenario is one kind of attack. The peak of the operator's memory must stay below 128 MiB, and the latency of
/// another namespace's executions must be at most three times that at rest. An attack also keeps the API server and this
/// process busy: the bound rises as much as the latency of the requests that an execution needs, sent without an
/// operator.
struct Attack {
    let binary: URL
    let directory: URL
    /// How much of each attack is done, 1 for all of it; less for a quick check.
    let scale: Double
    let scenarios: [Scenario]

    /// The maximum memory, in MiB, two thirds of the limit of the shipped pod.
    private static let memoryLimit = 128.0
    /// How often as long an execution may take under an attack.
    private static let latencyFactor = 3.0
    /// A latency that no one notices, in seconds: bounds are never below it.
    private static let shortLatency = 0.1

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
        print("scenario                       peak memory   p50 (bound)       p99 (bound)       requests p50, p99")
        line("at rest", process.program.peakMegabytes, rest, nil)

        var isWithinLimits = true
        for scenario in scenarios {
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
            let bound = Self.bound(latencies, rest)
            line(scenario.rawValue, peak, latencies, bound)
            let isPrompt = latencies.executions.p50 <= bound.p50 && latencies.executions.p99 <= bound.p99
            if peak > Self.memoryLimit || !isPrompt || !process.program.isRunning {
                print("  exceeds \(Int(Self.memoryLimit)) MiB or a bound, or the operator ended")
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

    /// How long executions may take under an attack.
    private static func bound(_ latencies: VictimLatencies, _ rest: VictimLatencies) -> (p50: Double, p99: Double) {
        func bound(_ percentile: KeyPath<Latencies, Double>) -> Double {
            let slowdown = latencies.requests[keyPath: percentile] / max(rest.requests[keyPath: percentile], 0.001)
            return max(shortLatency, rest.executions[keyPath: percentile] * latencyFactor * max(1, slowdown))
        }
        return (bound(\.p50), bound(\.p99))
    }

    private func line(
        _ name: String, _ peak: Double, _ latencies: VictimLatencies, _ bound: (p50: Double, p99: Double)?
    ) {
        func text(_ value: Double, _ bound: Double?) -> String {
            String(format: "%8.3f", value) + (bound.map { String(format: " (%.2f) s", $0) } ?? " s       ")
        }
        let title = name.padding(toLength: 30, withPad: " ", startingAt: 0)
        print(
            title + String(format: "%8.1f MiB", peak), text(latencies.executions.p50, bound?.p50),
            text(latencies.executions.p99, bound?.p99),
            String(format: "%8.3f, %.3f s", latencies.requests.p50, latencies.requests.p99))
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
        /// Runs and children whose statuses are small as JSON and large in memory, or refer to themselves.
        case forgedStatuses = "forged statuses"
        /// Runs of one's own label with large annotations, which every verification lists.
        case largeAnnotations = "large annotations"
        /// Connections to the port for metrics that never finish a request.
        case openConnections = "open connections"

        var restarts: Bool { self == .restart }
    }
}

/// What a victim notices.
struct VictimLatencies {
    /// From the creation of executions to their phase Running.
    let executions: Latencies
    /// The requests that an execution needs until then, sent without an operator.
    let requests: Latencies
}

/// Durations in seconds.
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

import Foundation
import KubeClient

/// The cost of environments at rest: memory, CPU time and requests.
extension Benchmark {
    private static let environment = ResourceType(
        group: "towline.dev", version: "v1alpha1", plural: "environments", kind: "Environment")
    /// How long requests and CPU time are measured.
    private static let period = Duration.seconds(20)

    /// Measures on a separate sandbox.
    func measureEnvironments(_ count: Int) async throws {
        let file = directory.appending(path: "environments.kubeconfig")
        let sandbox = try MeasuredProcess(
            sandboxBinary, ["serve", "--port", "0", "--kubeconfig-out", file.path],
            log: directory.appending(path: "sandbox-environments.log"))
        defer { sandbox.kill() }
        try await waiting("the sandbox") { FileManager.default.fileExists(atPath: file.path) }
        let load = try Load(kubeconfig: file)
        try await waiting("the API") { try await load.isReady() }
        let idle = try await rest(file)
        let worker = try await MeasuredOperator.start(
            binary: binary, kubeconfig: file, log: directory.appending(path: "operator.log"))
        let start = ContinuousClock.now
        try await load.createMany(Self.environment, count) { number in
            [
                "apiVersion": "towline.dev/v1alpha1", "kind": "Environment",
                "metadata": ["name": .string("bench-\(number)")],
                "spec": [
                    "timeslot": ["ttlSeconds": 864_000], "parameters": [:],
                    "lifecycle": ["phases": [["name": "start", "engine": "pipeline", "steps": [["markReady": [:]]]]]],
                ],
            ]
        }
        try await load.wait(for: count, of: Self.environment, "active environments") { $0 == "Active" }
        let seconds = (ContinuousClock.now - start).inSeconds
        line("environments per second until ready", String(format: "%.0f", Double(count) / seconds), "")
        try await worker.program.stop()
        let many = try await rest(file)
        let name = "\(count) environments at rest"
        line("memory added by \(name)", megabytes(many.memory - idle.memory), "12 MiB")
        line("CPU of \(name), per second", milliseconds(many.processor), "")
        line("CPU without environments, per second", milliseconds(idle.processor), "")
        let period = "in \(Int(Self.period.inSeconds)) s"
        line("requests of \(name), \(period)", String(format: "%.0f", many.requests), "")
        line("requests without environments, \(period)", String(format: "%.0f", idle.requests), "")
    }

    /// What an operator uses that has nothing to do.
    private func rest(_ kubeconfig: URL) async throws -> (memory: Double, processor: Double, requests: Double) {
        let process = try await MeasuredOperator.start(
            binary: binary, kubeconfig: kubeconfig, log: directory.appending(path: "operator.log"))
        // By then temporary allocations of the start are freed.
        try await Task.sleep(for: .seconds(25))
        let memory = process.program.residentMegabytes
        let (before, processor) = (try await process.requests(), process.program.processorSeconds)
        try await Task.sleep(for: Self.period)
        let used = (process.program.processorSeconds - processor) / Self.period.inSeconds
        let sent = try await process.requests().map { $0.value - (before[$0.key] ?? 0) }.reduce(0, +)
        try await process.program.stop()
        return (memory, used, sent)
    }
}

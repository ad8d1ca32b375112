import Foundation
import KubeClient

/// Measures the cost for the API server to verify unfinished runs, with many and with few of them among stored runs.
///
/// For each strategy it prints the time and the API server's CPU time of one round, and for an operator the age of the
/// oldest verification, the number of requests, and their cost.
struct PollBenchmark {
    let binary: URL
    let directory: URL
    let stored: Int
    let few: Int

    private struct Cost {
        let seconds: Double
        let processorSeconds: Double
    }

    func run() async throws {
        let server = try await MeasuredServer(directory: directory)
        defer { server.stop() }
        let runs = try StoredRuns(kubeconfig: server.kubeconfig)
        try await start(server, runs, watchCache: true)
        try await server.install(runs)
        try await waiting("the definitions") { await runs.isServed() }
        let begin = ContinuousClock.now
        try await runs.create(stored)
        print("stored \(stored) executions and runs in \(Int((ContinuousClock.now - begin).inSeconds)) s")
        print(server.isReal ? "on kube-apiserver" : "on the sandbox, whose CPU time includes that of the client")
        try await measure(server, runs, unfinished: stored, "watch cache")
        if server.isReal {
            try await start(server, runs, watchCache: false)
            try await measure(server, runs, unfinished: stored, "no watch cache")
        }
        try await runs.finish(allBut: few)
        if server.isReal {
            try await start(server, runs, watchCache: false)
            try await measure(server, runs, unfinished: few, "no watch cache")
            try await start(server, runs, watchCache: true)
        }
        try await measure(server, runs, unfinished: few, "watch cache")
    }

    private func start(_ server: MeasuredServer, _ runs: StoredRuns, watchCache: Bool) async throws {
        try await server.start(watchCache: watchCache)
        try await waiting("the API server") { await runs.isReady() }
    }

    private func measure(_ server: MeasuredServer, _ runs: StoredRuns, unfinished: Int, _ cache: String) async throws {
        print("\n\(unfinished) unfinished of \(stored), \(cache)")
        print("strategy                            requests    seconds   API server CPU seconds")
        try await waiting("the runs") { await runs.isServed() }
        let some = Array(runs.runs.prefix(unfinished))
        // The strategy of earlier releases. Only some requests of a round are measured, since a round can take minutes.
        let batches = stride(from: 0, to: some.count, by: 100).map { Array(some[$0..<min($0 + 100, some.count)]) }
        let sample = min(3, batches.count)
        let selectors = try await cost(server) {
            for batch in batches.prefix(sample) { try await runs.list(selecting: batch) }
        }
        line("lists of 100 UIDs", batches.count, selectors, times: Double(batches.count) / Double(sample))
        let pages = try await cost(server) { try await runs.listAll() }
        line("pages of 500", (stored + 499) / 500, pages)
        let reads = min(200, some.count)
        let read = try await cost(server) { try await runs.read(Array(some.prefix(reads))) }
        line("reads, eight at a time", unfinished, read, times: Double(unfinished) / Double(reads))
        try await observe(server)
    }

    private func cost(_ server: MeasuredServer, _ body: () async throws -> Void) async throws -> Cost {
        let (start, before) = (ContinuousClock.now, server.processorSeconds)
        try await body()
        return Cost(
            seconds: (ContinuousClock.now - start).inSeconds, processorSeconds: server.processorSeconds - before)
    }

    private func line(_ what: String, _ requests: Int, _ cost: Cost, times factor: Double = 1) {
        let name = what.padding(toLength: 34, withPad: " ", startingAt: 0)
        print(
            name
                + String(
                    format: "%10d %10.2f %10.2f", requests, cost.seconds * factor, cost.processorSeconds * factor))
    }

    /// Runs an operator for some intervals and reports the age of its verifications and its cost.
    private func observe(_ server: MeasuredServer) async throws {
        let idle = try await cost(server) { try await Task.sleep(for: .seconds(10)) }
        let process = try await MeasuredOperator.start(
            binary: binary, kubeconfig: server.kubeconfig, log: directory.appending(path: "operator.log"),
            arguments: ["--engine", "argo"])
        defer { process.program.kill() }
        try await settle(process)
        var oldest = 0.0
        let before = try await process.requests()
        let own = process.program.processorSeconds
        let busy = try await cost(server) {
            let end = ContinuousClock.now.advanced(by: .seconds(60))
            while ContinuousClock.now < end {
                oldest = max(oldest, try await process.maximum(of: "towline_run_verification_age_seconds"))
                try await Task.sleep(for: .milliseconds(250))
            }
        }
        let reads = (try await process.requests()["GET requests"] ?? 0) - (before["GET requests"] ?? 0)
        let rounds = busy.seconds / 10
        print(
            String(
                format: "operator, each 10 s: %.0f reads and lists, %.2f API server CPU s (idle %.2f), %.2f own CPU s",
                reads / rounds, busy.processorSeconds / rounds, idle.processorSeconds,
                (process.program.processorSeconds - own) / rounds))
        print(
            String(
                format: "oldest verification %.2f s, resident memory %.1f MiB", oldest,
                process.program.residentMegabytes))
        // Lets readers of the output file see the results so far.
        fflush(nil)
        try await process.program.stop()
    }

    /// Waits until the operator writes no more patches.
    private func settle(_ process: MeasuredOperator) async throws {
        var writes = -1.0
        try await waiting("an idle operator") {
            let now = try await process.requests()["PATCH requests"] ?? 0
            defer { writes = now }
            if now == writes { return true }
            try await Task.sleep(for: .seconds(12))
            return false
        }
    }
}

extension StoredRuns {
    /// Lists runs by the UIDs of their executions.
    func list(selecting runs: [Run]) async throws {
        let selector = "towline.dev/execution-uid in (\(runs.map(\.executionUID).joined(separator: ",")))"
        _ = try await client.list(
            Self.workflow, namespace: nil, ListOptions(labelSelector: selector, asMetadataOnly: true)
        ) { (cursor) throws(JSONError) in try cursor.skipValue() }
    }

    /// Lists all runs of executions in pages.
    func listAll() async throws {
        var options = ListOptions(labelSelector: "towline.dev/execution-uid", limit: 500, asMetadataOnly: true)
        repeat {
            let page = try await client.list(Self.workflow, namespace: nil, options) { (cursor) throws(JSONError) in
                try cursor.skipValue()
            }
            options.continueToken = page.continueToken
        } while options.continueToken != nil
    }

    /// Reads each run by its name, eight at a time.
    func read(_ runs: [Run]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<8 {
                group.addTask { [client] in
                    for number in stride(from: lane, to: runs.count, by: 8) {
                        _ = try await client.get(
                            Self.workflow, ObjectKey(namespace: "default", name: runs[number].name),
                            asMetadataOnly: true
                        ) { (cursor) throws(JSONError) in try cursor.skipValue() }
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}

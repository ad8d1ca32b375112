import Engines
import KubeClient
import Testing
import TowlineAPI

@testable import Executions

/// The cache keeps a small part of a run's outputs; the status gets all of them.
@Suite struct LargeOutputsTests {
    private func results(_ count: Int) -> JSONValue {
        .array(
            (0..<count).map {
                ["name": .string("r\($0)"), "value": .string(String(repeating: "x", count: 500))]
            })
    }

    private func finished(_ bench: ReconcilerBench, results count: Int) -> JSONObject {
        [
            "startTime": .string(bench.now.rfc3339), "completionTime": .string(bench.now.rfc3339),
            "conditions": [Fixtures.condition("True", "Succeeded")], "results": results(count),
        ]
    }

    /// A bench whose cache has the unfinished run.
    private func bench() async throws -> ReconcilerBench {
        let bench = try await ReconcilerBench(.tekton, cachesRuns: true)
        try await bench.live(.seconds(1))
        // The API server sets it from the path of the create.
        try bench.changeRun { $0[path: ["metadata", "namespace"]] = "payments" }
        return bench
    }

    private func reads(_ bench: ReconcilerBench) -> Int {
        bench.server.requests.count { $0.hasPrefix("GET ") && $0.contains("/pipelineruns/") }
    }

    @Test func `reports all outputs although the cache has only some`() async throws {
        let bench = try await bench()
        try bench.engineWrites(finished(bench, results: 40))
        let before = reads(bench)
        try await bench.live(.seconds(5))
        #expect(bench.verdict == "Completed/Success/Succeeded")
        #expect(bench.status["outputs"]?.arrayValue?.count == 40)
        #expect(reads(bench) == before + 1, "one read gets them")
    }

    @Test func `reads nothing if the cache has all outputs`() async throws {
        let bench = try await bench()
        try bench.engineWrites(finished(bench, results: 3))
        let before = reads(bench)
        try await bench.live(.seconds(5))
        #expect(bench.verdict == "Completed/Success/Succeeded")
        #expect(bench.status["outputs"]?.arrayValue?.count == 3)
        #expect(reads(bench) == before)
    }

    /// Tools prune runs as soon as they end.
    @Test func `reports how a run ended that was deleted before its outputs were read`() async throws {
        let bench = try await bench()
        try bench.engineWrites(finished(bench, results: 40))
        _ = bench.server.remove("/apis/tekton.dev/v1/namespaces/payments/pipelineruns/restart-3f9c2a71d0")
        try await bench.live(.seconds(5))
        #expect(bench.verdict == "Completed/Success/Succeeded")
        let outputs = bench.status["outputs"]?.arrayValue ?? []
        #expect(outputs.count == 4)
        #expect(outputs.last?["value"] == "37 more omitted")
    }

    @Test func `reports the last state of a run whose deletion was seen`() async throws {
        let bench = try await bench()
        try bench.engineWrites(finished(bench, results: 40))
        _ = bench.server.remove("/apis/tekton.dev/v1/namespaces/payments/pipelineruns/restart-3f9c2a71d0")
        guard case .present(let run) = bench.cache.knowledge(of: bench.runKey) else {
            Issue.record("the cache has the run")
            return
        }
        bench.cache.remember(deleted: run)
        try await bench.live(.seconds(5))
        #expect(bench.verdict == "Completed/Success/Succeeded")
        #expect(bench.status["outputs"]?.arrayValue?.count == 4)
    }
}

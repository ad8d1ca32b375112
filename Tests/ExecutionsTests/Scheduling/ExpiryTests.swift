import Engines
import KubeClient
import KubeRuntime
import Testing
import TowlineAPI

@testable import Executions

/// TTLs to the second, with the real reconciler and schedule on virtual time.
@Suite struct ExpiryTests {
    private static let keep: JSONValue = ["towline.dev/keep": "true"]

    /// An execution that has just ended, its run there.
    private func ended(_ engine: EngineName, run: Int64? = nil, execution: Int64? = nil) async throws -> ReconcilerBench
    {
        var config: JSONObject = [:]
        if let run { config["runTTLSecondsAfterFinished"] = .integer(run) }
        if let execution { config["ttlSecondsAfterFinished"] = .integer(execution) }
        let bench = try await ReconcilerBench(engine, spec: ["executionConfig": .object(config)])
        try await bench.live(.seconds(5))
        let end = JSONValue.string(bench.now.rfc3339)
        switch engine {
        case .tekton:
            try bench.engineWrites(["conditions": [Fixtures.condition("True", "Succeeded")], "completionTime": end])
        case .argo: try bench.engineWrites(["phase": "Succeeded", "finishedAt": end])
        }
        try await bench.live(.zero)
        if execution != 0 { #expect(bench.verdict == "Completed/Success/Succeeded") }
        return bench
    }

    private func deletions(_ bench: ReconcilerBench) -> [String] {
        bench.server.requests.filter { $0.hasPrefix("DELETE") }.map { request in
            request.contains("workflowexecutions") ? "execution" : "run"
        }
    }

    @Test(arguments: EngineName.allCases) func `deletes a run exactly when its TTL expires and keeps the status`(
        _ engine: EngineName
    ) async throws {
        let bench = try await ended(engine, run: 3_600)
        try await bench.live(.milliseconds(3_599_990))
        #expect(bench.run != nil && deletions(bench).isEmpty)
        let before = bench.status
        try await bench.live(.milliseconds(20))
        #expect(bench.run == nil && deletions(bench) == ["run"])
        #expect(bench.condition(.runPresent) == "False/RunExpired")
        #expect(bench.verdict == "Completed/Success/Succeeded")
        for field in ["finishedAt", "runRef", "executed", "message"] { #expect(bench.status[field] == before[field]) }
        try await bench.live(.seconds(86_400))
        #expect(bench.execution != nil && deletions(bench) == ["run"] && bench.creates == 1)
        let text = String(decoding: bench.metrics.exposition(), as: UTF8.self)
        #expect(text.contains("towline_retention_deletions_total{kind=\"run\"} 1"))
    }

    @Test(arguments: EngineName.allCases) func `deletes an execution after its run`(_ engine: EngineName) async throws {
        let bench = try await ended(engine, execution: 60)
        try await bench.live(.milliseconds(59_990))
        #expect(bench.execution != nil && bench.run != nil)
        let writes = bench.server.requests.count { $0.hasPrefix("PATCH") }
        try await bench.live(.milliseconds(20))
        #expect(bench.execution == nil && bench.run == nil)
        #expect(deletions(bench) == ["run", "execution"])
        #expect(bench.server.requests.count { $0.hasPrefix("PATCH") } == writes, "nothing more is reported")
    }

    @Test func `both TTLs count from the end of the execution`() async throws {
        let bench = try await ended(.tekton, run: 10, execution: 30)
        try await bench.live(.seconds(11))
        #expect(deletions(bench) == ["run"])
        try await bench.live(.seconds(18))
        #expect(bench.execution != nil)
        try await bench.live(.seconds(2))
        #expect(deletions(bench) == ["run", "execution"])
    }

    @Test func `a TTL of zero deletes at once`() async throws {
        let bench = try await ended(.argo, execution: 0)
        try await bench.live(.milliseconds(10))
        #expect(bench.execution == nil && bench.run == nil)
    }

    @Test func `the API server's clock decides about TTLs even if it jumps`() async throws {
        let bench = try await ended(.tekton, run: 3_600, execution: 7_200)
        bench.setClock(by: .seconds(3_600))
        try await bench.live(.milliseconds(1_010))
        #expect(deletions(bench) == ["run"], "a second after the jump at most")
        bench.setClock(by: .seconds(-86_400))
        try await bench.live(.seconds(86_400 + 3_598))
        #expect(bench.execution != nil, "a clock that was set back deletes nothing too early")
        try await bench.live(.seconds(2))
        #expect(bench.execution == nil)
    }

    @Test func `a restart does not change when TTLs expire`() async throws {
        let first = try await ended(.tekton, run: 100, execution: 200)
        try await first.live(.seconds(50))
        let second = try await ReconcilerBench(.tekton, after: first)
        try await second.live(.milliseconds(49_990))
        #expect(second.run != nil)
        try await second.live(.milliseconds(20))
        #expect(second.run == nil && second.condition(.runPresent) == "False/RunExpired")
        // No operator is running when the other TTL expires.
        second.setClock(by: .seconds(500))
        let third = try await ReconcilerBench(.tekton, after: second)
        try await third.live(.milliseconds(10))
        #expect(third.execution == nil && deletions(third) == ["run", "execution"])
    }

    @Test func `a changed TTL takes effect`() async throws {
        let bench = try await ended(.tekton, execution: 60)
        try await bench.live(.seconds(30))
        try bench.changeExecution { $0[path: ["spec", "executionConfig", "ttlSecondsAfterFinished"]] = 90 }
        try await bench.live(.seconds(59))
        #expect(bench.execution != nil)
        try bench.changeExecution { $0[path: ["spec", "executionConfig"]] = nil }
        try await bench.live(.seconds(300))
        #expect(bench.execution != nil)
        try bench.changeExecution { $0[path: ["spec", "executionConfig", "ttlSecondsAfterFinished"]] = 5 }
        try await bench.live(.milliseconds(10))
        #expect(bench.execution == nil)
    }

    @Test func `a change just before the deletion keeps the execution`() async throws {
        let bench = try await ended(.tekton, run: 5, execution: 60)
        try await bench.live(.seconds(30))
        bench.server.beforeNextDeletion {
            try? bench.changeExecution { $0[path: ["spec", "executionConfig", "ttlSecondsAfterFinished"]] = 600 }
        }
        try await bench.live(.seconds(60))
        #expect(deletions(bench) == ["run", "execution"] && bench.execution != nil, "the deletion was refused")
        try await bench.live(.seconds(600))
        #expect(bench.execution == nil)
    }

    @Test(arguments: [true, false]) func `an annotation set just before the deletion keeps the run`(_ isAlone: Bool)
        async throws
    {
        let bench = try await ended(.tekton, run: isAlone ? 60 : nil, execution: isAlone ? nil : 60)
        try await bench.live(.seconds(30))
        bench.server.beforeNextDeletion {
            try? bench.changeRun { $0[path: ["metadata", "annotations"]] = Self.keep }
        }
        try await bench.live(.seconds(600))
        #expect(bench.run != nil && bench.execution != nil)
        #expect(deletions(bench) == ["run"])
        #expect(bench.condition(.retained) == "True/KeptByAnnotation")
    }

    @Test func `keeps an execution that a GitOps tool manages until the mark is removed`() async throws {
        let bench = try await ended(.tekton, run: 10, execution: 60)
        try bench.changeExecution {
            $0[path: ["metadata", "annotations"]] = ["argocd.argoproj.io/tracking-id": "shop:towline.dev/..."]
        }
        try await bench.live(.seconds(86_400))
        #expect(deletions(bench) == ["run"], "its run goes")
        #expect(bench.condition(.retained) == "True/ManagedByGitOps")
        let requests = bench.server.requests.count
        try await bench.live(.seconds(86_400))
        #expect(bench.server.requests.count <= requests + 1, "nothing is done about it again and again")
        try bench.changeExecution { $0[path: ["metadata", "annotations"]] = nil }
        try await bench.live(.milliseconds(10))
        #expect(bench.execution == nil)
    }

    @Test(arguments: [true, false]) func `reports a forbidden deletion and retries only after a backoff`(
        _ isAlone: Bool
    ) async throws {
        let bench = try await ended(.tekton, run: isAlone ? 60 : nil, execution: isAlone ? nil : 60)
        bench.server.refuseDeletions((403, "Forbidden"))
        try await bench.live(.milliseconds(60_002))
        #expect(deletions(bench).count == 1, "the queue decides when to try again")
        #expect(bench.condition(.retained) == "True/Forbidden")
        bench.server.refuseDeletions(nil)
        try await bench.live(.milliseconds(10))
        #expect(bench.run == nil && (bench.execution == nil) == !isAlone)
        if isAlone { #expect(bench.condition(.retained) == nil && bench.condition(.runPresent) == "False/RunExpired") }
    }

    /// The parameters are not known any more then, so that nothing can be masked.
    @Test func `after the end, the text of a webhook appears in the status only`() async throws {
        let bench = try await ended(.tekton, execution: 60)
        bench.server.refuseDeletions((403, "Forbidden"))
        try await bench.live(.seconds(61))
        #expect(bench.status.encodedString.contains(FakeAPIServer.quoted))
        let log = try bench.log()
        #expect(log.contains { $0["error"] == "403 Forbidden" })
        for line in log { #expect(!line.encodedString.contains(FakeAPIServer.quoted)) }
    }

    @Test func `retries a deletion that failed for a transient reason`() async throws {
        let bench = try await ended(.argo, execution: 60)
        bench.server.refuseDeletions((503, "ServiceUnavailable"))
        try await bench.live(.milliseconds(60_002))
        #expect(bench.condition(.retained) == nil, "trouble that passes is no news")
        bench.server.refuseDeletions(nil)
        try await bench.live(.milliseconds(10))
        #expect(bench.execution == nil && bench.run == nil)
    }
}

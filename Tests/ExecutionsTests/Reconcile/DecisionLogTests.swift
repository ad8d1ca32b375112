import KubeClient
import Testing
import TowlineAPI

@testable import Executions

/// The log lines about one execution.
@Suite struct DecisionLogTests {
    private func denial(_ message: String) -> HTTPResponse {
        let status: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": .string(message),
            "reason": "Forbidden", "code": 403,
        ]
        return HTTPResponse(status: 403, headers: HTTPHeaders(), body: status.encoded)
    }

    @Test func `log lines have the keys of controller-runtime`() async throws {
        let bench = try await ReconcilerBench(.tekton)
        try await bench.live(.seconds(1))
        let line = try #require(bench.log().first { $0["msg"] == "Created the run" })
        #expect(
            line.objectValue?.map(\.key) == [
                "level", "ts", "msg", "controller", "controllerGroup", "controllerKind", "WorkflowExecution",
                "namespace", "name", "reconcileID", "attempt", "kind", "run",
            ])
        #expect(line["controller"] == "workflowexecution")
        #expect(line["controllerGroup"] == "towline.dev")
        #expect(line["controllerKind"] == "WorkflowExecution")
        #expect(line["WorkflowExecution"] == ["name": "restart", "namespace": "payments"])
        #expect(line["reconcileID"] == "some-id")
    }

    @Test func `logs one line for each decision`() async throws {
        let bench = try await ReconcilerBench(.tekton)
        try await bench.live(.seconds(1))
        let log = try bench.log()
        let decisions = log.filter { $0["msg"] == "Decided" }.map { $0["step"]?.stringValue ?? "" }
        #expect(
            decisions.prefix(2) == ["readRun", "createRun"] || decisions.prefix(1) == ["createRun"], "\(decisions)")
        #expect(decisions.last == "idle")
        #expect(decisions.count { $0 == "createRun" } == 1)
        #expect(log.count { $0["msg"] == "Created the run" } == 1)
        #expect(log.contains { $0["msg"] == "Status changed" && $0["phase"] == "Running" })
    }

    /// A write whose answer was lost is reported like any other.
    @Test func `reports an end once although the answer to the write was lost`() async throws {
        let bench = try await ReconcilerBench(.argo)
        try await bench.live(.seconds(5))
        try bench.engineWrites([
            "phase": "Succeeded", "startedAt": .string(bench.now.rfc3339), "finishedAt": .string(bench.now.rfc3339),
        ])
        bench.server.loseNextPatch()
        try await bench.live(.seconds(60))
        #expect(bench.verdict == "Completed/Success/Succeeded")
        #expect(try bench.log().count { $0["msg"] == "Status changed" && $0["phase"] == "Completed" } == 1)
        let text = String(decoding: bench.metrics.exposition(), as: UTF8.self)
        #expect(
            text.contains(#"towline_execution_total{engine="argo",outcome="Success",reason="Succeeded"} 1"#), "\(text)")
    }

    @Test func `never logs parameter values`() async throws {
        let secret = "hunter22-is-the-password"
        let bench = try await ReconcilerBench(
            .tekton, spec: ["parameters": ["TOKEN": .string(secret), "MULTI": "first line\nsecond \"line\""]])
        bench.server.answerNextCreate(
            denial("params[0].value: Invalid value: \"\(secret)\"; \"first line\\nsecond \\\"line\\\"\""))
        try await bench.live(.seconds(1))
        let log = try bench.log()
        #expect(log.contains { $0["msg"] == "Could not create the run" })
        for line in log {
            #expect(!line.encodedString.contains(secret))
            #expect(!line.encodedString.contains("second"))
        }
    }

    @Test func `a refusal that lasts costs one log line a minute`() async throws {
        let bench = try await ReconcilerBench(.tekton)
        for _ in 0..<50 { bench.server.answerNextCreate(denial("exceeded quota")) }
        for _ in 0..<80 { try await bench.live(.seconds(1)) }
        let lines = try bench.log().filter { $0["msg"] == "Could not create the run" }
        #expect(lines.count == 2)
        #expect((lines.last?["suppressed"]?.integerValue ?? 0) > 10)
    }
}

import Engines
import KubeClient
import Testing
import TowlineAPI

@testable import Executions

/// Clocks of the operator, the API server and an engine that differ, over the real reconciler on virtual time.
@Suite struct ClockSkewTests {
    private static let limits: JSONObject = ["executionConfig": ["timeoutSeconds": 1800]]

    private func working(_ engine: EngineName, since start: ServerTime) -> JSONObject {
        let started = JSONValue.string(start.rfc3339)
        return switch engine {
        case .tekton: ["startTime": started, "conditions": [Fixtures.condition("Unknown", "Running")]]
        case .argo:
            [
                "phase": "Running", "startedAt": started,
                "nodes": ["n": ["type": "Pod", "phase": "Running", "displayName": "drain"]],
            ]
        }
    }

    private func wasAsked(_ bench: ReconcilerBench) -> Bool {
        let field = bench.engine == .tekton ? "status" : "shutdown"
        return bench.run?["spec"]?[field] != nil
    }

    @Test(arguments: EngineName.allCases, [-86_400, -300, 300, 86_400] as [Int64])
    func `stamps and limits do not depend on the operator's clock`(_ engine: EngineName, _ offset: Int64) async throws {
        let bench = try await ReconcilerBench(
            engine, spec: Self.limits, tellsTime: true, operatorClockOffset: .seconds(offset))
        try await bench.live(.seconds(1))
        try bench.engineWrites(working(engine, since: bench.now - .seconds(3600)))
        try await bench.live(.seconds(1800))
        #expect(!wasAsked(bench))
        let started = try #require(bench.status["startedAt"]?.stringValue.flatMap { ServerTime(rfc3339: $0) })
        #expect((Fixtures.start - .seconds(1)...Fixtures.start + .seconds(1)).contains(started), "\(started)")
        try await bench.live(.seconds(70))
        #expect(wasAsked(bench))
        try await bench.live(.seconds(31))
        #expect(bench.verdict == "Failed/Timeout/WatchdogExpired")
    }

    @Test(arguments: EngineName.allCases)
    func `a limit that passed during downtime leads to a request first`(_ engine: EngineName) async throws {
        let bench = try await ReconcilerBench(engine, spec: Self.limits, tellsTime: true)
        try await bench.live(.seconds(1))
        try bench.engineWrites(working(engine, since: bench.now))
        try await bench.live(.seconds(5))
        bench.setClock(by: .seconds(7200))
        let next = try await ReconcilerBench(engine, after: bench, tellsTime: true, operatorClockOffset: .seconds(-900))
        try await next.live(.seconds(5))
        #expect(wasAsked(next))
        #expect(next.status["phase"] == "Running", "no verdict before the request had its time")
        try await next.live(.seconds(31))
        #expect(next.verdict == "Failed/Timeout/WatchdogExpired")
    }

    @Test(arguments: EngineName.allCases)
    func `a TTL counts on the API server's clock, also after a change of the leader`(_ engine: EngineName) async throws
    {
        let bench = try await ReconcilerBench(
            engine, spec: ["executionConfig": ["ttlSecondsAfterFinished": 600]], tellsTime: true)
        try await bench.live(.seconds(1))
        var end = working(engine, since: bench.now)
        switch engine {
        case .tekton: end["conditions"] = [Fixtures.condition("True", "Succeeded")]
        case .argo: end["phase"] = "Succeeded"
        }
        try bench.engineWrites(end)
        try await bench.live(.seconds(5))
        let ahead = try await ReconcilerBench(
            engine, after: bench, tellsTime: true, operatorClockOffset: .seconds(3600))
        try await ahead.live(.seconds(580))
        #expect(ahead.execution != nil)
        try await ahead.live(.seconds(30))
        #expect(ahead.execution == nil)
    }
}

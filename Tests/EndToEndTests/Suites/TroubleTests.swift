import Foundation
import KubeClient
import KubeRuntime
import Testing

/// Obstacles to the creation of a run: each has its reason and message, and none loses or repeats a run.
@Suite(.serialized) struct TroubleTests {
    @Test(arguments: Obstacle.allCases) func `names an obstacle and overcomes it`(_ obstacle: Obstacle) async throws {
        let troubled = try await TroubledWorkspace.make(obstacle.rawValue)
        let workspace = troubled.workspace
        try await troubled.raise(obstacle)
        for engine in TestEngine.allCases {
            try await workspace.create(Templates.execution(engine.rawValue, engine: engine.rawValue))
        }
        for engine in TestEngine.allCases {
            let met = try await workspace.execution(engine.rawValue, until: "names the obstacle") {
                $0.status("reason") != nil
            }
            #expect(met.verdict == obstacle.verdict)
            #expect(met.status("message")?.contains(obstacle.words(in: workspace.namespace)) == true)
            #expect(try await workspace.runs(of: met).isEmpty)
        }
        try await troubled.remove(obstacle)
        for engine in TestEngine.allCases {
            let ended = try await workspace.finished(engine.rawValue)
            #expect(ended.verdict == (obstacle.isWaitedFor ? "Completed/Success/Succeeded" : obstacle.verdict))
            #expect(try await workspace.runs(of: ended).count == (obstacle.isWaitedFor ? 1 : 0))
            // A permanent refusal is not retried.
            #expect(obstacle.isWaitedFor ? troubled.creates(engine) > 1 : troubled.creates(engine) == 1)
        }
        try await troubled.end()
    }

    /// A terminating namespace also deletes its executions, so this test replays the recorded answer.
    @Test func `answers in a terminating namespace as recorded`() async throws {
        let troubled = try await TroubledWorkspace.make("deleting")
        let access = troubled.workspace.access
        let namespace = "\(troubled.workspace.namespace)-gone"
        try await access.create(
            Types.namespace, nil,
            ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(namespace)]])
        let keeper: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": ["name": "keeper", "finalizers": ["example.com/keep"]],
        ]
        try await access.create(Types.type(of: keeper), namespace, keeper)
        try await access.delete(Types.namespace, "", namespace)
        for engine in TestEngine.allCases {
            try await troubled.checkAnswer(.namespaceTerminating, engine, in: namespace)
        }
        try await access.merge(Types.type(of: keeper), namespace, "keeper", ["metadata": ["finalizers": .null]])
        try await troubled.end()
    }

    /// A server that is overloaded or starting asks clients to wait.
    @Test(arguments: [429, 503]) func `respects Retry-After`(_ code: Int) async throws {
        let troubled = try await TroubledWorkspace.make("busy")
        let refusals = Locked<[TestEngine: Int]>([:])
        troubled.proxy.intervene { write in
            guard let engine = write.createdRun else { return .forward }
            let count = refusals.withLock { counts in
                counts[engine, default: 0] += 1
                return counts[engine] ?? 0
            }
            return count > 2 ? .forward : .refuse(Self.busy(code))
        }
        let start = ContinuousClock.now
        for engine in TestEngine.allCases {
            try await troubled.workspace.create(Templates.execution(engine.rawValue, engine: engine.rawValue))
        }
        if code == 503 {
            // With 429 the server did nothing, so a client could retry the request at once; Towline leaves that to the execution.
            let waiting = try await troubled.workspace.execution("tekton", until: "waits") {
                $0.status("reason") != nil
            }
            #expect(waiting.verdict == "Pending/-/APIUnavailable")
            #expect(waiting.status("message")?.contains("try again") == true)
        }
        for engine in TestEngine.allCases {
            let ended = try await troubled.workspace.finished(engine.rawValue)
            #expect(ended.verdict == "Completed/Success/Succeeded")
            #expect(try await troubled.workspace.runs(of: ended).count == 1)
            #expect(troubled.creates(engine) == 3)
        }
        #expect(ContinuousClock.now - start >= .seconds(2))
        try await troubled.end()
    }

    private static func busy(_ code: Int) -> HTTPServerResponse {
        var response = HTTPServerResponse.text("Too many requests, please try again later.", status: code)
        response.headers.append("Retry-After", "1")
        return response
    }

    /// The server timed out waiting for its own write, which was stored anyway.
    @Test func `adopts its run after a lost answer`() async throws {
        let troubled = try await TroubledWorkspace.make("lost")
        let isFirst = Locked<[TestEngine: Bool]>([:])
        let timeout: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "reason": "Timeout",
            "message": "Timeout: request did not complete within requested timeout - context deadline exceeded",
            "details": [:], "code": 504,
        ]
        troubled.proxy.intervene { write in
            guard let engine = write.createdRun, isFirst.withLock({ $0.updateValue(false, forKey: engine) }) == nil
            else { return .forward }
            return .answer(.json(timeout.encoded, status: 504))
        }
        for engine in TestEngine.allCases {
            try await troubled.workspace.create(Templates.execution(engine.rawValue, engine: engine.rawValue))
        }
        for engine in TestEngine.allCases {
            let ended = try await troubled.workspace.finished(engine.rawValue)
            #expect(ended.verdict == "Completed/Success/Succeeded")
            let runs = try await troubled.workspace.runs(of: ended)
            #expect(runs.map(\.uid) == [ended[path: ["status", "runRef", "uid"]]?.stringValue])
        }
        try await troubled.end()
    }
}

import Foundation
import KubeClient
import KubeRuntime
import Testing

/// What stands between an execution and its run: each has its reason and its message, and none loses or repeats a run.
@Suite(.serialized) struct TroubleTests {
    @Test(arguments: Obstacle.allCases) func anObstacleIsNamedAndOvercome(_ obstacle: Obstacle) async throws {
        let troubled = try await TroubledWorkspace.make(obstacle.rawValue)
        let workspace = troubled.workspace
        try await troubled.raise(obstacle)
        for engine in TestEngine.allCases {
            try await workspace.create(Templates.execution(engine.rawValue, engine: engine.rawValue))
        }
        for engine in TestEngine.allCases {
            let met = try await workspace.execution(engine.rawValue, until: "says what is in its way") {
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
            // What is refused for good is not tried again.
            #expect(obstacle.isWaitedFor ? troubled.creates(engine) > 1 : troubled.creates(engine) == 1)
        }
        try await troubled.end()
    }

    /// Where the obstacle itself cannot be had without its executions, at least its answer is the real one.
    @Test func aNamespaceBeingDeletedAnswersAsRecorded() async throws {
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

    /// A server that is overloaded, or is just starting, and asks for time.
    @Test(arguments: [429, 503]) func theServersWaitIsRespected(_ code: Int) async throws {
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
            // 429 says that nothing was done, so that the request itself is repeated; this is left to the execution.
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

    /// The server gave up waiting for its own write, which was stored all the same.
    @Test func aLostAnswerLosesNoRun() async throws {
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

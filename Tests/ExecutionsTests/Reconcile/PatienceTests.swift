import Engines
import KubeClient
import Testing
import TowlineAPI

@testable import Executions
@testable import KubeRuntime

/// How long the operator waits for others, and what it does then; the real reconciler on virtual time.
@Suite struct PatienceTests {
    /// The words of an engine that is at work and began at `start`.
    private func working(_ engine: EngineName, since start: ServerTime) -> JSONObject {
        let started = JSONValue.string(start.rfc3339)
        switch engine {
        case .tekton:
            return [
                "startTime": started, "conditions": [Fixtures.condition("Unknown", "Running")],
                "childReferences": [["kind": "TaskRun", "name": "t", "pipelineTaskName": "drain"]],
            ]
        case .argo:
            return [
                "phase": "Running", "startedAt": started,
                "nodes": ["n": ["type": "Pod", "phase": "Running", "displayName": "drain"]],
            ]
        }
    }

    /// The words of an engine that ended the run when it was asked to.
    private func ended(_ engine: EngineName, since start: ServerTime, at end: ServerTime) -> JSONObject {
        var status = working(engine, since: start)
        switch engine {
        case .tekton:
            status["conditions"] = [Fixtures.condition("False", "Cancelled", "PipelineRun \"r\" was cancelled")]
            status["completionTime"] = .string(end.rfc3339)
        case .argo:
            status["phase"] = "Failed"
            status["message"] = "Stopped with strategy 'Terminate'"
            status["finishedAt"] = .string(end.rfc3339)
        }
        return status
    }

    /// What the run was asked for.
    private func request(_ bench: ReconcilerBench) -> String? {
        let field = bench.engine == .tekton ? "status" : "shutdown"
        return bench.run?["spec"]?[field]?.stringValue
    }

    @Test(arguments: [(EngineName.tekton, "tekton-pipelines-controller"), (.argo, "instanceID")])
    func `reports an engine that does not respond after a minute`(_ engine: EngineName, _ hint: String) async throws {
        let bench = try await ReconcilerBench(engine)
        try await bench.live(.seconds(59))
        #expect(bench.verdict == "Running/-/AwaitingEngine")
        try await bench.live(.seconds(2))
        #expect(bench.verdict == "Running/-/EngineNotResponding")
        #expect(bench.message.contains(hint))
        #expect(bench.status["executed"] == nil, "nothing is known before the end")
        // It came after all.
        try bench.engineWrites(working(engine, since: bench.now))
        try await bench.live(.seconds(5))
        #expect(bench.verdict == "Running/-/Executing")
        #expect(bench.creates == 1)
    }

    @Test func `does not report an unresponsive engine while runs cannot be watched`() async throws {
        let bench = try await ReconcilerBench(.tekton)
        try await bench.live(.seconds(30))
        for scope in bench.cache.stores.scopes { scope.store.noteFailures(3) }
        try await bench.live(.seconds(300))
        #expect(bench.verdict == "Running/-/AwaitingEngine")
        for scope in bench.cache.stores.scopes { scope.store.noteFailures(0) }
        try await bench.live(.seconds(1))
        #expect(bench.verdict == "Running/-/EngineNotResponding")
    }

    @Test(arguments: EngineName.allCases) func `sends the timeout to the engine`(_ engine: EngineName) async throws {
        let bench = try await ReconcilerBench(engine, spec: ["executionConfig": ["timeoutSeconds": 90]])
        try await bench.live(.seconds(1))
        let spec = bench.run?["spec"]
        switch engine {
        case .tekton: #expect(spec?[path: ["timeouts", "pipeline"]] == "1m30s")
        case .argo: #expect(spec?["activeDeadlineSeconds"] == 90)
        }
    }

    @Test(arguments: EngineName.allCases)
    func `the watchdog terminates a run that the engine did not stop at its timeout`(_ engine: EngineName) async throws
    {
        let bench = try await ReconcilerBench(engine, spec: ["executionConfig": ["timeoutSeconds": 100]])
        try await bench.live(.seconds(5))
        let start = bench.now
        try bench.engineWrites(working(engine, since: start))
        // Its limit and a minute of grace.
        try await bench.live(.seconds(159))
        #expect(request(bench) == nil)
        try await bench.live(.seconds(2))
        #expect(request(bench) == (engine == .tekton ? "Cancelled" : "Terminate"))
        try bench.engineWrites(ended(engine, since: start, at: bench.now))
        try await bench.live(.seconds(1))
        #expect(bench.verdict == "Failed/Timeout/WatchdogExpired")
        #expect(bench.message.contains("100 seconds"))
    }

    @Test(arguments: EngineName.allCases) func `ends an execution at its timeout even if the engine never responds`(
        _ engine: EngineName
    ) async throws {
        let bench = try await ReconcilerBench(engine, spec: ["executionConfig": ["timeoutSeconds": 100]])
        // The engine never processes the run: limit, grace period, and half a minute until the verdict.
        try await bench.live(.seconds(189))
        #expect(bench.verdict.hasPrefix("Running/-/"))
        try await bench.live(.seconds(2))
        #expect(bench.verdict == "Failed/Timeout/WatchdogExpired")
        #expect(bench.message.contains("may still be running"))
    }

    @Test(arguments: EngineName.allCases)
    func `the TTL expires on time while stops of the run are refused`(_ engine: EngineName) async throws {
        var bench = try await ReconcilerBench(
            engine,
            spec: [
                "executionConfig": [
                    "timeoutSeconds": 10, "runTTLSecondsAfterFinished": 0, "ttlSecondsAfterFinished": 144,
                ]
            ])
        try await bench.live(.seconds(1))
        try bench.engineWrites(working(engine, since: bench.now))
        try await bench.live(.seconds(1))
        // An owned run that is still running would keep the execution.
        try bench.changeRun { $0["metadata"]?["ownerReferences"] = nil }
        bench.server.refuseStops()
        bench.backoff = .seconds(7.5)
        try await bench.live(.seconds(400))
        #expect(bench.verdict == "Failed/Timeout/WatchdogExpired")
        let end = try #require(bench.status["finishedAt"]?.stringValue.flatMap { ServerTime(rfc3339: $0) })
        let due = end + .seconds(144)
        try await bench.live(due - .seconds(1) - bench.now)
        #expect(bench.execution != nil)
        try await bench.live(.seconds(2))
        #expect(bench.execution == nil, "it waits for the next attempt to stop the run")
    }

    /// The store forgets the parameters of an ended execution, but its run can still be stopped.
    @Test(arguments: EngineName.allCases)
    func `hides foreign text in the log when an ended execution's run cannot be stopped`(_ engine: EngineName)
        async throws
    {
        let bench = try await ReconcilerBench(
            engine,
            spec: [
                "parameters": ["A": .string(FakeAPIServer.quoted)], "executionConfig": ["timeoutSeconds": 10],
            ])
        try await bench.live(.seconds(1))
        try bench.engineWrites(working(engine, since: bench.now))
        bench.server.refuseStops()
        // Its limit, a minute of grace, and half a minute until the verdict.
        while bench.verdict.hasPrefix("Running/") { try await bench.live(.seconds(10)) }
        #expect(bench.verdict == "Failed/Timeout/WatchdogExpired")
        let before = try bench.log().count
        try await bench.live(.seconds(300))
        let lines = try bench.log().dropFirst(before).filter { $0["msg"] == "Could not stop the run" }
        #expect(!lines.isEmpty)
        for line in lines { #expect(line["error"] == "403 Forbidden") }
        #expect(try !bench.log().contains { $0.encodedString.contains(FakeAPIServer.quoted) })
    }

    /// The store forgets large parameters, so the log cannot mask them in text from elsewhere and hides that text.
    @Test(arguments: EngineName.allCases)
    func `runs an execution with large parameters, and hides foreign text in its log`(_ engine: EngineName) async throws
    {
        let secret = "secret-" + String(repeating: "x", count: 9000)
        let bench = try await ReconcilerBench(engine, spec: ["parameters": ["A": .string(secret)]])
        bench.server.answerNextCreate(
            HTTPResponse(
                status: 503,
                body: Array(
                    #"{"kind":"Status","status":"Failure","reason":"Unknown","code":503,"message":"bad secret-xxx"}"#
                        .utf8)))
        try await bench.live(.seconds(5))
        #expect(bench.run?.encodedString.contains(secret) == true)
        let log = try bench.log().map(\.encodedString)
        #expect(log.contains { $0.contains("***") })
        #expect(!log.contains { $0.contains("secret-") })
    }

    @Test(arguments: EngineName.allCases) func `no event triggers a create before Retry-After has passed`(
        _ engine: EngineName
    ) async throws {
        let bench = try await ReconcilerBench(engine)
        bench.server.answerNextCreate(
            HTTPResponse(status: 503, headers: ["Retry-After": "30"], body: Array("try again later".utf8)))
        // Each reconciliation in between has a different cause.
        for _ in 0..<29 {
            try await bench.live(.seconds(1))
            #expect(bench.creates == 1)
            #expect(bench.verdict == "Pending/-/APIUnavailable")
        }
        try await bench.live(.seconds(2))
        #expect(bench.creates == 2)
        #expect(bench.verdict == "Running/-/AwaitingEngine")
    }

    @Test(arguments: EngineName.allCases) func `the start deadline ends an execution before Retry-After has passed`(
        _ engine: EngineName
    ) async throws {
        let bench = try await ReconcilerBench(engine, spec: ["executionConfig": ["startDeadlineSeconds": 10]])
        bench.server.answerNextCreate(
            HTTPResponse(status: 503, headers: ["Retry-After": "600"], body: Array("try again later".utf8)))
        try await bench.live(.seconds(9))
        #expect(bench.verdict == "Pending/-/APIUnavailable")
        try await bench.live(.seconds(2))
        #expect(bench.verdict == "Failed/Error/StartDeadlineExceeded")
        #expect(bench.message.contains("try again later"))
        #expect(bench.creates == 1)
    }
}

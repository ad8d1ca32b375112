import Engines
import KubeClient
import KubeRuntime
import Testing
import TowlineAPI

@testable import Executions

/// What failed works again within one poll interval after its obstacle is gone, and costs little until then.
@Suite(.timeLimit(.minutes(2))) struct RecoveryTests {
    private let interval = Duration.seconds(10)

    /// The words of an engine whose run has succeeded.
    private func succeeded(_ engine: EngineName, at end: Timestamp) -> JSONObject {
        switch engine {
        case .tekton:
            [
                "startTime": .string(end.rfc3339), "completionTime": .string(end.rfc3339),
                "conditions": [Fixtures.condition("True", "Succeeded", "Tasks Completed: 1 (Failed: 0, Cancelled 0)")],
                "childReferences": [["kind": "TaskRun", "name": "t", "pipelineTaskName": "drain"]],
            ]
        case .argo:
            [
                "phase": "Succeeded", "startedAt": .string(end.rfc3339), "finishedAt": .string(end.rfc3339),
                "nodes": ["n": ["type": "Pod", "phase": "Succeeded", "displayName": "drain"]],
            ]
        }
    }

    private func count(_ bench: ClusterBench, _ names: [String], _ phase: String) -> Int {
        names.count { bench.server.verdict($0, in: "payments").hasPrefix(phase) }
    }

    @Test(arguments: EngineName.allCases)
    func `ended runs are reported within a poll interval after status writes work again`(_ engine: EngineName) async {
        let names = (0..<50).map { "restart-\($0)" }
        let bench = ClusterBench { server, now in
            for name in names { server.add(name, in: "payments", engine: engine, at: now) }
        }
        await bench.pass(.seconds(30)) { count(bench, names, "Running") == 50 }
        bench.server.trouble(.writeStatus, in: "payments", .refused(ClusterServer.isOverloaded))
        for name in names {
            bench.server.engineWrites(succeeded(engine, at: bench.clock.now()), name, in: "payments", engine: engine)
        }
        await bench.pass(.seconds(400), step: .milliseconds(500))
        #expect(count(bench, names, "Completed") == 0)
        let before = bench.server.requests(.writeStatus).count
        bench.server.trouble(.writeStatus, in: "payments", nil)
        let passed = await bench.pass(.seconds(60)) { count(bench, names, "Completed") == 50 }
        #expect(passed.map { $0 <= interval } == true, "\(passed as Any)")
        #expect(bench.server.requests(.writeStatus).count - before <= 110, "no storm")
        await bench.end()
    }

    @Test(arguments: EngineName.allCases)
    func `two hundred held executions start within a poll interval after the webhook is back`(
        _ engine: EngineName
    ) async {
        let names = (0..<200).map { "restart-\($0)" }
        let bench = ClusterBench { server, now in
            server.trouble(.create, in: "payments", .refused(ClusterServer.webhookIsDown))
            for name in names { server.add(name, in: "payments", engine: engine, at: now) }
        }
        await bench.pass(.seconds(600), step: .milliseconds(500))
        #expect(Set(names.map { bench.server.verdict($0, in: "payments") }) == ["Pending/WebhookUnavailable"])
        let creates = bench.server.requests(.create)
        let runs = Dictionary(grouping: bench.server.requests(.writeStatus), by: \.path).mapValues(\.count)
        #expect(runs.values.allSatisfy { $0 <= 2 }, "the wait and the obstacle are written once")
        // The first failures come together, so the number of one minute depends on chance.
        let late = creates.count { $0.at > bench.time.now - .seconds(300) }
        #expect(late <= 5 * 200, "\(late) creates in the last five minutes")
        bench.server.trouble(.create, in: "payments", nil)
        let passed = await bench.pass(.seconds(60)) { count(bench, names, "Running") == 200 }
        #expect(passed.map { $0 <= interval } == true, "\(passed as Any)")
        #expect(bench.server.requests(.create).count - creates.count <= 210, "no storm")
        await bench.end()
    }

    @Test func `one execution is created at most so often in a minute`() async {
        let bench = ClusterBench { server, now in
            server.trouble(.create, in: "payments", .refused(ClusterServer.webhookIsDown))
            server.add("restart", in: "payments", at: now)
        }
        await bench.pass(.seconds(300), step: .milliseconds(500))
        let times = bench.server.requests(.create).map(\.at)
        for time in times {
            let count = times.count { $0 >= time && $0 < time + .seconds(60) }
            #expect(count <= Attempts.maximumPerMinute)
        }
        #expect(times.count { $0 > bench.time.now - .seconds(120) } >= 12, "it is tried at least every ten seconds")
        await bench.end()
    }

    @Test func `executions behind a hanging webhook start soon after it answers`() async {
        let names = (0..<30).map { "restart-\($0)" }
        let bench = ClusterBench { server, now in
            server.trouble(.create, in: "payments", .heldUp(.seconds(10), ClusterServer.webhookIsDown))
            for name in names { server.add(name, in: "payments", at: now) }
        }
        await bench.pass(.seconds(500), step: .milliseconds(500))
        #expect(bench.server.mostUnderWay(.create) <= 1, "it never takes more than one worker")
        bench.server.trouble(.create, in: "payments", nil)
        let passed = await bench.pass(.seconds(60)) { count(bench, names, "Running") == 30 }
        // The create that hangs gets its answer first.
        #expect(passed.map { $0 <= .seconds(10) + interval } == true, "\(passed as Any)")
        await bench.end()
    }

    @Test func `a wait for a turn is written once, and an end of it too`() async {
        let names = (0..<10).map { "restart-\($0)" }
        let bench = ClusterBench { server, now in
            server.trouble(.create, in: "payments", .slow(.seconds(5)))
            for name in names {
                server.add(
                    name, in: "payments", at: now, spec: ["executionConfig": ["startDeadlineSeconds": 20]])
            }
        }
        await bench.pass(.seconds(4))
        let waiting = names.filter { bench.server.verdict($0, in: "payments") == "Pending/WaitingToCreate" }
        #expect(waiting.count == 9)
        #expect(waiting.allSatisfy { bench.server.message($0, in: "payments").contains("The run is queued") })
        #expect(bench.server.requests(.writeStatus).count == 9)
        let passed = await bench.pass(.seconds(60)) { count(bench, names, "Running") == 10 }
        #expect(passed != nil, "the start deadline does not count the wait")
        #expect(bench.server.requests(.writeStatus).count == 19)
        await bench.end()
    }

    @Test func `quota that becomes free is used within a poll interval`() async {
        let names = (0..<40).map { "restart-\($0)" }
        let bench = ClusterBench { server, now in
            server.trouble(.create, in: "payments", .refused(ClusterServer.quotaIsFull))
            for name in names { server.add(name, in: "payments", at: now) }
        }
        await bench.pass(.seconds(400), step: .milliseconds(500))
        for _ in 0..<3 {
            let before = count(bench, names, "Running")
            bench.server.trouble(.create, in: "payments", nil)
            let passed = await bench.pass(.seconds(60)) { count(bench, names, "Running") > before }
            bench.server.trouble(.create, in: "payments", .refused(ClusterServer.quotaIsFull))
            #expect(passed.map { $0 <= interval } == true, "\(passed as Any)")
            await bench.pass(.seconds(30), step: .milliseconds(500))
        }
        await bench.end()
    }

    @Test func `a refused stop is sent within a poll interval after it is allowed`() async {
        let bench = ClusterBench { server, now in server.add("restart", in: "payments", at: now) }
        await bench.pass(.seconds(10)) { bench.server.verdict("restart", in: "payments").hasPrefix("Running") }
        bench.server.trouble(.stopRun, in: "payments", .refused(ClusterServer.isOverloaded))
        bench.server.change("restart", in: "payments") { $0[path: ["spec", "shutdown"]] = "Stop" }
        await bench.pass(.seconds(200), step: .milliseconds(500))
        bench.server.trouble(.stopRun, in: "payments", nil)
        let passed = await bench.pass(.seconds(60)) {
            bench.server.run("restart", in: "payments")?[path: ["spec", "status"]] == "CancelledRunFinally"
        }
        #expect(passed.map { $0 <= interval } == true, "\(passed as Any)")
        await bench.end()
    }

    @Test func `everything works again within a poll interval after an outage of the API server`() async {
        let names = (0..<60).map { "restart-\($0)" }
        let kinds: [ClusterServer.Kind] = [.create, .writeStatus, .stopRun, .readRun, .readExecution, .other]
        let transport = Locked<CircuitBreakerTransport?>(nil)
        let bench = ClusterBench { server, now in
            for name in names.prefix(30) { server.add(name, in: "payments", at: now) }
        } seen: { server, time in
            let patient = CircuitBreakerTransport(
                server, time: time, random: { 0.5 }, logger: Logger(LogSink(write: { _ in })))
            transport.withLock { $0 = patient }
            return patient
        } started: { controller in
            transport.withLock { $0 }?.whenServerRecovers { [weak controller] in controller?.serverReturned() }
        }
        await bench.pass(.seconds(20)) { count(bench, names, "Running") == 30 }
        for kind in kinds { bench.server.trouble(kind, .unreachable) }
        for name in names.prefix(30) {
            bench.server.engineWrites(succeeded(.tekton, at: bench.clock.now()), name, in: "payments")
        }
        for name in names.dropFirst(30) { bench.server.add(name, in: "payments", at: bench.clock.now()) }
        await bench.pass(.seconds(300), step: .milliseconds(500))
        for kind in kinds { bench.server.trouble(kind, nil) }
        let passed = await bench.pass(.seconds(60)) {
            count(bench, names, "Running") == 30 && count(bench, names, "Completed") == 30
        }
        #expect(passed.map { $0 <= interval } == true, "\(passed as Any)")
        await bench.end()
    }

    @Test func `status writes that hang in one namespace delay no other`() async {
        let bench = ClusterBench { server, now in
            server.trouble(.writeStatus, in: "stuck", .heldUp(.seconds(60), ClusterServer.isOverloaded))
            for number in 0..<30 { server.add("stuck-\(number)", in: "stuck", at: now) }
        }
        await bench.pass(.seconds(25))
        for number in 0..<10 {
            let name = "restart-\(number)"
            bench.server.add(name, in: "payments", at: bench.clock.now())
            let created = await bench.pass(.seconds(100)) { count(bench, [name], "Running") == 1 }
            #expect(created.map { $0 <= .seconds(1) } == true, "\(created as Any)")
            bench.server.engineWrites(succeeded(.tekton, at: bench.clock.now()), name, in: "payments")
            let ended = await bench.pass(.seconds(100)) { count(bench, [name], "Completed") == 1 }
            #expect(ended.map { $0 <= .seconds(1) } == true, "\(ended as Any)")
            await bench.pass(.seconds(7))
        }
        await bench.end()
    }

    @Test func `a hanging webhook does not delay the reports of its own namespace`() async {
        let bench = ClusterBench { server, now in server.add("running", in: "payments", at: now) }
        await bench.pass(.seconds(10)) { count(bench, ["running"], "Running") == 1 }
        bench.server.trouble(.create, in: "payments", .heldUp(.seconds(29), ClusterServer.webhookIsDown))
        for number in 0..<30 { bench.server.add("held-\(number)", in: "payments", at: bench.clock.now()) }
        await bench.pass(.seconds(15))
        bench.server.engineWrites(succeeded(.tekton, at: bench.clock.now()), "running", in: "payments")
        let passed = await bench.pass(.seconds(100)) { count(bench, ["running"], "Completed") == 1 }
        #expect(passed.map { $0 <= .seconds(1) } == true, "\(passed as Any)")
        await bench.end()
    }

    @Test func `what is deleted while it is held leaves nothing behind`() async {
        let names = (0..<20).map { "restart-\($0)" }
        let held = Locked<ExecutionController?>(nil)
        let bench = ClusterBench { server, now in
            server.trouble(.create, in: "payments", .heldUp(.seconds(10), ClusterServer.webhookIsDown))
            for name in names { server.add(name, in: "payments", at: now) }
        } started: { controller in
            held.withLock { $0 = controller }
        }
        await bench.pass(.seconds(100), step: .milliseconds(500))
        for name in names { bench.server.delete(name, in: "payments") }
        await bench.pass(.seconds(30))
        let reconciler = held.withLock { $0?.reconciler }
        #expect(reconciler?.recovery.count == 0)
        #expect(reconciler?.creates.rememberedCount == 0)
        // Others have the places of those that waited.
        bench.server.trouble(.create, in: "payments", nil)
        bench.server.add("later", in: "payments", at: bench.clock.now())
        let passed = await bench.pass(.seconds(60)) { count(bench, ["later"], "Running") == 1 }
        #expect(passed.map { $0 <= .seconds(1) } == true, "\(passed as Any)")
        await bench.end()
    }
}

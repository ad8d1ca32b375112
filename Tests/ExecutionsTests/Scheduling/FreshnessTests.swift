import Engines
import Eventually
import Exposition
import KubeClient
import KubeRuntime
import Status
import Testing
import TowlineAPI

@testable import Executions

/// Runs of executions against an API server that the watch says nothing of.
@Suite(.timeLimit(.minutes(1))) struct FreshnessTests {
    private let server = RunServer()
    private let time = VirtualTime()
    private let registry = MetricsRegistry()
    private let woken = Locked([ObjectKey]())
    private let freshness: Freshness
    private let executions: ExecutionCache
    private let caches: [EngineName: RunCache]

    init() {
        var pace = VerificationPace(interval: .seconds(10))
        (pace.readLimit, pace.pageSize) = (3, 2)
        freshness = Freshness(engines: EngineName.allCases, namespaces: [], pace: pace, time: time)
        freshness.register(in: registry)
        executions = ExecutionCache(
            namespaces: [],
            expiries: ExpirySchedule(
                turnsPerSecond: ExpirySchedule.expiriesPerSecond, time: time,
                clock: ServerClock(time: time, fallback: .system)
            ) { _ in },
            freshness: freshness)
        caches = RunCache.ofEachEngine(followed: Set(EngineName.allCases), namespaces: [])
    }

    /// Verifies while `body` runs.
    private func verifying(_ body: () async -> Void) async {
        let verifiers = freshness.lanes.compactMap { lane in
            caches[lane.engine].map { cache in
                RunVerifier(
                    client: KubeClient(transport: server), cache: cache, lane: lane, time: time,
                    logger: Logger(LogSink(write: { _ in }))
                ) { [woken] key in woken.withLock { $0.append(key) } }
            }
        }
        freshness.start()
        let task = Task {
            await withDiscardingTaskGroup { group in
                for verifier in verifiers { group.addTask { await verifier.run() } }
            }
        }
        await body()
        task.cancel()
        await task.value
        #expect(time.scheduledCount == 0, "a timer was left behind")
    }

    private func passing(_ what: String, _ condition: () -> Bool) async {
        await eventually(what) {
            time.advance(by: .milliseconds(100))
            return condition()
        }
    }

    private func age(_ engine: String) throws -> Double? {
        try Exposition(String(decoding: registry.exposition(), as: UTF8.self))
            .value("towline_run_verification_age_seconds", ["engine": engine])
    }

    private func name(_ number: Int) -> String { "w\(number)" }

    /// Makes a running execution whose run the API server has in this version.
    @discardableResult
    private func run(
        _ number: Int, _ engine: EngineName, serverVersion: Int?, cachedVersion: Int?, hasEnded: Bool = false
    ) throws -> WorkflowExecution {
        let uid = "3f9c2a71-d0aa-4bbb-8ccc-\(100_000_000_000 + number)"
        var status = ExecutionStatus()
        status.phase = .running
        status.engine = engine
        let key = ObjectKey(namespace: "payments", name: name(number))
        let runName = RunName.of(executionName: key.name, uid: uid)
        let type = try #require(caches[engine]).engine.runType
        status.runRef = RunReference(
            apiVersion: type.apiVersion, kind: type.kind, name: runName, uid: "run-\(number)")
        let execution = WorkflowExecution(
            key: key, uid: uid, resourceVersion: ResourceVersion("7"),
            spec: ExecutionSpec(workflowRef: WorkflowReference(workflowId: "w", engine: engine)), status: status)
        func object(_ version: Int) -> JSONValue {
            var run: JSONValue = [
                "apiVersion": .string(type.apiVersion), "kind": .string(type.kind),
                "metadata": [
                    "namespace": "payments", "name": .string(runName),
                    "uid": .string("aaaaaaaa-0000-4000-8000-\(100_000_000_000 + number)"),
                    "resourceVersion": .string("\(version)"), "labels": ["towline.dev/execution-uid": .string(uid)],
                ],
            ]
            if hasEnded { run[path: ["status", "conditions"]] = [Fixtures.condition("True", "Succeeded")] }
            return run
        }
        if let serverVersion { server.store(object(serverVersion), at: path(runName, engine)) }
        if let cachedVersion, let cache = caches[engine] {
            var cursor = JSONCursor(object(cachedVersion).encoded)
            cache.apply(try cache.engine.runDecoder(&cursor))
        }
        executions.apply(execution)
        return execution
    }

    private func path(_ run: String, _ engine: EngineName) -> String {
        caches[engine]?.engine.runType.path(namespace: "payments", name: run) ?? ""
    }

    private var targets: [String] { server.requests.map(\.target) }
    private func targets(_ text: String) -> [String] { targets.filter { $0.contains(text) } }

    @Test func `a run that is as the cache has it costs one read of its metadata`() async throws {
        try run(1, .tekton, serverVersion: 20, cachedVersion: 20)
        await verifying {
            await passing("it is asked for twice") { server.requests.count == 2 }
        }
        #expect(server.requests.allSatisfy { $0.accept.contains("as=PartialObjectMetadata;") })
        #expect(server.requests.allSatisfy { !$0.target.contains("?") }, "the answer must not come from an old cache")
        #expect(woken.withLock { $0 }.isEmpty)
    }

    @Test func `a change that the watch did not bring is read, and its execution is woken`() async throws {
        let execution = try run(1, .tekton, serverVersion: 25, cachedVersion: 20)
        await verifying {
            await passing("it is woken") { woken.withLock { $0 } == [execution.key] }
        }
        #expect(server.requests.map { $0.accept.contains("Partial") } == [true, false])
        let key = ObjectKey(namespace: "payments", name: execution.runName)
        #expect(caches[.tekton]?.stores.object(for: key)?.resourceVersion.text == "25")
    }

    @Test(arguments: [2, 5]) func `an execution that has missed the end of its cached run is woken`(count: Int)
        async throws
    {
        let execution = try run(1, .tekton, serverVersion: 20, cachedVersion: 20, hasEnded: true)
        for number in 2...count { try run(number, .tekton, serverVersion: 20, cachedVersion: 20) }
        await verifying {
            await passing("it is woken") { woken.withLock { $0 } == [execution.key] }
        }
        #expect(server.requests.allSatisfy { $0.accept.contains("Partial") })
    }

    @Test(arguments: [2, 5]) func `a run that is not there is doubted`(count: Int) async throws {
        let execution = try run(1, .argo, serverVersion: nil, cachedVersion: 20)
        for number in 2...count { try run(number, .argo, serverVersion: 20, cachedVersion: 20) }
        await verifying {
            await passing("it is woken") { woken.withLock { $0 } == [execution.key] }
        }
        let key = ObjectKey(namespace: "payments", name: execution.runName)
        guard case .unknown = caches[.argo]?.knowledge(of: key) else {
            Issue.record("the cache's word is still taken")
            return
        }
    }

    @Test func `a run that cannot be decoded wakes its execution and is not verified`() async throws {
        let execution = try run(1, .argo, serverVersion: nil, cachedVersion: 20)
        let broken: JSONValue = [
            "metadata": [
                "namespace": "payments", "name": .string(execution.runName), "resourceVersion": "21", "generation": "x",
            ]
        ]
        server.store(broken, at: path(execution.runName, .argo))
        await verifying {
            // Each time for its metadata, which can be read, and for the whole run.
            await passing("it is asked for again") { targets.count >= 12 }
            #expect(((try? age("argo")) ?? 0) > 10)
        }
        #expect(woken.withLock { $0.count } >= 2)
    }

    @Test func `many runs are listed in pages and only what differs is read`() async throws {
        for number in 1...5 {
            try run(number, .argo, serverVersion: number == 4 ? 25 : 20, cachedVersion: 20)
        }
        await verifying {
            await passing("the other version is read") { woken.withLock { $0.map(\.name) } == [name(4)] }
        }
        let path = "/apis/argoproj.io/v1alpha1/workflows?labelSelector=towline.dev%2Fexecution-uid&limit=2"
        #expect(targets("?") == [path, path + "&continue=2", path + "&continue=4"])
        #expect(targets.count == 4)
    }

    @Test func `an expired list begins again`() async throws {
        for number in 1...5 { try run(number, .argo, serverVersion: 20, cachedVersion: 20) }
        server.refuse(RunServer.failure(410, "Expired"))
        await verifying {
            await passing("a list is complete") { targets("continue=4").count == 1 }
            await passing("the runs are verified") { ((try? age("argo")) ?? 99) < 2 }
        }
        #expect(woken.withLock { $0 }.isEmpty)
    }

    /// A slow list of one engine delays no run of the other.
    @Test(arguments: [2, 5]) func `an engine that hangs holds up no other`(count: Int) async throws {
        for number in 1...count {
            try run(number, .tekton, serverVersion: 20, cachedVersion: 20)
            try run(100 + number, .argo, serverVersion: 20, cachedVersion: 20)
        }
        server.hang("pipelineruns")
        var oldest = 0.0
        await verifying {
            await passing("two minutes pass") {
                oldest = max(oldest, (try? age("argo")) ?? .infinity)
                return ((try? age("tekton")) ?? 0) > 120
            }
        }
        #expect(oldest < 15, "\(oldest)")
        #expect(targets("pipelineruns").count > 3, "what hangs is given up and asked again")
    }

    @Test func `nothing is asked once the executions have ended or are gone`() async throws {
        let first = try run(1, .argo, serverVersion: 20, cachedVersion: 20)
        let second = try run(2, .argo, serverVersion: 20, cachedVersion: 20)
        try run(3, .tekton, serverVersion: 20, cachedVersion: 20)
        #expect(freshness.lanes.map(\.count) == [2, 1])
        var status = first.status
        (status.phase, status.engine) = (.completed, nil)
        let ended = WorkflowExecution(
            key: first.key, uid: first.uid, resourceVersion: ResourceVersion("8"), spec: nil, status: status)
        executions.apply(ended)
        #expect(freshness.lanes.map(\.count) == [1, 1])
        _ = executions.follow(.changed(old: ended, new: first))
        #expect(freshness.lanes.map(\.count) == [1, 1], "an event that comes late brings nothing back")
        _ = executions.follow(.deleted(second))
        #expect(freshness.lanes.map(\.count) == [0, 1])
    }

    @Test func `reports the age from the first scrape on`() throws {
        #expect(try age("tekton") == 0)
        #expect(try age("argo") == 0)
        try run(1, .argo, serverVersion: 20, cachedVersion: 20)
        time.advance(by: .seconds(30))
        #expect(try age("argo") == 0, "a standby verifies nothing")
        freshness.start()
        time.advance(by: .seconds(30))
        #expect(try age("argo") == 30)
        #expect(try age("tekton") == 0)
    }

    @Test func `each served namespace has its own lane`() {
        let freshness = Freshness(
            engines: [.argo], namespaces: ["a", "b"], pace: VerificationPace(interval: .seconds(10)), time: time)
        #expect(freshness.lanes.map(\.namespace) == ["a", "b"])
    }
}

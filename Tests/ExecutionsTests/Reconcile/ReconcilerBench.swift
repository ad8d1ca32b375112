import Engines
import KubeClient
import Testing
import TowlineAPI

@testable import Executions
@testable import KubeRuntime

/// One execution in the hands of the real reconciler, with time and API server in those of the test.
struct ReconcilerBench {
    let engine: EngineName
    let time = VirtualTime()
    let server: FakeAPIServer
    let metrics = MetricsRegistry()
    /// What is logged, a line each.
    let lines = Locked([String]())
    private let executions: ExecutionCache
    let cache: RunCache
    private let reconciler: Reconciler
    private let key = ObjectKey(namespace: "payments", name: "restart")
    private let clock: WallClock
    private let serverClock: ServerClock
    private let logger: Logger
    /// By how much the API server's clock was set forward since the beginning.
    private let clockOffset = Locked(Duration.zero)
    /// True when an expiry has put the execution into the queue.
    private let isWoken = Locked(false)
    /// How long the queue waits after a failure; an expiry does not wait.
    var backoff = Duration.milliseconds(5)

    /// - Parameters:
    ///   - earlier: the operator that ended just now; its server, and that one's clock, stay.
    ///   - tellsTime: whether the API server's answers have a `Date`.
    ///   - cachesRuns: whether the watch brings runs; otherwise each is read live.
    ///   - operatorClockOffset: by how much the operator's own clock is ahead of the API server's.
    init(
        _ engine: EngineName, spec: JSONObject = [:], after earlier: ReconcilerBench? = nil, tellsTime: Bool = false,
        cachesRuns: Bool = false,
        operatorClockOffset: Duration = .zero
    ) async throws {
        self.engine = engine
        server = earlier?.server ?? FakeAPIServer()
        if let earlier { clockOffset.withLock { $0 = earlier.now - Fixtures.start } }
        let (even, clockOffset, isWoken) = (
            time.wallClock(startingAt: Timestamp(assuming: Fixtures.start)), clockOffset, isWoken
        )
        let clock = WallClock { even.now() + clockOffset.withLock { $0 } }
        self.clock = clock
        if tellsTime { server.tellTime { ServerTime(assuming: clock.now()) } }
        serverClock = ServerClock(time: time, fallback: WallClock { clock.now() + operatorClockOffset })
        let expiries = ExpirySchedule(turnsPerSecond: ExpirySchedule.expiriesPerSecond, time: time, clock: serverClock)
        { _ in isWoken.withLock { $0 = true } }
        expiries.start()
        let freshness = Freshness(
            engines: [], namespaces: [], pace: VerificationPace(interval: .seconds(10)), time: time)
        executions = ExecutionCache(namespaces: [], expiries: expiries, freshness: freshness)
        cache = RunCache(engine: EngineRegistry.engine(engine), namespaces: [])
        // As after a first list that found nothing.
        for scope in cache.stores.scopes {
            scope.store.update { state, changes in
                state.beginRelist(isConsistent: true)
                // Without a version that can be compared, the store keeps no answers.
                state.finishRelist(ResourceVersion(cachesRuns ? "1" : "0"), into: &changes)
            }
        }
        let client = KubeClient(transport: serverClock.following(server), retry: RetryPolicy(limit: 0))
        let sink = LogSink(level: .debug, clock: clock, time: time) { [lines] line in
            lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
        let type = WorkflowExecution.resourceType
        logger = Logger(sink).controlling(type).reconciling(type, key, id: "some-id", attempt: 1)
        let registry = metrics
        // It does not run, so recorded events stay in it.
        let recorder = EventRecorder(
            client: client, source: EventSource(controller: "test", instance: "test", fieldManager: "test"),
            time: time, clock: clock, logger: logger, metrics: registry)
        reconciler = Reconciler(
            client: client, executions: executions, runs: [engine: cache], time: time,
            clock: serverClock, timing: ExecutionTiming(), links: LinkTemplates(), runLabels: RunLabels(),
            allowedSources: AllowedSources(),
            metrics: ExecutionMetrics(registry: registry), pendingCreates: PendingCreates(patience: .seconds(10)),
            creates: CreateGate(workers: 4, time: time) { _ in },
            recovery: Recovery(interval: .seconds(10), time: time) { _ in }, recorder: recorder)
        guard earlier == nil else {
            try follow()
            return
        }
        var spec = spec
        spec["workflowRef"] = ["workflowId": "restart", "engine": .string(engine.rawValue)]
        server.store(
            [
                "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution",
                "metadata": [
                    "name": "restart", "namespace": "payments", "uid": .string(Fixtures.uid), "generation": 1,
                    "creationTimestamp": .string(Fixtures.start.rfc3339),
                ],
                "spec": .object(spec),
            ], at: executionPath)
        try follow()
    }

    /// The run's key.
    var runKey: ObjectKey { ObjectKey(namespace: "payments", name: "restart-3f9c2a71d0") }

    private var executionPath: String { "/apis/towline.dev/v1alpha1/namespaces/payments/workflowexecutions/restart" }

    private var runPath: String {
        let type = EngineRegistry.engine(engine).runType
        return "/apis/\(type.apiVersion)/namespaces/payments/\(type.plural)/restart-3f9c2a71d0"
    }

    /// All lines that were logged so far.
    func log() throws -> [JSONValue] {
        logger.sink.flush(within: .seconds(20))
        return try lines.withLock { $0 }.map { try JSONValue(parsing: $0) }
    }

    var run: JSONValue? { server.object(runPath) }
    var status: JSONValue { server.object(executionPath)?["status"] ?? .null }

    /// `Running/-/Executing`
    var verdict: String {
        ["phase", "outcome", "reason"].map { status[$0]?.stringValue ?? "-" }.joined(separator: "/")
    }

    var message: String { status["message"]?.stringValue ?? "" }

    /// How often the run was asked for.
    var creates: Int { server.requests.count { $0.hasPrefix("POST ") } }

    /// What the engine's controller writes.
    func engineWrites(_ status: JSONObject) throws {
        guard var run else { throw KubeError.undecodable("there is no run") }
        run["status"] = .object(status)
        server.store(run, at: runPath)
        try follow()
    }

    /// Reconciles, and again whenever the time has come that the reconciler asked for, until `duration` has passed.
    @discardableResult
    func live(_ duration: Duration) async throws -> WorkOutcome {
        let end = time.now.advanced(by: duration)
        while true {
            try follow()
            let outcome = await reconciler.reconcile(key, logger: logger)
            let pause: Duration =
                switch outcome {
                case .success: .seconds(1_000_000)
                case .requeue(let pause), .deferred(let pause): pause
                // As the queue would, which never tries again at once.
                case .failed(let pause), .waiting(let pause): max(pause, backoff)
                }
            let wanted = time.now.advanced(by: pause)
            while !isWoken.withLock({ $0 }), time.now < min(wanted, end) {
                let next = min(time.nextDeadline ?? wanted, wanted, end)
                time.advance(by: time.now.duration(to: next))
            }
            let isDue = isWoken.withLock { isWoken in
                defer { isWoken = false }
                return isWoken
            }
            if !isDue, wanted > end { return outcome }
        }
    }

    /// Sets the API server's clock forward, or back.
    func setClock(by jump: Duration) { clockOffset.withLock { $0 += jump } }

    /// What somebody else changes of the execution.
    func changeExecution(_ edit: (inout JSONValue) -> Void) throws {
        try change(executionPath, edit)
    }

    /// What somebody else changes of the run.
    func changeRun(_ edit: (inout JSONValue) -> Void) throws {
        try change(runPath, edit)
    }

    private func change(_ path: String, _ edit: (inout JSONValue) -> Void) throws {
        guard var object = server.object(path) else { throw KubeError.undecodable("there is no \(path)") }
        edit(&object)
        server.store(object, at: path)
        try follow()
    }

    var execution: JSONValue? { server.object(executionPath) }

    /// `False/RunExpired`; nil where there is no such condition.
    func condition(_ type: ConditionType) -> String? {
        let found = status["conditions"]?.arrayValue?.first { $0["type"]?.stringValue == type.rawValue }
        guard let found else { return nil }
        return ["status", "reason"].map { found[$0]?.stringValue ?? "-" }.joined(separator: "/")
    }

    /// What watches would bring.
    private func follow() throws {
        if let object = server.object(executionPath) {
            var cursor = JSONCursor(object.encoded)
            executions.apply(try WorkflowExecution.storeDecoder(&cursor))
        }
        if let run {
            var cursor = JSONCursor(run.encoded)
            cache.apply(try EngineRegistry.engine(engine).decodeRun(&cursor))
        }
    }

    /// The API server's time.
    var now: ServerTime { ServerTime(assuming: clock.now()) }
}

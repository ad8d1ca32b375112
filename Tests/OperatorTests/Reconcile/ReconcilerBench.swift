import Engines
import KubeClient
import KubeRuntime
import Testing
import WorkflowAPI

@testable import Operator

/// One execution in the hands of the real reconciler, with time and API server in those of the test.
struct ReconcilerBench {
    let engine: EngineName
    let time = VirtualTime()
    let server = FakeAPIServer()
    /// What is logged, a line each.
    let lines = Locked([String]())
    private let executions = ExecutionCache(namespaces: [])
    private let cache: RunCache
    private let reconciler: Reconciler
    private let key = ObjectKey(namespace: "payments", name: "restart")
    private let clock: WallClock
    private let logger: Logger

    init(_ engine: EngineName, spec: JSONObject = [:]) async throws {
        self.engine = engine
        clock = time.wallClock(startingAt: Fixtures.start)
        cache = RunCache(engine: EngineCatalogue.engine(engine), namespaces: [])
        let client = KubeClient(transport: server, retry: RetryPolicy(limit: 0))
        let sink = LogSink(level: .debug, clock: clock, time: time) { [lines] line in
            lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
        logger = Logger(sink).controlling().reconciling(key, id: "some-id", attempt: 1)
        let registry = MetricsRegistry()
        // Nobody runs it: what is recorded stays where it is.
        let recorder = EventRecorder(
            client: client, source: EventSource(controller: "test", instance: "test", fieldManager: "test"),
            time: time, clock: clock, logger: logger, metrics: registry)
        reconciler = Reconciler(
            client: client, executions: executions, runs: [engine: cache], clock: clock,
            timing: OperatorConfiguration.Timing(), links: LinkTemplates(),
            metrics: OperatorMetrics(registry: registry), openCreates: OpenCreates(patience: .seconds(10)),
            recorder: recorder)
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

    private var executionPath: String { "/apis/towline.dev/v1alpha1/namespaces/payments/workflowexecutions/restart" }

    private var runPath: String {
        let type = EngineCatalogue.engine(engine).runType
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
                case .requeue(let pause): pause
                // As the queue would, which never tries again at once.
                case .retry(let pause): max(pause, .milliseconds(5))
                }
            let left = time.now.duration(to: end)
            guard pause <= left else {
                time.advance(by: left)
                return outcome
            }
            time.advance(by: pause)
        }
    }

    /// What watches would bring.
    private func follow() throws {
        if let object = server.object(executionPath) {
            var cursor = JSONCursor(object.encoded)
            executions.apply(try WorkflowExecution.storeDecoder(&cursor))
        }
        if let run {
            var cursor = JSONCursor(run.encoded)
            cache.apply(try EngineCatalogue.engine(engine).decodeRun(&cursor))
        }
    }

    var now: Timestamp { clock.now() }
}

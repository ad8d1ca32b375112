import Engines
import KubeClient
import KubeRuntime
import TowlineAPI

/// An API server in memory with executions and runs of several namespaces, whose requests can be held up or refused by
/// kind and namespace.
final class ClusterServer: HTTPTransport {
    /// What a request is for.
    enum Kind: Hashable {
        case create
        case writeStatus
        case stopRun
        case readRun
        case readExecution
        case readDefinition
        case other
    }

    /// What happens to requests instead of being carried out.
    enum Trouble {
        /// Answered at once.
        case refused(HTTPResponse)
        /// Answered so after a time.
        case heldUp(Duration, HTTPResponse)
        /// Carried out, after a time.
        case slow(Duration)
        /// The connection is refused.
        case unreachable
    }

    struct Request {
        let kind: Kind
        let path: String
        let at: ContinuousClock.Instant
    }

    private struct Event {
        let version: Int64
        let plural: String
        let bytes: [UInt8]
    }

    private struct State {
        var troubles: [Kind: [String: Trouble]] = [:]
        var requests: [Request] = []
        var underWay: [Kind: Int] = [:]
        var mostUnderWay: [Kind: Int] = [:]
        var events: [Event] = []
        var watches: [(plural: String, body: FedBody)] = []
        /// Grows with everything that happens here.
        var activity = 0
    }

    private let objects = FakeAPIServer()
    private let time: any TimeSource
    private let state = Locked(State())

    init(time: any TimeSource) { self.time = time }

    /// Holds requests of a kind up in a namespace, or everywhere for nil; a trouble of nil ends that.
    func trouble(_ kind: Kind, in namespace: String? = nil, _ trouble: Trouble?) {
        state.withLock { $0.troubles[kind, default: [:]][namespace ?? ""] = trouble }
    }

    /// All requests of a kind so far, in order.
    func requests(_ kind: Kind, in namespace: String? = nil) -> [Request] {
        state.withLock { state in
            state.requests.filter { request in
                request.kind == kind && (namespace.map { request.path.contains("/namespaces/\($0)/") } ?? true)
            }
        }
    }

    /// The number of all requests so far.
    var requestCount: Int { state.withLock { $0.requests.count } }

    func mostUnderWay(_ kind: Kind) -> Int { state.withLock { $0.mostUnderWay[kind] ?? 0 } }

    /// Grows with everything that happens here.
    var activity: Int { state.withLock { $0.activity } }

    // MARK: Objects

    /// Creates an execution as a user does.
    func add(
        _ name: String, in namespace: String, engine: EngineName = .tekton, definition: String? = nil,
        at now: Timestamp, spec: JSONObject = [:]
    ) {
        var spec = spec
        spec["workflowRef"] =
            definition.map { ["definition": .string($0)] }
            ?? ["workflowId": "restart", "engine": .string(engine.rawValue)]
        let stored = objects.store(
            [
                "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution",
                "metadata": [
                    "name": .string(name), "namespace": .string(namespace), "uid": .string(Self.uid(namespace, name)),
                    "generation": 1, "creationTimestamp": .string(now.rfc3339),
                ],
                "spec": .object(spec),
            ], at: Self.executionPath(name, namespace))
        publish("ADDED", stored, "workflowexecutions")
    }

    /// Creates a definition of the workflow `name`.
    func addDefinition(_ name: String, _ version: String, in namespace: String, engine: EngineName) {
        let object: JSONValue = [
            "metadata": [
                "name": .string("\(name)-\(version)"), "namespace": .string(namespace),
                "uid": .string(Self.uid(namespace, "\(name)@\(version)")),
            ],
            "spec": ["name": .string(name), "version": .string(version), "engine": .string(engine.rawValue)],
        ]
        let type = WorkflowDefinition.resourceType
        objects.store(
            object, at: "/apis/\(type.apiVersion)/namespaces/\(namespace)/\(type.plural)/\(name)-\(version)")
    }

    /// Writes the status of an execution's run as its engine does.
    func engineWrites(_ status: JSONObject, _ name: String, in namespace: String, engine: EngineName = .tekton) {
        guard var run = run(name, in: namespace, engine: engine) else { return }
        run["status"] = .object(status)
        let stored = objects.store(run, at: Self.runPath(name, namespace, engine))
        publish("MODIFIED", stored, EngineRegistry.engine(engine).runType.plural)
    }

    /// Changes an execution as a user does.
    func change(_ name: String, in namespace: String, _ edit: (inout JSONValue) -> Void) {
        guard var execution = objects.object(Self.executionPath(name, namespace)) else { return }
        edit(&execution)
        let generation = execution[path: ["metadata", "generation"]]?.integerValue ?? 1
        execution[path: ["metadata", "generation"]] = .integer(generation + 1)
        publish("MODIFIED", objects.store(execution, at: Self.executionPath(name, namespace)), "workflowexecutions")
    }

    /// Deletes an execution as a user does.
    func delete(_ name: String, in namespace: String) {
        guard let execution = objects.remove(Self.executionPath(name, namespace)) else { return }
        publish("DELETED", execution, "workflowexecutions")
    }

    /// Creates an object with the label of an execution, as anyone does who may create runs.
    func addLabeled(
        _ name: String, in namespace: String, of execution: (name: String, namespace: String), ownedBy owner: String?,
        engine: EngineName = .tekton
    ) {
        let type = EngineRegistry.engine(engine).runType
        var run: JSONValue = [
            "apiVersion": .string(type.apiVersion), "kind": .string(type.kind),
            "metadata": [
                "name": .string(name), "namespace": .string(namespace), "uid": .string(Self.uid(namespace, name)),
                "labels": [
                    WellKnown.executionUIDLabel: .string(Self.uid(execution.namespace, execution.name))
                ],
            ],
        ]
        if let owner {
            run[path: ["metadata", "ownerReferences"]] = [
                [
                    "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution", "name": .string(execution.name),
                    "uid": .string(owner), "controller": true,
                ]
            ]
        }
        let path = "/apis/\(type.apiVersion)/namespaces/\(namespace)/\(type.plural)/\(name)"
        publish("ADDED", objects.store(run, at: path), type.plural)
    }

    /// Deletes a run as a user does.
    func deleteRun(named name: String, in namespace: String, engine: EngineName = .tekton) {
        let type = EngineRegistry.engine(engine).runType
        let path = "/apis/\(type.apiVersion)/namespaces/\(namespace)/\(type.plural)/\(name)"
        guard let run = objects.remove(path) else { return }
        publish("DELETED", run, type.plural)
    }

    /// Changes the metadata of an execution's run as a tool does.
    func changeRun(_ name: String, in namespace: String, _ edit: (inout JSONValue) -> Void) {
        guard var run = run(name, in: namespace) else { return }
        edit(&run)
        publish("MODIFIED", objects.store(run, at: Self.runPath(name, namespace, .tekton)), "pipelineruns")
    }

    /// The name of an execution's run.
    static func runName(_ name: String, in namespace: String) -> String {
        RunName.of(executionName: name, uid: uid(namespace, name))
    }

    func run(_ name: String, in namespace: String, engine: EngineName = .tekton) -> JSONValue? {
        objects.object(Self.runPath(name, namespace, engine))
    }

    /// `Pending/WebhookUnavailable`
    func verdict(_ name: String, in namespace: String) -> String {
        let status = objects.object(Self.executionPath(name, namespace))?["status"]
        return ["phase", "reason"].map { status?[$0]?.stringValue ?? "-" }.joined(separator: "/")
    }

    func message(_ name: String, in namespace: String) -> String {
        objects.object(Self.executionPath(name, namespace))?["status"]?["message"]?.stringValue ?? ""
    }

    private static func executionPath(_ name: String, _ namespace: String) -> String {
        "/apis/towline.dev/v1alpha1/namespaces/\(namespace)/workflowexecutions/\(name)"
    }

    private static func runPath(_ name: String, _ namespace: String, _ engine: EngineName) -> String {
        let type = EngineRegistry.engine(engine).runType
        let suffix = String(uid(namespace, name).filter { $0 != "-" }.prefix(10))
        return "/apis/\(type.apiVersion)/namespaces/\(namespace)/\(type.plural)/\(name)-\(suffix)"
    }

    /// A UID that follows from the name.
    static func uid(_ namespace: String, _ name: String) -> String {
        // FNV-1a: the same in every process.
        let hash = "\(namespace)/\(name)".utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        let digits = String(repeating: "0", count: 16 - String(hash, radix: 16).count) + String(hash, radix: 16)
        return "\(digits.prefix(8))-\(digits.dropFirst(8).prefix(4))-4000-8000-0000\(digits.suffix(8))"
    }

    private func publish(_ type: String, _ object: JSONValue, _ plural: String) {
        let version = object[path: ["metadata", "resourceVersion"]]?.stringValue.flatMap { Int64($0) } ?? 0
        let event: JSONValue = ["type": .string(type), "object": object]
        let bytes = event.encoded + [0x0A]
        let bodies = state.withLock { state in
            state.activity += 1
            state.events.append(Event(version: version, plural: plural, bytes: bytes))
            return state.watches.filter { $0.plural == plural }.map(\.body)
        }
        for body in bodies { body.push(bytes) }
    }

    // MARK: Requests

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let path = String(request.target.prefix { $0 != "?" })
        let kind = Self.kind(of: request, path)
        let trouble = begin(kind, path)
        defer { end(kind) }
        switch trouble {
        case .refused(let response): return response
        case .heldUp(let duration, let response):
            guard (try? await time.sleep(for: min(duration, request.timeout))) != nil else { throw Self.cancelled }
            if duration >= request.timeout { throw TransportError(.timedOut, "no answer") }
            return response
        case .slow(let duration):
            guard (try? await time.sleep(for: duration)) != nil else { throw Self.cancelled }
        case .unreachable: throw TransportError(.unreachable, "connection refused")
        case nil: break
        }
        if path.contains("/events") { return HTTPResponse(status: 201, body: request.body) }
        guard request.method == .get, let plural = Self.plural(ofCollection: path) else {
            return try await objects.send(request)
        }
        return list(plural)
    }

    private static let cancelled = TransportError(.cancelled, "cancelled")

    private func begin(_ kind: Kind, _ path: String) -> Trouble? {
        state.withLock { state in
            state.activity += 1
            state.requests.append(Request(kind: kind, path: path, at: time.now))
            state.underWay[kind, default: 0] += 1
            state.mostUnderWay[kind] = max(state.mostUnderWay[kind] ?? 0, state.underWay[kind] ?? 0)
            let place = path.split(separator: "/")
            let namespace = place.firstIndex(of: "namespaces").map { String(place[place.index(after: $0)]) } ?? ""
            return state.troubles[kind]?[namespace] ?? state.troubles[kind]?[""]
        }
    }

    private func end(_ kind: Kind) {
        state.withLock { state in
            state.activity += 1
            state.underWay[kind, default: 0] -= 1
        }
    }

    private static func kind(of request: HTTPRequest, _ path: String) -> Kind {
        let isRun = path.contains("/pipelineruns") || path.contains("/workflows/") || path.hasSuffix("/workflows")
        let isCollection = plural(ofCollection: path) != nil
        switch request.method {
        case .post where isRun: return .create
        case .patch where path.hasSuffix("/status"): return .writeStatus
        case .patch where isRun: return .stopRun
        case .get where isRun && !isCollection: return .readRun
        case .get where path.contains("/workflowexecutions") && !isCollection: return .readExecution
        case .get where path.contains("/workflowdefinitions"): return .readDefinition
        default: return .other
        }
    }

    private static func plural(ofCollection path: String) -> String? {
        path.split(separator: "/").last.map(String.init).flatMap { last in
            ["workflowexecutions", "pipelineruns", "workflows"].contains(last) ? last : nil
        }
    }

    private func list(_ plural: String) -> HTTPResponse {
        let list: JSONValue = [
            "metadata": ["resourceVersion": .string("\(objects.version)")],
            "items": .array(objects.objects(of: plural)),
        ]
        return HTTPResponse(status: 200, body: list.encoded)
    }

    func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        let path = String(request.target.prefix { $0 != "?" })
        let since =
            request.target.split(separator: "resourceVersion=").dropFirst().first
            .flatMap { Int64($0.prefix { $0.isNumber }) } ?? 0
        let body = FedBody()
        if let plural = Self.plural(ofCollection: path) {
            let missed = state.withLock { state in
                state.watches.append((plural, body))
                return state.events.filter { $0.plural == plural && $0.version > since }.map(\.bytes)
            }
            for bytes in missed { body.push(bytes) }
        }
        return HTTPStream(status: 200, body: body)
    }

    // MARK: Answers

    /// What the API server answers when a webhook does not.
    static let webhookIsDown = HTTPResponse(
        status: 500,
        body: ([
            "kind": "Status", "status": "Failure", "reason": "InternalError", "code": 500,
            "message": "failed calling webhook \"check.example.com\": context deadline exceeded",
        ] as JSONValue).encoded)

    static let quotaIsFull = HTTPResponse(
        status: 403,
        body: ([
            "kind": "Status", "status": "Failure", "reason": "Forbidden", "code": 403,
            "message": "pipelineruns is forbidden: exceeded quota: runs, requested: 1, used: 5, limited: 5",
        ]
            as JSONValue).encoded)

    static let isForbidden = HTTPResponse(
        status: 403,
        body: ([
            "kind": "Status", "status": "Failure", "reason": "Forbidden", "code": 403,
            "message": "the user cannot get this resource",
        ] as JSONValue).encoded)

    static let isOverloaded = HTTPResponse(
        status: 500,
        body: ([
            "kind": "Status", "status": "Failure", "reason": "InternalError", "code": 500,
            "message": "etcdserver: request timed out",
        ] as JSONValue).encoded)
}

/// A body that says what it is fed.
final class FedBody: HTTPBody {
    private struct State {
        var pending: [[UInt8]] = []
        var reader: CheckedContinuation<Void, Never>?
        var isOver = false
    }

    private let state = Locked(State())

    func push(_ bytes: [UInt8]) {
        let reader = state.withLock { state in
            state.pending.append(bytes)
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }

    func next() async throws(TransportError) -> [UInt8]? {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.isOver || !state.pending.isEmpty { return true }
                state.reader = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
        let bytes: [UInt8]? = state.withLock { $0.pending.isEmpty ? nil : $0.pending.removeFirst() }
        guard let bytes else { throw TransportError(.cancelled, "cancelled") }
        return bytes
    }

    func cancel() {
        let reader = state.withLock { state in
            state.isOver = true
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }
}

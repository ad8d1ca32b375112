import KubeClient
import KubeRuntime

/// An API server with one execution that has no run yet, which answers a create only when the test allows it.
final class HeldServer: HTTPTransport {
    /// Set by the test to have creates answered.
    let answersCreates = Latch()
    private let seen = Locked([HTTPMethod: Int]())
    /// The namespace of which nothing may be read.
    private let forbidden: String?
    private let liveReads = Locked(0)

    init(forbidding forbidden: String? = nil) { self.forbidden = forbidden }

    /// How often the execution itself was read.
    var executionReads: Int { liveReads.withLock { $0 } }

    /// How many requests of this kind came.
    func count(_ method: HTTPMethod) -> Int { seen.withLock { $0[method] ?? 0 } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        seen.withLock { $0[request.method, default: 0] += 1 }
        if let forbidden, request.target.contains("/namespaces/\(forbidden)/") {
            return HTTPResponse(status: 403, body: Array("no".utf8))
        }
        switch request.method {
        case .get where request.target.contains("/pipelineruns/restart"): return Self.noSuchRun
        case .get where request.target.hasSuffix("/workflowexecutions/restart"):
            liveReads.withLock { $0 += 1 }
            return HTTPResponse(status: 200, body: Self.execution.encoded)
        case .get: return Self.list(request.target)
        case .post:
            await answersCreates.wait()
            if Task.isCancelled { throw TransportError(.cancelled, "cancelled") }
            return HTTPResponse(status: 500, body: Array("on purpose".utf8))
        default: return HTTPResponse(status: 500, body: Array("on purpose".utf8))
        }
    }

    func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        HTTPStream(status: 200, body: SilentBody())
    }

    private static func list(_ target: String) -> HTTPResponse {
        let items: [JSONValue] = target.contains("/workflowexecutions") ? [execution] : []
        // Who asks for one object wants to know the version: it is one that no cache will see.
        let version: JSONValue = target.contains("limit=1") ? "99" : "10"
        let list: JSONValue = ["metadata": ["resourceVersion": version], "items": .array(items)]
        return HTTPResponse(status: 200, body: list.encoded)
    }

    private static let execution: JSONValue = [
        "metadata": [
            "namespace": "payments", "name": "restart", "uid": .string(Fixtures.uid), "resourceVersion": "7",
            "generation": 1, "creationTimestamp": .string(Fixtures.start.rfc3339),
        ],
        "spec": ["workflowRef": ["workflowId": "restart"]],
    ]

    private static let noSuchRun: HTTPResponse = {
        let status: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404,
            "message": "pipelineruns.tekton.dev \"restart-3f9c2a71d0\" not found",
            "details": ["name": "restart-3f9c2a71d0"],
        ]
        return HTTPResponse(status: 404, headers: ["Content-Type": "application/json"], body: status.encoded)
    }()
}

/// A body that never says anything.
final class SilentBody: HTTPBody {
    private let isOver = Latch()

    func next() async throws(TransportError) -> [UInt8]? {
        await isOver.wait()
        throw TransportError(.cancelled, "cancelled")
    }

    func cancel() { isOver.set() }
}

import KubeClient
import KubeRuntime

/// A held server with one lease, which somebody else holds at first.
final class LeasedServer: HTTPTransport {
    let server = HeldServer()
    private let lease = Locked<JSONValue>([
        "metadata": ["namespace": "towline-system", "name": "op", "uid": "lease", "resourceVersion": "1"],
        "spec": ["holderIdentity": "other", "leaseDurationSeconds": 15],
    ])

    var holder: String { lease.withLock { $0[path: ["spec", "holderIdentity"]]?.stringValue ?? "" } }

    /// Ends the other one's leadership.
    func free() { write { $0[path: ["spec", "holderIdentity"]] = "" } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        guard request.target.contains("/leases") else { return try await server.send(request) }
        if request.method == .put, let new = try? JSONValue(parsing: String(decoding: request.body, as: UTF8.self)) {
            write { $0["spec"] = new["spec"] }
        }
        let isList = request.target.contains("?")
        let list: JSONValue = ["metadata": ["resourceVersion": "1"], "items": []]
        return HTTPResponse(status: 200, body: (isList ? list : lease.withLock { $0 }).encoded)
    }

    func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        try await server.open(request)
    }

    private func write(_ change: (inout JSONValue) -> Void) {
        lease.withLock { lease in
            change(&lease)
            let version = lease[path: ["metadata", "resourceVersion"]]?.stringValue.flatMap { Int($0) } ?? 0
            lease[path: ["metadata", "resourceVersion"]] = .string("\(version + 1)")
        }
    }
}

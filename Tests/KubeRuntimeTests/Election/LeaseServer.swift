import KubeClient
import TestSupport

@testable import KubeRuntime

/// An API server that has one lease.
final class LeaseServer: HTTPTransport {
    private struct State {
        var object: JSONValue?
        var version = 100
        var watches: [FakeBody] = []
        var failure: HTTPResponse?
        /// The holder after each change.
        var holders: [String] = []
    }

    private let state = Locked(State())

    var lease: Lease? { state.withLock { $0.object.map { Lease($0) } } }
    var holder: String? { lease?.holder }
    var holders: [String] { state.withLock { $0.holders } }
    var object: JSONValue? { state.withLock { $0.object } }

    /// Sets the status of all further responses; nil restores the regular ones.
    func fail(_ status: Int?) {
        let watches = state.withLock { state in
            state.failure = status.map { HTTPResponse(status: $0, body: Array("on purpose".utf8)) }
            defer { state.watches = [] }
            return state.watches
        }
        for watch in watches { watch.end() }
    }

    /// Changes the lease as another client would, without a watch event, so that only a conflict shows it.
    func edit(silently isSilent: Bool = false, _ change: (inout JSONValue) -> Void) {
        state.withLock { state in
            guard var object = state.object else { return }
            change(&object)
            let watches = state.watches
            if isSilent { state.watches = [] }
            Self.store(object, in: &state)
            state.watches = watches
        }
    }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        if Task.isCancelled { throw TransportError(.cancelled, "cancelled") }
        return state.withLock { state in
            if let failure = state.failure { return failure }
            switch request.method {
            case .get where request.target.contains("?"):
                let list: JSONValue = [
                    "metadata": ["resourceVersion": .string("\(state.version)")],
                    "items": .array(state.object.map { [$0] } ?? []),
                ]
                return HTTPResponse(status: 200, body: list.encoded)
            case .get: return state.object.map { HTTPResponse(status: 200, body: $0.encoded) } ?? Self.refusal(404)
            default: return Self.write(request, in: &state)
            }
        }
    }

    func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        let body = FakeBody()
        let failure = state.withLock { state in
            if state.failure == nil { state.watches.append(body) }
            return state.failure
        }
        if failure != nil { body.end() }
        return HTTPStream(status: failure?.status ?? 200, body: body)
    }

    private static func write(_ request: HTTPRequest, in state: inout State) -> HTTPResponse {
        guard let object = try? JSONValue(parsing: String(decoding: request.body, as: UTF8.self)) else {
            return refusal(400)
        }
        let version = object[path: ["metadata", "resourceVersion"]]?.stringValue
        let current = state.object?[path: ["metadata", "resourceVersion"]]?.stringValue
        guard version == current else { return refusal(409) }
        store(object, in: &state)
        return HTTPResponse(status: 200, body: (state.object ?? .null).encoded)
    }

    private static func store(_ object: JSONValue, in state: inout State) {
        var object = object
        state.version += 1
        let type = state.object == nil ? "ADDED" : "MODIFIED"
        object[path: ["metadata", "uid"]] = "uid"
        object[path: ["metadata", "resourceVersion"]] = .string("\(state.version)")
        state.object = object
        let holder = Lease(object).holder
        if state.holders.last != holder { state.holders.append(holder) }
        let event: JSONValue = ["type": .string(type), "object": object]
        for watch in state.watches { watch.push(event.encodedString + "\n") }
    }

    private static func refusal(_ code: Int64) -> HTTPResponse {
        let reason = code == 409 ? "Conflict" : "NotFound"
        let status: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": .string(reason),
            "code": .integer(code), "message": "on purpose", "details": ["name": "op", "kind": "leases"],
        ]
        return HTTPResponse(status: Int(code), headers: ["Content-Type": "application/json"], body: status.encoded)
    }
}

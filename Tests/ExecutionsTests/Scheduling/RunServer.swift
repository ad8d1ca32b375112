import KubeClient
import KubeRuntime

/// An API server that has runs of both engines, and may not answer about those of one.
final class RunServer: HTTPTransport {
    private struct State {
        var runs: [String: JSONValue] = [:]
        var requests: [HTTPRequest] = []
        var refusals: [HTTPResponse] = []
        var hanging = ""
    }

    private let state = Locked(State())
    private let isOver = Latch()

    var requests: [HTTPRequest] { state.withLock { $0.requests } }

    /// Stores a run under its path.
    func store(_ run: JSONValue, at path: String) { state.withLock { $0.runs[path] = run } }

    func remove(_ path: String) { state.withLock { $0.runs[path] = nil } }

    /// Answers the next requests with these.
    func refuse(_ responses: HTTPResponse...) { state.withLock { $0.refusals += responses } }

    /// Answers no request whose target has this text.
    func hang(_ text: String) { state.withLock { $0.hanging = text } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let (refusal, hangs) = state.withLock { state in
            state.requests.append(request)
            let hangs = !state.hanging.isEmpty && request.target.contains(state.hanging)
            return (state.refusals.isEmpty ? nil : state.refusals.removeFirst(), hangs)
        }
        if hangs {
            await isOver.wait()
            throw TransportError(.cancelled, "no answer")
        }
        if let refusal { return refusal }
        let parts = request.target.split(separator: "?", maxSplits: 1).map(String.init)
        guard let path = parts.first else { return HTTPResponse(status: 400) }
        return state.withLock { state in
            if let run = state.runs[path] { return HTTPResponse(status: 200, body: run.encoded) }
            return parts.count > 1 ? Self.list(path, parts[1], state.runs) : Self.missing(path)
        }
    }

    func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        throw TransportError(.unreachable, "nothing is watched here")
    }

    private static func list(_ path: String, _ query: String, _ runs: [String: JSONValue]) -> HTTPResponse {
        func parameter(_ name: String) -> Int? {
            query.split(separator: "&").first { $0.hasPrefix("\(name)=") }.flatMap { Int($0.dropFirst(name.count + 1)) }
        }
        let plural = path.split(separator: "/").last.map(String.init) ?? ""
        let all = runs.filter { $0.key.contains("/\(plural)/") }.sorted { $0.key < $1.key }.map(\.value)
        let start = parameter("continue") ?? 0
        let page = all.dropFirst(start).prefix(parameter("limit") ?? all.count)
        var metadata: JSONObject = ["resourceVersion": "99"]
        let end = start + page.count
        if end < all.count { metadata["continue"] = .string("\(end)") }
        let list: JSONValue = ["metadata": .object(metadata), "items": .array(Array(page))]
        return HTTPResponse(status: 200, body: list.encoded)
    }

    private static func missing(_ path: String) -> HTTPResponse {
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        let status: JSONValue = [
            "kind": "Status", "reason": "NotFound", "code": 404, "message": "not found",
            "details": ["name": .string(name)],
        ]
        return HTTPResponse(status: 404, body: status.encoded)
    }

    /// An answer of the API server that is no success.
    static func failure(_ code: Int, _ reason: String) -> HTTPResponse {
        let status: JSONValue = [
            "kind": "Status", "reason": .string(reason), "code": .integer(Int64(code)), "message": "on purpose",
        ]
        return HTTPResponse(status: code, body: status.encoded)
    }
}

import KubeClient

/// A transport that answers from a script and remembers what it was asked.
final class FakeTransport: HTTPTransport {
    private let state: Locked<State>

    private struct State {
        var answers: [Result<HTTPResponse, TransportError>]
        var requests: [HTTPRequest] = []
    }

    init(_ answers: [Result<HTTPResponse, TransportError>]) {
        state = Locked(State(answers: answers))
    }

    convenience init(_ responses: HTTPResponse...) {
        self.init(responses.map { .success($0) })
    }

    var requests: [HTTPRequest] { state.withLock { $0.requests } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let answer: Result<HTTPResponse, TransportError> = state.withLock { state in
            state.requests.append(request)
            guard !state.answers.isEmpty else { return .failure(TransportError(.unreachable, "the script is over")) }
            return state.answers.removeFirst()
        }
        return try answer.get()
    }

    func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        let response = try await send(request)
        return HTTPStream(status: response.status, headers: response.headers, body: FakeBody([response.body]))
    }
}

/// A body whose pieces are known beforehand.
final class FakeBody: HTTPBody {
    private let state: Locked<(pieces: [[UInt8]], failure: TransportError?, isCancelled: Bool)>

    init(_ pieces: [[UInt8]], failure: TransportError? = nil) {
        state = Locked((pieces.filter { !$0.isEmpty }, failure, false))
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    func next() async throws(TransportError) -> [UInt8]? {
        try state.withLock { state throws(TransportError) in
            if !state.pieces.isEmpty { return state.pieces.removeFirst() }
            if let failure = state.failure { throw failure }
            return nil
        }
    }

    func cancel() {
        state.withLock { $0.isCancelled = true }
    }
}

extension HTTPResponse {
    init(_ status: Int, _ text: String, headers: HTTPHeaders = HTTPHeaders()) {
        self.init(status: status, headers: headers, body: Array(text.utf8))
    }
}

/// The name of an object, or a refusal where it has no string for a name.
let nameDecoder: ObjectDecoder<String> = { (cursor) throws(JSONError) in
    var name: String?
    try cursor.forEachField { (key, cursor) throws(JSONError) in
        guard key == "metadata" else {
            try cursor.skipValue()
            return
        }
        name = try ObjectMetadata(&cursor).name
    }
    guard let name else { throw JSONError("no metadata", offset: cursor.offset) }
    return name
}

let podType = ResourceType(group: "", version: "v1", plural: "pods", kind: "Pod")
let runType = ResourceType(group: "tekton.dev", version: "v1", plural: "pipelineruns", kind: "PipelineRun")

import KubeClient

/// A transport whose answers the test writes, one after the other; requests wait until there is one.
final class FakeTransport: HTTPTransport {
    enum Answer: Sendable {
        case response(HTTPResponse)
        case stream(FakeBody)
        case failure(TransportError)
    }

    private let answers = Locked([Answer]())
    private let seen = Locked([String]())

    /// The targets of all requests so far.
    var targets: [String] { seen.withLock { $0 } }

    func answer(_ status: Int, _ body: String) {
        answers.withLock { $0.append(.response(HTTPResponse(status: status, body: Array(body.utf8)))) }
    }

    func fail(_ kind: TransportError.Kind) {
        answers.withLock { $0.append(.failure(TransportError(kind, "on purpose"))) }
    }

    func stream() -> FakeBody {
        let body = FakeBody()
        answers.withLock { $0.append(.stream(body)) }
        return body
    }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        switch try await next(request) {
        case .response(let response): return response
        case .failure(let error): throw error
        case .stream: throw TransportError(.invalidRequest, "a stream was scripted for \(request.target)")
        }
    }

    func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        switch try await next(request) {
        case .stream(let body): return HTTPStream(status: 200, body: body)
        case .failure(let error): throw error
        case .response(let response):
            let body = FakeBody()
            body.push(String(decoding: response.body, as: UTF8.self))
            body.end()
            return HTTPStream(status: response.status, headers: response.headers, body: body)
        }
    }

    private func next(_ request: HTTPRequest) async throws(TransportError) -> Answer {
        seen.withLock { $0.append(request.target) }
        while true {
            if Task.isCancelled { throw TransportError(.cancelled, "cancelled") }
            let answer = answers.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            if let answer { return answer }
            try? await Task.sleep(for: .milliseconds(1))
        }
    }
}

/// A body the test writes while it is read.
final class FakeBody: HTTPBody {
    private struct State {
        var chunks: [[UInt8]] = []
        var hasEnded = false
        var isCancelled = false
    }

    private let state = Locked(State())

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    func push(_ text: String) { state.withLock { $0.chunks.append(Array(text.utf8)) } }
    func end() { state.withLock { $0.hasEnded = true } }
    func cancel() { state.withLock { $0.isCancelled = true } }

    /// Sends one watch event about an object.
    func event(_ type: String, _ name: String, _ version: Int, extra: String = "") {
        push(#"{"type":"\#(type)","object":\#(object(name, version, extra: extra))}"# + "\n")
    }

    func next() async throws(TransportError) -> [UInt8]? {
        while true {
            let (chunk, isOver) = state.withLock { state -> ([UInt8]?, Bool) in
                if state.isCancelled { return (nil, false) }
                return state.chunks.isEmpty ? (nil, state.hasEnded) : (state.chunks.removeFirst(), false)
            }
            if let chunk { return chunk }
            if isOver { return nil }
            if isCancelled { throw TransportError(.cancelled, "cancelled") }
            try? await Task.sleep(for: .milliseconds(1))
        }
    }
}

/// The JSON of one object.
func object(_ name: String, _ version: Int, extra: String = "") -> String {
    #"{"metadata":{"namespace":"ns","name":"\#(name)","uid":"uid-\#(name)","resourceVersion":"\#(version)"}\#(extra)}"#
}

/// The JSON of one page.
func page(_ objects: [String], at version: Int, token: String = "") -> String {
    #"{"metadata":{"resourceVersion":"\#(version)","continue":"\#(token)"},"items":[\#(objects.joined(separator: ","))]}"#
}

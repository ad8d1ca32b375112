import KubeClient

/// A transport that answers from a script and keeps the requests.
///
/// A transport made with answers fails once they are used up; one made without waits until the test adds an answer.
public final class FakeTransport: HTTPTransport {
    private enum Answer: Sendable {
        case response(HTTPResponse)
        case stream(FakeBody)
        case failure(TransportError)
    }

    private struct State: Sendable {
        var answers: [Answer] = []
        var requests: [HTTPRequest] = []
    }

    private let state: Locked<State>
    private let waitsForAnswers: Bool

    /// A transport whose answers the test adds one by one; requests wait for them.
    public init() {
        state = Locked(State())
        waitsForAnswers = true
    }

    public init(_ answers: [Result<HTTPResponse, TransportError>]) {
        let script = answers.map { answer -> Answer in
            switch answer {
            case .success(let response): .response(response)
            case .failure(let error): .failure(error)
            }
        }
        state = Locked(State(answers: script))
        waitsForAnswers = false
    }

    public convenience init(_ first: HTTPResponse, _ others: HTTPResponse...) {
        self.init(([first] + others).map { .success($0) })
    }

    public var requests: [HTTPRequest] { state.withLock { $0.requests } }
    /// The targets of all requests so far.
    public var targets: [String] { requests.map(\.target) }

    public func answer(_ status: Int, _ body: String) { add(.response(HTTPResponse(status, body))) }

    public func fail(_ kind: TransportError.Kind) { add(.failure(TransportError(kind, "on purpose"))) }

    /// Adds a stream, whose body the test writes.
    public func stream() -> FakeBody {
        let body = FakeBody()
        add(.stream(body))
        return body
    }

    private func add(_ answer: Answer) { state.withLock { $0.answers.append(answer) } }

    public func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        switch try await next(request) {
        case .response(let response): return response
        case .failure(let error): throw error
        case .stream: throw TransportError(.invalidRequest, "a stream was scripted for \(request.target)")
        }
    }

    public func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        switch try await next(request) {
        case .stream(let body): return HTTPStream(status: 200, body: body)
        case .failure(let error): throw error
        case .response(let response):
            return HTTPStream(status: response.status, headers: response.headers, body: FakeBody([response.body]))
        }
    }

    private func next(_ request: HTTPRequest) async throws(TransportError) -> Answer {
        state.withLock { $0.requests.append(request) }
        while true {
            if waitsForAnswers, Task.isCancelled { throw TransportError(.cancelled, "cancelled") }
            let answer = state.withLock { $0.answers.isEmpty ? nil : $0.answers.removeFirst() }
            if let answer { return answer }
            guard waitsForAnswers else { throw TransportError(.unreachable, "the script is over") }
            try? await Task.sleep(for: .milliseconds(1))
        }
    }
}

/// A body that the test writes, before or while it is read.
public final class FakeBody: HTTPBody {
    private struct State: Sendable {
        var pieces: [[UInt8]] = []
        /// How the body ends after its pieces; nil while it is open.
        var end: Result<Void, TransportError>?
        var isCancelled = false
    }

    private let state: Locked<State>

    /// An open body: readers wait for pieces until ``end()``.
    public init() {
        state = Locked(State())
    }

    /// A body that ends, or fails, after its pieces.
    public init(_ pieces: [[UInt8]], failure: TransportError? = nil) {
        let end: Result<Void, TransportError> = failure.map { .failure($0) } ?? .success(())
        state = Locked(State(pieces: pieces.filter { !$0.isEmpty }, end: end))
    }

    public var isCancelled: Bool { state.withLock { $0.isCancelled } }

    public func push(_ text: String) { state.withLock { $0.pieces.append(Array(text.utf8)) } }
    public func end() { state.withLock { $0.end = .success(()) } }
    public func cancel() { state.withLock { $0.isCancelled = true } }

    public func next() async throws(TransportError) -> [UInt8]? {
        while true {
            let (piece, end, isCancelled) = state.withLock { state in
                (state.pieces.isEmpty ? nil : state.pieces.removeFirst(), state.end, state.isCancelled)
            }
            if isCancelled { throw TransportError(.cancelled, "cancelled") }
            if let piece { return piece }
            if let end {
                try end.get()
                return nil
            }
            try? await Task.sleep(for: .milliseconds(1))
        }
    }
}

extension HTTPResponse {
    public init(_ status: Int, _ text: String, headers: HTTPHeaders = HTTPHeaders()) {
        self.init(status: status, headers: headers, body: Array(text.utf8))
    }
}

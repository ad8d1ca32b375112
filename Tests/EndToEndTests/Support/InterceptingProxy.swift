import KubeClient
import KubeRuntime

/// A proxy between an operator and the API server that can interrupt any write.
final class InterceptingProxy: Sendable {
    /// When the proxy strikes: the write never arrives, or it arrives but its answer is lost.
    enum Moment: String, CaseIterable, Sendable {
        case beforeWrite, afterWrite
    }

    struct Strike: Sendable {
        /// The number of the write to interrupt, starting at 1.
        let write: Int
        let moment: Moment
        let action: @Sendable () -> Void
    }

    /// One write of the operator.
    struct Write: Sendable {
        let method: HTTPMethod
        let path: String
        let body: [UInt8]

        /// The engine of the run to create; nil for any other write.
        var createdRun: TestEngine? {
            guard method == .post, let type = path.split(separator: "/").last else { return nil }
            return TestEngine(runsOf: String(type))
        }
    }

    /// What the proxy does with a write.
    enum Intervention: Sendable {
        case forward
        /// Forwards it with another body, like a mutating webhook.
        case change(JSONValue)
        /// Does not forward it, and returns this answer.
        case refuse(HTTPServerResponse)
        /// Forwards it, but returns this answer.
        case answer(HTTPServerResponse)
    }

    private struct State {
        var writes: [String] = []
        var asked: Set<AskedRight> = []
        var forbidden: [String] = []
        var strike: Strike?
        var intervention: @Sendable (Write) -> Intervention = { _ in .forward }
    }

    private let upstream: any HTTPTransport
    private let state = Locked(State())
    private let server = Locked<HTTPServer?>(nil)

    init(upstream: any HTTPTransport) throws {
        self.upstream = upstream
        let server = try HTTPServer(host: "127.0.0.1", port: 0) { [weak self] request in
            await self?.answer(request) ?? .text("the test is over", status: 503)
        }
        self.server.withLock { $0 = server }
    }

    var port: UInt16 { server.withLock { $0?.port ?? 0 } }

    /// Writes that do not count: events and access reviews.
    private static let unstruck = ["/apis/events.k8s.io/", "/apis/authorization.k8s.io/"]

    /// The writes so far, forwarded or interrupted, as `METHOD path`.
    var writes: [String] { state.withLock { $0.writes } }

    /// The permissions that the requests so far needed.
    var asked: Set<AskedRight> { state.withLock { $0.asked } }

    /// The requests that were forbidden, as `METHOD path`.
    var forbidden: [String] { state.withLock { $0.forbidden } }

    /// Sets the write to interrupt.
    func strike(_ strike: Strike) {
        state.withLock { $0.strike = strike }
    }

    /// Sets the function that decides about every write from now on.
    func intervene(_ decide: @escaping @Sendable (Write) -> Intervention) {
        state.withLock { $0.intervention = decide }
    }

    /// Whether the write was interrupted.
    var hasStruck: Bool { state.withLock { $0.strike == nil } }

    func shutdown() async {
        await server.withLock { $0 }?.shutdown()
    }

    private func answer(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        guard let method = HTTPMethod(rawValue: request.method) else { return .text("method", status: 405) }
        var forwarded = HTTPRequest(method, target(of: request))
        forwarded.accept = request.headers["Accept"] ?? "application/json"
        forwarded.contentType = request.headers["Content-Type"]
        forwarded.body = request.body
        if let right = AskedRight(request) { state.withLock { _ = $0.asked.insert(right) } }
        let response = await answer(request, forwarded)
        if response.status == 403 { state.withLock { $0.forbidden.append("\(request.method) \(request.path)") } }
        return response
    }

    private func answer(_ request: HTTPServerRequest, _ forwarded: HTTPRequest) async -> HTTPServerResponse {
        do {
            if request.queryValue("watch") == "true" || request.queryValue("watch") == "1" {
                return try await stream(forwarded)
            }
            guard forwarded.method != .get, !Self.unstruck.contains(where: request.path.hasPrefix) else {
                return try await unary(forwarded)
            }
            return try await write(forwarded, path: request.path)
        } catch {
            return .text("\(error)", status: 502)
        }
    }

    private func write(_ request: HTTPRequest, path: String) async throws -> HTTPServerResponse {
        let strike: Strike? = state.withLock { state in
            state.writes.append("\(request.method.rawValue) \(path)")
            guard let strike = state.strike, strike.write == state.writes.count else { return nil }
            state.strike = nil
            return strike
        }
        if let strike, strike.moment == .beforeWrite {
            strike.action()
            return .text("struck", status: 502)
        }
        let response = try await intervened(request, path: path)
        strike?.action()
        return response
    }

    private func intervened(_ request: HTTPRequest, path: String) async throws -> HTTPServerResponse {
        let decide = state.withLock { $0.intervention }
        switch decide(Write(method: request.method, path: path, body: request.body)) {
        case .forward: return try await unary(request)
        case .change(let body):
            var changed = request
            changed.body = body.encoded
            return try await unary(changed)
        case .refuse(let response): return response
        case .answer(let response):
            _ = try await unary(request)
            return response
        }
    }

    private func unary(_ request: HTTPRequest) async throws -> HTTPServerResponse {
        let response = try await upstream.send(request)
        return HTTPServerResponse(
            status: response.status, headers: forwarded(response.headers), body: .bytes(response.body))
    }

    private func stream(_ request: HTTPRequest) async throws -> HTTPServerResponse {
        let stream = try await upstream.open(request)
        return HTTPServerResponse(
            status: stream.status, headers: forwarded(stream.headers),
            body: .stream { writer in
                defer { stream.body.cancel() }
                try await withTaskCancellationHandler {
                    while let bytes = try await stream.body.next() { try await writer.write(bytes) }
                } onCancel: {
                    stream.body.cancel()
                }
            })
    }

    /// The headers to forward; `Date` is the API server's clock.
    private func forwarded(_ headers: HTTPHeaders) -> HTTPHeaders {
        var kept = HTTPHeaders()
        for name in ["Content-Type", "Date", "Retry-After"] {
            if let value = headers[name] { kept.append(name, value) }
        }
        return kept
    }

    private func target(of request: HTTPServerRequest) -> String {
        guard !request.query.isEmpty else { return request.path }
        let members = request.query.map {
            "\($0.name.percentEncodedQueryValue)=\($0.value.percentEncodedQueryValue)"
        }
        return "\(request.path)?\(members.joined(separator: "&"))"
    }
}

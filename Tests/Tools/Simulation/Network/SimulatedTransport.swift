import KubeClient
import KubeRuntime

/// The transport from one operator process to the simulated server, with all faults.
///
/// Confined to the thread of one simulation.
final class SimulatedTransport: HTTPTransport, @unchecked Sendable {
    private let network: Network
    private let server: SimulatedServer
    private unowned let replica: Replica

    init(network: Network, server: SimulatedServer, replica: Replica) {
        self.network = network
        self.server = server
        self.replica = replica
    }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let target = RequestTarget(request.target)
        if let target { network.observer?.sent(request, target, by: replica) }
        let read = Locked<[String]>([])
        let sent = replica.time.now
        do {
            let outcome = try await travel(request)
            var response = try await deliver(request, target, outcome) { [server, replica] in
                server.requestSent = sent
                defer { server.requestSent = nil }
                let response = Self.dated(server.answer(request, by: replica.writer), server.clock)
                read.withLock { $0 = server.lastRead }
                return response
            }
            network.record(replica, request, "-> \(response.status)")
            if let target {
                network.observer?.answered(
                    request, target, by: replica, status: response.status, read: read.withLock { $0 })
            }
            response = network.cut(response)
            return response
        } catch {
            if let target { network.observer?.answered(request, target, by: replica, status: nil, read: []) }
            throw error
        }
    }

    /// The response with a `Date` header in whole seconds of the server's clock.
    private static func dated(_ response: HTTPResponse, _ clock: WallClock) -> HTTPResponse {
        var response = response
        response.headers.append("Date", clock.now().httpDate)
        return response
    }

    func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        let outcome = try await travel(request)
        let opened = Locked<SimulatedWatch?>(nil)
        var isAnswered = false
        // If the client is gone, the connection is closed.
        defer { if !isAnswered { opened.withLock { $0 }?.body.cancel() } }
        let response = try await deliver(request, nil, outcome) { [server, replica] in
            switch server.openWatch(request, owner: replica.writer) {
            case .success(let watch):
                opened.withLock { $0 = watch }
                return Self.dated(HTTPResponse(status: 200), server.clock)
            case .failure(let refusal): return Self.dated(refusal.response, server.clock)
            }
        }
        guard let watch = opened.withLock({ $0 }), response.status == 200 else {
            let body = SimulatedBody()
            body.push(response.body)
            body.finish()
            return HTTPStream(status: response.status, headers: response.headers, body: body)
        }
        isAnswered = true
        network.watch(watch)
        return HTTPStream(status: 200, headers: response.headers, body: watch.body)
    }

    /// Waits until the request reaches the server and returns its outcome.
    private func travel(_ request: HTTPRequest) async throws(TransportError) -> RequestOutcome {
        guard replica.isAlive, !Task.isCancelled else { throw Self.cancelled }
        let outcome = network.outcome(of: request, from: replica)
        let latency = network.latency(from: replica)
        try await wait(min(latency, request.timeout))
        if latency > request.timeout { throw fail(request, .timedOut, "not sent in time") }
        return outcome
    }

    /// - Parameter target: the parsed target, if obstacles apply to the request.
    private func deliver(
        _ request: HTTPRequest, _ target: RequestTarget?, _ outcome: RequestOutcome,
        _ perform: @escaping @Sendable () -> HTTPResponse
    ) async throws(TransportError) -> HTTPResponse {
        let apply: @Sendable () -> HTTPResponse = { [network, server] in
            guard let target, let obstacle = network.obstacles?.obstacle(to: request, target),
                let refusal = obstacle.refusal(of: target)
            else { return perform() }
            network.observer?.refused(request, target, by: obstacle)
            return Self.dated(refusal, server.clock)
        }
        switch outcome {
        case .arrives:
            if let target, let obstacle = network.obstacles?.obstacle(to: request, target) {
                return try await respond(despite: obstacle, request, target, perform)
            }
            let response = apply()
            try await wait(network.returnLatency())
            return response
        case .unreachable:
            throw fail(request, .unreachable, "connection refused")
        case .connectionLost(let applied):
            if applied { _ = apply() }
            throw fail(request, .connectionLost, "connection reset\(applied ? " after the write" : "")")
        case .silence(let applied):
            if applied { _ = apply() }
            try await wait(request.timeout)
            throw fail(request, .timedOut, "no answer\(applied ? " although done" : "")")
        case .refused(let response, let applied):
            if applied { _ = apply() }
            try await wait(network.returnLatency())
            // The server and the proxy have different clocks.
            let isFromProxy = response.status == 502
            return Self.dated(response, isFromProxy ? network.proxyClock ?? server.clock : server.clock)
        case .late(let delay):
            network.time.schedule(after: delay) { [network, server, replica] in
                network.record(replica, request, "arrives late")
                server.isLateArrival = true
                _ = apply()
                server.isLateArrival = false
            }
            throw fail(request, .connectionLost, "connection reset, the request is still in flight")
        case .crash(let applied):
            if applied { _ = apply() }
            network.record(replica, request, "crash \(applied ? "after" : "before")")
            network.crash(replica)
            throw Self.cancelled
        }
    }

    /// Waits as long as the obstacle delays the request and returns its error response or the regular response.
    private func respond(
        despite obstacle: Obstacle, _ request: HTTPRequest, _ target: RequestTarget,
        _ perform: @escaping @Sendable () -> HTTPResponse
    ) async throws(TransportError) -> HTTPResponse {
        let now = replica.time.now
        let rest = obstacle.end.map { now.duration(to: $0) } ?? .seconds(3600)
        let pause: Duration =
            switch obstacle.effect {
            // If the webhook returns in the meantime, the response arrives immediately.
            case .hang(let limit): min(limit, rest)
            case .delay(let duration): duration
            case .deny, .forbid, .fail, .reject, .quota: network.returnLatency()
            }
        try await wait(min(pause, request.timeout))
        if pause >= request.timeout {
            network.observer?.refused(request, target, by: obstacle)
            throw fail(request, .timedOut, "no answer")
        }
        guard let refusal = obstacle.refusal(of: target) else { return perform() }
        network.observer?.refused(request, target, by: obstacle)
        return Self.dated(refusal, server.clock)
    }

    private func fail(_ request: HTTPRequest, _ kind: TransportError.Kind, _ message: String) -> TransportError {
        network.record(replica, request, message)
        return TransportError(kind, message)
    }

    private func wait(_ duration: Duration) async throws(TransportError) {
        do {
            try await replica.time.sleep(for: duration)
        } catch {
            throw Self.cancelled
        }
        guard replica.isAlive else { throw Self.cancelled }
    }

    private static let cancelled = TransportError(.cancelled, "the process ended")
}

/// The body of a simulated watch.
///
/// Confined to the thread of one simulation.
final class SimulatedBody: HTTPBody, @unchecked Sendable {
    private enum End {
        case open
        case finished
        case failed(TransportError)
    }

    private var bytes: [UInt8] = []
    private var end = End.open
    private var reader: CheckedContinuation<Result<[UInt8]?, TransportError>, Never>?
    var onCancel: () -> Void = {}

    func push(_ more: [UInt8]) {
        guard case .open = end else { return }
        if let reader {
            self.reader = nil
            reader.resume(returning: .success(more))
        } else {
            bytes += more
        }
    }

    func finish() { close(.finished) }

    func fail(_ error: TransportError) { close(.failed(error)) }

    func cancel() {
        onCancel()
        bytes = []
        close(.failed(TransportError(.cancelled, "the watch was cancelled")))
    }

    private func close(_ end: End) {
        guard case .open = self.end else { return }
        self.end = end
        guard let reader else { return }
        self.reader = nil
        reader.resume(returning: rest)
    }

    private var rest: Result<[UInt8]?, TransportError> {
        switch end {
        case .failed(let error): .failure(error)
        case .finished, .open: .success(nil)
        }
    }

    func next() async throws(TransportError) -> [UInt8]? {
        let result: Result<[UInt8]?, TransportError> = await withCheckedContinuation { continuation in
            if !bytes.isEmpty {
                defer { bytes = [] }
                continuation.resume(returning: .success(bytes))
            } else if case .open = end {
                reader = continuation
            } else {
                continuation.resume(returning: rest)
            }
        }
        return try result.get()
    }
}

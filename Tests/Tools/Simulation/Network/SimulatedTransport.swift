import KubeClient
import KubeRuntime

/// The connection from one operator process to the simulated server, with everything that can go wrong.
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
        if let target { network.witness?.sent(request, target, by: replica) }
        let read = Locked<[String]>([])
        do {
            let fate = try await depart(request)
            var response = try await carry(request, target, fate) { [server, replica] in
                let response = Self.dated(server.answer(request, by: replica.writer), server.clock)
                read.withLock { $0 = server.lastRead }
                return response
            }
            network.record(replica, request, "-> \(response.status)")
            if let target {
                network.witness?.answered(
                    request, target, by: replica, status: response.status, read: read.withLock { $0 })
            }
            response = network.cut(response)
            return response
        } catch {
            if let target { network.witness?.answered(request, target, by: replica, status: nil, read: []) }
            throw error
        }
    }

    /// An answer as the server sends it, with a `Date` header in whole seconds.
    private static func dated(_ response: HTTPResponse, _ clock: WallClock) -> HTTPResponse {
        var response = response
        response.headers.append("Date", clock.now().httpDate)
        return response
    }

    func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        let fate = try await depart(request)
        let opened = Locked<SimulatedWatch?>(nil)
        var isAnswered = false
        // The connection of a client that is gone is closed, even if the server has started to send.
        defer { if !isAnswered { opened.withLock { $0 }?.body.cancel() } }
        let response = try await carry(request, nil, fate) { [server, replica] in
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

    /// Waits as long as the request takes to the server, and returns what happens to it.
    private func depart(_ request: HTTPRequest) async throws(TransportError) -> Fate {
        guard replica.isAlive, !Task.isCancelled else { throw Self.cancelled }
        let fate = network.fate(of: request, from: replica)
        let latency = network.latency(from: replica)
        try await wait(min(latency, request.timeout))
        if latency > request.timeout { throw fail(request, .timedOut, "not sent in time") }
        return fate
    }

    /// - Parameter target: the requested resource, if an obstacle may apply.
    private func carry(
        _ request: HTTPRequest, _ target: RequestTarget?, _ fate: Fate,
        _ perform: @escaping @Sendable () -> HTTPResponse
    ) async throws(TransportError) -> HTTPResponse {
        let apply: @Sendable () -> HTTPResponse = { [network, server] in
            guard let target, let obstacle = network.obstacles?.obstacle(to: request, target),
                let refusal = obstacle.refusal(of: target)
            else { return perform() }
            network.witness?.refused(request, target, by: obstacle)
            return Self.dated(refusal, server.clock)
        }
        switch fate {
        case .arrives:
            if let target, let obstacle = network.obstacles?.obstacle(to: request, target) {
                return try await overcome(obstacle, request, target, perform)
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
            // The server's answers have its own time of day; a proxy's have that of the proxy.
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

    /// Applies the obstacle: waits as long as it takes, then returns the rejection or the answer.
    private func overcome(
        _ obstacle: Obstacle, _ request: HTTPRequest, _ target: RequestTarget,
        _ perform: @escaping @Sendable () -> HTTPResponse
    ) async throws(TransportError) -> HTTPResponse {
        let now = replica.time.now
        let rest = obstacle.end.map { now.duration(to: $0) } ?? .seconds(3600)
        let pause: Duration =
            switch obstacle.effect {
            // When a webhook recovers, waiting requests are answered immediately.
            case .hang(let limit): min(limit, rest)
            case .delay(let duration): duration
            case .deny, .forbid, .fail, .reject, .quota: network.returnLatency()
            }
        try await wait(min(pause, request.timeout))
        if pause >= request.timeout {
            network.witness?.refused(request, target, by: obstacle)
            throw fail(request, .timedOut, "no answer")
        }
        guard let refusal = obstacle.refusal(of: target) else { return perform() }
        network.witness?.refused(request, target, by: obstacle)
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

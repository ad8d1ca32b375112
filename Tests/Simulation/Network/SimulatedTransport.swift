import KubeClient
import KubeRuntime

/// The way from one operator process to the simulated server, with everything that can go wrong on it.
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
        let fate = try await depart(request)
        let response = try await carry(request, fate) { [server, replica] in
            server.answer(request, by: replica.writer)
        }
        network.record(replica, request, "-> \(response.status)")
        return response
    }

    func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        let fate = try await depart(request)
        let opened = Locked<SimulatedWatch?>(nil)
        var isAnswered = false
        // A connection whose client has gone is closed, whatever the server had begun to send.
        defer { if !isAnswered { opened.withLock { $0 }?.body.cancel() } }
        let response = try await carry(request, fate) { [server, replica] in
            switch server.openWatch(request, owner: replica.writer) {
            case .success(let watch):
                opened.withLock { $0 = watch }
                return HTTPResponse(status: 200)
            case .failure(let refusal): return refusal.response
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
        return HTTPStream(status: 200, body: watch.body)
    }

    /// Waits as long as the request takes to the server, and says what becomes of it there.
    private func depart(_ request: HTTPRequest) async throws(TransportError) -> Fate {
        guard replica.isAlive, !Task.isCancelled else { throw Self.cancelled }
        let fate = network.fate(of: request, from: replica)
        let latency = network.latency(from: replica)
        try await wait(min(latency, request.timeout))
        if latency > request.timeout { throw fail(request, .timedOut, "not sent in time") }
        return fate
    }

    private func carry(
        _ request: HTTPRequest, _ fate: Fate, _ apply: @escaping @Sendable () -> HTTPResponse
    ) async throws(TransportError) -> HTTPResponse {
        switch fate {
        case .arrives:
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
            return response
        case .late(let delay):
            network.time.schedule(after: delay) { [network, server, replica] in
                network.record(replica, request, "arrives late")
                server.isLateArrival = true
                _ = apply()
                server.isLateArrival = false
            }
            throw fail(request, .connectionLost, "connection reset, the request is still on its way")
        case .crash(let applied):
            if applied { _ = apply() }
            network.record(replica, request, "crash \(applied ? "after" : "before")")
            network.crash(replica)
            throw Self.cancelled
        }
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

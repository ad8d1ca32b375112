public import KubeClient

/// Lets write requests through only while this process leads; reads always pass.
///
/// It sits below the client, so that no writer can bypass it. A write in progress is canceled before another process
/// can lead. Each write must name the version it replaces, or create an object with a fixed name, so that the server
/// rejects a write that is still in flight then.
public struct FencedTransport: HTTPTransport {
    private let transport: any HTTPTransport
    private let token: LeadershipToken

    public init(_ transport: any HTTPTransport, token: LeadershipToken) {
        self.transport = transport
        self.token = token
    }

    public func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        guard request.method != .get else { return try await transport.send(request) }
        let transport = transport
        return try await fenced { () throws(TransportError) in try await transport.send(request) }
    }

    public func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        guard request.method != .get else { return try await transport.open(request) }
        let transport = transport
        return try await fenced { () throws(TransportError) in try await transport.open(request) }
    }

    private func fenced<Answer: Sendable>(
        _ exchange: @escaping @Sendable () async throws(TransportError) -> Answer
    ) async throws(TransportError) -> Answer {
        guard let timeLeft = token.timeLeft else {
            throw TransportError(.cancelled, "not sent, because this process is not the leader")
        }
        let outcome = await token.time.run(for: timeLeft) { () -> Result<Answer, TransportError> in
            do throws(TransportError) {
                return .success(try await exchange())
            } catch {
                return .failure(error)
            }
        }.value
        return try
            (outcome ?? .failure(TransportError(.cancelled, "canceled: this process may no longer be the leader")))
            .get()
    }
}

/// The right to act as the leader, which expires if the lease is not renewed.
///
/// Check it before each request. It uses the monotonic clock, so that it expires without any task having to run.
public final class LeadershipToken: Sendable {
    let time: any TimeSource
    /// Nil before the first claim and after a revocation.
    private let trust = Locked<ElectionMachine.Trust?>(nil)

    init(time: any TimeSource) {
        self.time = time
    }

    /// True while this process leads.
    public var isValid: Bool { timeLeft != nil }

    /// How long a request sent now may take, so that it ends before another process can lead; nil if none may be sent.
    public var timeLeft: Duration? {
        guard let trust = trust.withLock({ $0 }) else { return nil }
        let now = time.now
        return now < trust.validUntil ? now.duration(to: trust.soleUntil) : nil
    }

    func extend(_ trust: ElectionMachine.Trust) {
        self.trust.withLock { $0 = trust }
    }

    func revoke() {
        trust.withLock { $0 = nil }
    }
}

public import KubeClient

/// Lets writes pass only while this process leads; reads always pass.
///
/// No writer can forget it, because it stands below the client. A write that has begun is given up before anybody else
/// can lead, wherever it is held up. What remains is a write that is still on its way then: the server must refuse it by
/// its content, as it does where a write names the version it was made for, or creates what has a fixed name.
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
            throw TransportError(.cancelled, "not sent, because this process does not lead")
        }
        let outcome = await token.time.run(for: timeLeft) { () -> Result<Answer, TransportError> in
            do throws(TransportError) {
                return .success(try await exchange())
            } catch {
                return .failure(error)
            }
        }.value
        return try (outcome ?? .failure(TransportError(.cancelled, "cancelled"))).get()
    }
}

/// The right to act as a leader, which ends by itself when the lease is not renewed.
///
/// It is asked before every act, and answers from the own monotonic clock: no task has to run for it to become invalid.
public final class LeadershipToken: Sendable {
    let time: any TimeSource
    /// Nil before the first claim, and for good after a revocation.
    private let trust = Locked<ElectionMachine.Trust?>(nil)

    init(time: any TimeSource) {
        self.time = time
    }

    /// True while this process leads.
    public var isValid: Bool { timeLeft != nil }

    /// How long what is begun now may take, so that it is over before anybody else can lead; nil when nothing may be
    /// begun.
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

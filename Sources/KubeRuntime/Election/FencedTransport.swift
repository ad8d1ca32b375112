public import KubeClient

/// Lets writes pass only while this process leads; reads always pass.
///
/// No writer can forget it, because it stands below the client. A write that has begun is given up before anybody else
/// can lead. What remains is a write that is still on its way then: the server must refuse it by its content, as it does
/// where a write names the version it was made for, or creates what has a fixed name.
public struct FencedTransport: HTTPTransport {
    private let transport: any HTTPTransport
    private let token: LeadershipToken

    public init(_ transport: any HTTPTransport, token: LeadershipToken) {
        self.transport = transport
        self.token = token
    }

    public func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        try await transport.send(try admit(request))
    }

    public func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        try await transport.open(try admit(request))
    }

    private func admit(_ request: HTTPRequest) throws(TransportError) -> HTTPRequest {
        guard request.method != .get else { return request }
        guard let timeLeft = token.timeLeft else {
            throw TransportError(.cancelled, "not sent, because this process does not lead")
        }
        var request = request
        request.timeout = min(request.timeout, timeLeft)
        return request
    }
}

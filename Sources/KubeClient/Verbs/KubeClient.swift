/// Speaks the verbs of the Kubernetes API over a transport.
///
/// Objects travel as bytes on the way out and through a decoder on the way in: the caller decides what is worth
/// reading. Requests that may be repeated without harm are, within the bounds of the ``RetryPolicy``.
///
/// A create may reach the server twice even without a repetition from here, because the transport below re-sends a
/// request when a kept connection turns out to be dead. Give objects fixed names, and on `isAlreadyExists` look whether
/// the object is the one that was meant.
public struct KubeClient: Sendable {
    let transport: any HTTPTransport
    public var retry: RetryPolicy
    /// The longest time for one try of one request; for a watch, until it is open.
    public var requestTimeout: Duration

    public init(
        transport: any HTTPTransport, retry: RetryPolicy = RetryPolicy(), requestTimeout: Duration = .seconds(30)
    ) {
        self.transport = transport
        self.retry = retry
        self.requestTimeout = requestTimeout
    }

    /// Returns a client whose requests go through what `route` makes of the transport.
    public func routed(_ route: (any HTTPTransport) -> any HTTPTransport) -> KubeClient {
        KubeClient(transport: route(transport), retry: retry, requestTimeout: requestTimeout)
    }

    /// Sends a request until it succeeds, fails for good or must not be repeated.
    func send(_ request: HTTPRequest, isRepeatable: Bool) async throws(KubeError) -> HTTPResponse {
        try await repeating(isRepeatable: isRepeatable) { () throws(KubeError) in
            let response = try await Self.carrying { () throws(TransportError) in try await transport.send(request) }
            guard (200..<300).contains(response.status) else { throw KubeError(response) }
            return response
        }
    }

    func repeating<Result>(
        isRepeatable: Bool, _ attempt: () async throws(KubeError) -> Result
    ) async throws(KubeError) -> Result {
        var repetition = 0
        while true {
            let failure: KubeError
            do {
                return try await attempt()
            } catch {
                failure = error
            }
            guard let pause = retry.pause(after: failure, repetition: repetition, isRepeatable: isRepeatable) else {
                throw failure
            }
            do {
                try await retry.sleep(pause)
            } catch {
                throw .transport(TransportError(.cancelled, "cancelled while waiting to repeat: \(failure)"))
            }
            repetition += 1
        }
    }

    static func carrying<Result>(
        _ exchange: () async throws(TransportError) -> Result
    ) async throws(KubeError) -> Result {
        do {
            return try await exchange()
        } catch {
            throw .transport(error)
        }
    }

    func request(_ method: HTTPMethod, _ target: String) -> HTTPRequest {
        HTTPRequest(method, target, timeout: requestTimeout)
    }

    /// Decodes the one object an answer holds.
    static func decode<Object>(
        _ response: HTTPResponse, _ request: HTTPRequest, _ decode: ObjectDecoder<Object>
    ) throws(KubeError) -> Object {
        var cursor = JSONCursor(response.body)
        do {
            return try decode(&cursor)
        } catch {
            throw .undecodable("answer to \(request.method.rawValue) \(request.target): \(error)")
        }
    }
}

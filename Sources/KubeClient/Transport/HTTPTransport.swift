/// Carries requests to one API server.
public protocol HTTPTransport: Sendable {
    /// Sends a request and returns the whole answer, whatever its status. The body is bounded.
    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse

    /// Sends a request and returns as soon as the answer's headers are there.
    func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream
}

/// The body of an answer that is still arriving; one reader at a time.
///
/// What is not read is not fetched: a slow reader slows the sender down. Releasing the last reference ends the
/// exchange, as `cancel` does.
public protocol HTTPBody: AnyObject, Sendable {
    /// Returns the next bytes, never none; nil at the end of the body.
    func next() async throws(TransportError) -> [UInt8]?

    /// Ends the exchange; a waiting `next` throws `cancelled`.
    func cancel()
}

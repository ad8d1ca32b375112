public import KubeClient

/// The answer to a request.
public struct HTTPServerResponse: Sendable {
    public var status: Int
    /// Beyond the headers the server writes itself: length, encoding of the transfer, connection.
    public var headers: HTTPHeaders
    public var body: Body

    public enum Body: Sendable {
        case bytes([UInt8])
        /// A body of any length; it ends when the closure returns, and is broken off when it throws.
        ///
        /// The closure's task is cancelled when the client goes away or the server shuts down.
        case stream(@Sendable (ResponseWriter) async throws -> Void)
    }

    public init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: Body) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An answer with a text, UTF-8.
    public static func text(_ text: String, status: Int = 200) -> HTTPServerResponse {
        HTTPServerResponse(
            status: status, headers: ["Content-Type": "text/plain; charset=utf-8"], body: .bytes(Array(text.utf8)))
    }

    /// An answer with a JSON text.
    public static func json(_ bytes: [UInt8], status: Int = 200) -> HTTPServerResponse {
        HTTPServerResponse(status: status, headers: ["Content-Type": "application/json"], body: .bytes(bytes))
    }
}

/// A request to an API server, without the server's address and without credentials: the transport adds those.
public struct HTTPRequest: Sendable, Hashable {
    public var method: HTTPMethod
    /// Path and query, percent-encoded, relative to the server's address: `/api/v1/pods?limit=500`.
    public var target: String
    public var accept = "application/json"
    public var contentType: String?
    public var body: [UInt8] = []
    /// Headers beyond those above, in order.
    public var headers = HTTPHeaders()
    /// The longest time until the whole answer is there; for a stream, until its headers are there.
    public var timeout: Duration

    public init(_ method: HTTPMethod, _ target: String, timeout: Duration = .seconds(30)) {
        self.method = method
        self.target = target
        self.timeout = timeout
    }
}

/// The methods the Kubernetes API uses.
public enum HTTPMethod: String, Sendable, Hashable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
}

/// Sends requests to one API server.
public protocol HTTPTransport: Sendable {
    /// Sends a request and returns the complete response with any status; the size of the body is limited.
    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse

    /// Sends a request and returns when the headers of the response have arrived.
    func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream
}

/// The body of a response that is still arriving; it allows one reader at a time.
///
/// Backpressure applies: a slow reader slows down the sender. Releasing the last reference cancels the request, as
/// `cancel` does.
public protocol HTTPBody: AnyObject, Sendable {
    /// Returns the next bytes, at least one; nil at the end of the body.
    func next() async throws(TransportError) -> [UInt8]?

    /// Cancels the request; a waiting `next` throws `cancelled`.
    func cancel()
}

/// A request to an API server; the transport adds the server's address and the credentials.
public struct HTTPRequest: Sendable, Hashable {
    public var method: HTTPMethod
    /// The percent-encoded path and query relative to the server's address, such as `/api/v1/pods?limit=500`.
    public var target: String
    public var accept = "application/json"
    public var contentType: String?
    public var body: [UInt8] = []
    /// Additional headers, in order.
    public var headers = HTTPHeaders()
    /// The timeout for the complete response; for a stream, until its headers arrive.
    public var timeout: Duration

    public init(_ method: HTTPMethod, _ target: String, timeout: Duration = .seconds(30)) {
        self.method = method
        self.target = target
        self.timeout = timeout
    }
}

/// The methods of the Kubernetes API.
public enum HTTPMethod: String, Sendable, Hashable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
}

/// A complete response.
public struct HTTPResponse: Sendable, Hashable {
    public var status: Int
    public var headers: HTTPHeaders
    public var body: [UInt8]
    /// Held as long as the body is large and in memory.
    var lease: ResponseLease?

    public init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// A response whose body is still arriving.
public struct HTTPStream: Sendable {
    public let status: Int
    public let headers: HTTPHeaders
    public let body: any HTTPBody

    public init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: any HTTPBody) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Header fields in order of arrival; names are case-insensitive.
public struct HTTPHeaders: Sendable, Hashable {
    public private(set) var fields: [Field] = []

    public struct Field: Sendable, Hashable {
        public let name: String
        public let value: String
    }

    public init() {}

    public var isEmpty: Bool { fields.isEmpty }

    public mutating func append(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// The value of the first field with this name.
    public subscript(name: String) -> String? {
        fields.first { Self.isEqual($0.name, name) }?.value
    }

    static func isEqual(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count
            && zip(left.utf8, right.utf8).allSatisfy { lowercased($0) == lowercased($1) }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}

extension HTTPHeaders: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { append(name, value) }
    }
}

/// The reason that a request has no complete response.
public struct TransportError: Error, Sendable, Hashable {
    public let kind: Kind
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public enum Kind: Sendable, Hashable {
        /// The name did not resolve or the connection failed; the request was not sent.
        case unreachable
        /// The handshake failed or a certificate was rejected; the request was not sent.
        case tls
        /// The request timed out; the server may have executed it.
        case timedOut
        /// The connection was lost; the server may have executed the request.
        case connectionLost
        /// The caller's task was canceled or the transport was shut down.
        case cancelled
        /// The response exceeds the limits of the transport.
        case tooLarge
        /// The request or the configuration is invalid.
        case invalidRequest
        /// No credential was available; the request was not sent.
        case credential
    }

    /// True if the same request can succeed later.
    public var isTransient: Bool {
        switch kind {
        case .unreachable, .tls, .timedOut, .connectionLost, .credential: true
        case .cancelled, .tooLarge, .invalidRequest: false
        }
    }
}

extension TransportError: CustomStringConvertible {
    public var description: String { message }
}

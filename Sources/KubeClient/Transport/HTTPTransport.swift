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

/// A complete answer.
public struct HTTPResponse: Sendable, Hashable {
    public var status: Int
    public var headers: HTTPHeaders
    public var body: [UInt8]

    public init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// An answer whose body is still arriving.
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

/// Header fields in the order of arrival; names are compared without regard to case.
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

    /// The value of the first field of that name.
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

/// Why no answer, or only a part of one, came back from the server.
public struct TransportError: Error, Sendable, Hashable {
    public let kind: Kind
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public enum Kind: Sendable, Hashable {
        /// The name did not resolve or nobody answered; the request was not sent.
        case unreachable
        /// The handshake failed or a certificate was refused; the request was not sent.
        case tls
        /// The time for the request is over; it may have been carried out.
        case timedOut
        /// The connection broke; the request may have been carried out.
        case connectionLost
        /// The caller's task was cancelled or the transport was shut down.
        case cancelled
        /// The answer is larger than the transport's bound.
        case tooLarge
        /// The request or the configuration cannot be sent as it is.
        case invalidRequest
        /// No credential could be had; the request was not sent.
        case credential
    }

    /// True when a later try may succeed without anybody mending the request.
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

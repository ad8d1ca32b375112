/// How much of everything clients may claim from a server.
///
/// At a bound the server drops the client that has kept it waiting longest, so that clients that do nothing, send half
/// a request or never read cannot keep others out.
public struct HTTPServerLimits: Sendable {
    /// Open connections.
    public var connections: Int
    /// Handlers at work; further requests wait their turn. A streamed answer counts until its last piece.
    public var handlers: Int
    /// Request line and headers of one request together, in bytes.
    public var head: Int
    /// The decoded body of one request, in bytes; a larger one is answered 413.
    public var body: Int
    /// Requests and answers that are held in memory, in bytes over all connections.
    ///
    /// One answer may be larger than that; then it is the only one.
    public var buffered: Int
    /// The kernel's buffers for one connection, in bytes for each direction; nil for the system's choice.
    public var socketBuffer: Int?
    /// How long a connection may stay without a request, and the client of a streamed answer without reading.
    public var idleTimeout: Duration
    /// The time for sending one request, from its first byte to its last.
    public var requestTimeout: Duration
    /// The time for reading one answer, from its first byte to its last.
    public var answerTimeout: Duration

    /// Limits for clients that are trusted to be many and to send and read a lot: the sandbox, tests.
    public init(
        connections: Int = 4096, handlers: Int = .max, head: Int = 32 << 10, body: Int = 3 << 20,
        buffered: Int = 512 << 20, socketBuffer: Int? = nil, idleTimeout: Duration = .seconds(60),
        requestTimeout: Duration = .seconds(60), answerTimeout: Duration = .seconds(60)
    ) {
        self.connections = connections
        self.handlers = handlers
        self.head = head
        self.body = body
        self.buffered = buffered
        self.socketBuffer = socketBuffer
        self.idleTimeout = idleTimeout
        self.requestTimeout = requestTimeout
        self.answerTimeout = answerTimeout
    }

    /// Limits for ports that anybody in the cluster's network may reach: metrics and probes.
    ///
    /// A scrape and some probes at a time are all that is needed, and none of them has a body.
    public static let diagnostics = HTTPServerLimits(
        connections: 128, handlers: 4, head: 16 << 10, body: 1 << 10, buffered: 8 << 20, socketBuffer: 128 << 10,
        idleTimeout: .seconds(90), requestTimeout: .seconds(10), answerTimeout: .seconds(30))
}

/// What the clients of a server claim of it.
package struct HTTPServerUsage: Hashable, Sendable {
    package internal(set) var connections = 0
    package internal(set) var mostConnections = 0
    /// Requests and answers in memory, in bytes.
    package internal(set) var bufferedBytes = 0
    package internal(set) var mostBufferedBytes = 0
    /// Connections that were closed to make room for others.
    package internal(set) var dropped = 0
}

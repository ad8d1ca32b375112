import KubeClient

/// Serves HTTP/1.1 over plain TCP from one thread of its own.
///
/// Handlers run as tasks, one at a time on a connection; a slow client delays nobody else. While a client has not read
/// an answer, its further requests are neither read nor handled. Everything a client may claim is bounded by
/// ``HTTPServerLimits``. There is no TLS.
public final class HTTPServer: Sendable {
    public typealias Handler = @Sendable (HTTPServerRequest) async -> HTTPServerResponse

    /// The port that is listened on, also where 0 was asked for.
    public let port: UInt16
    private let mailbox: ServerMailbox
    private let completion = Completion()
    private let currentUsage = Locked(HTTPServerUsage())

    /// Begins to listen and to serve.
    ///
    /// - Parameters:
    ///   - host: an address to listen on, or `localhost`; `0.0.0.0` and `::` mean all.
    ///   - port: 0 picks a free one.
    ///   - limits: what clients may claim, together and each.
    public init(
        host: String, port: UInt16, limits: HTTPServerLimits = HTTPServerLimits(), handler: @escaping Handler
    ) throws(ListenError) {
        let listener = try ListeningSocket(host: host, port: port, buffer: limits.socketBuffer)
        guard let mailbox = ServerMailbox(), let poll = EventPoll() else {
            throw ListenError("cannot listen on \(host):\(port): no file descriptor left")
        }
        self.port = listener.port
        self.mailbox = mailbox
        let completion = completion
        let settings = ServerLoop.Settings(limits: limits, usage: currentUsage, handler: handler)
        let isStarted = NativeThread.start(named: "http-server") {
            ServerLoop(listener: listener, poll: poll, mailbox: mailbox, settings: settings).run()
            completion.complete()
        }
        guard isStarted else { throw ListenError("cannot listen on \(host):\(port): no thread left") }
    }

    /// What clients claim at present, and claimed at most.
    package var usage: HTTPServerUsage { currentUsage.withLock { $0 } }

    deinit {
        mailbox.post(.shutDown)
    }

    /// Stops listening, ends streams, lets handlers finish their answer for five seconds at most, then returns.
    public func shutdown() async {
        mailbox.post(.shutDown)
        await completion.wait()
    }
}

/// Why a server could not begin to listen.
public struct ListenError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

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

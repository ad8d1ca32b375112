import KubeClient

/// Serves HTTP/1.1 over plain TCP from a dedicated thread.
///
/// Handlers run as tasks, one at a time per connection; a slow client does not delay the others. Until a client has
/// read a response, its further requests are neither read nor handled. ``HTTPServerLimits`` bounds everything that
/// clients can use. There is no TLS.
public final class HTTPServer: Sendable {
    public typealias Handler = @Sendable (HTTPServerRequest) async -> HTTPServerResponse

    /// The listening port, also if port 0 was requested.
    public let port: UInt16
    private let mailbox: ServerMailbox
    private let completion = Completion()
    private let currentUsage = Locked(HTTPServerUsage())

    /// Starts listening and serving.
    ///
    /// - Parameters:
    ///   - host: an address to listen on, or `localhost`; `0.0.0.0` and `::` mean all addresses.
    ///   - port: 0 means any free port.
    ///   - limits: what each client, and all clients together, can use.
    public init(
        host: String, port: UInt16, limits: HTTPServerLimits = HTTPServerLimits(), handler: @escaping Handler
    ) throws(ListenError) {
        let listener = try ListeningSocket(
            host: host, port: port, backlog: limits.connections, buffer: limits.socketBuffer)
        guard let mailbox = ServerMailbox(), let poll = EventPoll() else {
            throw ListenError("cannot listen on \(host):\(port): out of file descriptors")
        }
        self.port = listener.port
        self.mailbox = mailbox
        let completion = completion
        let settings = ServerLoop.Settings(limits: limits, usage: currentUsage, handler: handler)
        let isStarted = NativeThread.start(named: "http-server") {
            ServerLoop(listener: listener, poll: poll, mailbox: mailbox, settings: settings).run()
            completion.complete()
        }
        guard isStarted else { throw ListenError("cannot listen on \(host):\(port): could not start a thread") }
    }

    /// What clients use now, and the maximum so far.
    package var usage: HTTPServerUsage { currentUsage.withLock { $0 } }

    deinit {
        mailbox.post(.shutDown)
    }

    /// Stops listening, ends streams, waits up to five seconds for handlers to finish, and returns.
    public func shutdown() async {
        mailbox.post(.shutDown)
        await completion.wait()
    }
}

/// Why a server could not listen.
public struct ListenError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// The resources that clients can use.
///
/// At a limit the server drops the client that has kept it waiting longest, so that clients that do nothing, send half
/// a request or never read cannot lock out others.
public struct HTTPServerLimits: Sendable {
    /// The number of open connections.
    public var connections: Int
    /// The number of running handlers; further requests wait. A streamed response counts until its end.
    public var handlers: Int
    /// The request line and headers of one request, in bytes.
    public var head: Int
    /// The segments of the path and the items of the query of one request together; the response to more is 414.
    public var targetParts: Int
    /// The decoded body of one request, in bytes; the response to a larger one is 413.
    public var body: Int
    /// The memory for requests and responses of all connections, in bytes.
    ///
    /// A single response may be larger; then it is the only one.
    public var buffered: Int
    /// The kernel's buffer for each direction of a connection, in bytes; nil for the system default.
    ///
    /// The kernel doubles it, and counts what it uses of it as memory of the pod.
    public var socketBuffer: Int?
    /// How long a connection may be idle, and how long the client of a streamed response may not read.
    public var idleTimeout: Duration
    /// The time for sending one request, from the first byte to the last.
    public var requestTimeout: Duration
    /// The time for reading one response, from the first byte to the last.
    public var answerTimeout: Duration

    /// Limits for many trusted clients with large requests and responses: the sandbox, tests.
    public init(
        connections: Int = 4096, handlers: Int = .max, head: Int = 32 << 10, targetParts: Int = 1_000,
        body: Int = 3 << 20, buffered: Int = 512 << 20, socketBuffer: Int? = nil, idleTimeout: Duration = .seconds(60),
        requestTimeout: Duration = .seconds(60), answerTimeout: Duration = .seconds(60)
    ) {
        self.connections = connections
        self.handlers = handlers
        self.head = head
        self.targetParts = targetParts
        self.body = body
        self.buffered = buffered
        self.socketBuffer = socketBuffer
        self.idleTimeout = idleTimeout
        self.requestTimeout = requestTimeout
        self.answerTimeout = answerTimeout
    }

    /// Limits for ports that the whole cluster network can reach: metrics and probes.
    ///
    /// They are enough for one scrape and some probes at a time, which have no bodies.
    public static let diagnostics = HTTPServerLimits(
        connections: 64, handlers: 4, head: 16 << 10, targetParts: 16, body: 1 << 10, buffered: 2 << 20,
        socketBuffer: 16 << 10, idleTimeout: .seconds(90), requestTimeout: .seconds(10), answerTimeout: .seconds(30))
}

/// The resources that the clients of a server use.
package struct HTTPServerUsage: Hashable, Sendable {
    package internal(set) var connections = 0
    package internal(set) var mostConnections = 0
    /// The memory for requests and responses, in bytes.
    package internal(set) var bufferedBytes = 0
    package internal(set) var mostBufferedBytes = 0
    /// The number of connections closed to make room for others.
    package internal(set) var dropped = 0
}

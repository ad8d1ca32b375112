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

import KubeClient

/// Serves HTTP/1.1 over plain TCP from one thread of its own.
///
/// Handlers run as tasks, one at a time on a connection; a slow client delays nobody else. Requests are bounded (32 KiB
/// of headers, by default 3 MiB of body), connections too (4096); a client that lets the server wait for more than a
/// minute is disconnected. There is no TLS.
public final class HTTPServer: Sendable {
    public typealias Handler = @Sendable (HTTPServerRequest) async -> HTTPServerResponse

    /// The port that is listened on, also where 0 was asked for.
    public let port: UInt16
    private let mailbox: ServerMailbox
    private let completion = Completion()

    /// Begins to listen and to serve.
    ///
    /// - Parameters:
    ///   - host: an address to listen on, or `localhost`; `0.0.0.0` and `::` mean all.
    ///   - port: 0 picks a free one.
    ///   - maximumBody: the largest request body, in bytes; larger ones are answered 413.
    ///   - idleTimeout: how long a client may let the server wait.
    public init(
        host: String, port: UInt16, maximumBody: Int = 3 << 20, idleTimeout: Duration = .seconds(60),
        handler: @escaping Handler
    ) throws(ListenError) {
        let listener = try ListeningSocket(host: host, port: port)
        guard let mailbox = ServerMailbox(), let poll = EventPoll() else {
            throw ListenError("cannot listen on \(host):\(port): no file descriptor left")
        }
        self.port = listener.port
        self.mailbox = mailbox
        let completion = completion
        var limits = HTTPRequestParser.Limits()
        limits.body = maximumBody
        let settings = ServerLoop.Settings(limits: limits, idleTimeout: idleTimeout, handler: handler)
        let isStarted = NativeThread.start(named: "http-server") {
            ServerLoop(listener: listener, poll: poll, mailbox: mailbox, settings: settings).run()
            completion.complete()
        }
        guard isStarted else { throw ListenError("cannot listen on \(host):\(port): no thread left") }
    }

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

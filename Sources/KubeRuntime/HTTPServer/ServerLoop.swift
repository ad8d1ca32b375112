import CLinux
import Glibc
import KubeClient

/// The server's thread: waits for sockets and handlers, and moves bytes between them.
final class ServerLoop {
    struct Settings: Sendable {
        let limits: HTTPServerLimits
        let usage: Locked<HTTPServerUsage>
        let handler: HTTPServer.Handler
    }

    /// How long handlers may run after the start of the shutdown.
    private static let grace = Duration.seconds(5)
    private static let listenerToken: UInt64 = 0
    private static let mailboxToken: UInt64 = 1

    let settings: Settings
    let mailbox: ServerMailbox
    var connections: [UInt64: ServerConnection] = [:]
    /// The number of handlers that have not posted their last message.
    var activeHandlers = 0
    /// The connections whose request waits for a handler, in order of the requests.
    var queue: [UInt64] = []
    var isShuttingDown = false

    private var listener: ListeningSocket?
    private let poll: EventPoll
    private var isListening = false
    private var nextID: UInt64 = 2
    private var touched: [ServerConnection] = []
    private var usage = HTTPServerUsage()
    private let sweepInterval: Duration
    private var nextSweep = ContinuousClock.now
    private var shutdownDeadline: ContinuousClock.Instant?
    private var input: [UInt8]

    init(listener: ListeningSocket, poll: EventPoll, mailbox: ServerMailbox, settings: Settings) {
        self.listener = listener
        self.poll = poll
        self.mailbox = mailbox
        self.settings = settings
        let limits = settings.limits
        sweepInterval = min(limits.idleTimeout, limits.requestTimeout, limits.answerTimeout) / 4
        input = [UInt8](repeating: 0, count: max(4 << 10, min(64 << 10, limits.head + limits.body)))
    }

    /// Serves until the shutdown is complete.
    func run() {
        guard poll.add(mailbox.descriptor, events: EPOLLIN.rawValue, token: Self.mailboxToken) else { return }
        setListening(true)
        while !isDone {
            poll.wait(milliseconds: timeout()) { token, events in handle(token, events) }
            settleAll()
            sweep()
            settings.usage.withLock { $0 = usage }
        }
        for connection in connections.values { close(connection) }
        settings.usage.withLock { $0 = usage }
    }

    private var isDone: Bool {
        guard let shutdownDeadline else { return false }
        return connections.isEmpty && activeHandlers == 0 || ContinuousClock.now >= shutdownDeadline
    }

    /// The maximum time to sleep, in milliseconds; unlimited while there are no connections.
    private func timeout() -> Int32 {
        var deadline = connections.isEmpty && isListening ? nil : nextSweep
        if let shutdownDeadline { deadline = min(deadline ?? shutdownDeadline, shutdownDeadline) }
        guard let deadline else { return -1 }
        let left = deadline - ContinuousClock.now
        let milliseconds = max(.zero, left) / .milliseconds(1)
        // Rounded up: otherwise the last fraction would be spent in idle rounds.
        return Int32(min(milliseconds, 3_600_000)) + 1
    }

    private func handle(_ token: UInt64, _ events: UInt32) {
        switch token {
        case Self.listenerToken: accept()
        case Self.mailboxToken: for message in mailbox.fetch() { receive(message) }
        default:
            guard let connection = connections[token] else { return }
            if events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { return close(connection) }
            if events & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue) != 0 { read(connection) }
            touch(connection)
        }
    }

    private func accept() {
        // At most 64 per round, so that open connections are served, too.
        for _ in 0..<64 {
            let isFull = connections.count >= settings.limits.connections
            let dropped = isFull ? longestWaiting { _ in true } : nil
            // With a handler running for each client, none can be dropped: new clients wait in the kernel.
            if isFull, dropped == nil { return setListening(false) }
            guard let descriptor = listener?.accept(), descriptor >= 0 else {
                // Without descriptors the listener would wake this thread forever. The next sweep tries again.
                if errno == EMFILE || errno == ENFILE { setListening(false) }
                return
            }
            if let dropped { drop(dropped) }
            let limits = HTTPRequestParser.Limits(
                head: settings.limits.head, body: settings.limits.body, targetParts: settings.limits.targetParts)
            let connection = ServerConnection(
                id: nextID, descriptor: descriptor, limits: limits, now: ContinuousClock.now)
            nextID += 1
            if connections.isEmpty { nextSweep = ContinuousClock.now + sweepInterval }
            connections[connection.id] = connection
            usage.connections = connections.count
            usage.mostConnections = max(usage.mostConnections, connections.count)
            connection.interest = connection.wantedInterest
            guard poll.add(descriptor, events: connection.interest, token: connection.id) else {
                close(connection)
                continue
            }
            // Most clients have sent their request by now, and clients with a request are not dropped.
            read(connection)
            touch(connection)
        }
    }

    private func setListening(_ wanted: Bool) {
        guard let listener, wanted != isListening else { return }
        isListening = wanted
        if wanted {
            _ = poll.add(listener.descriptor, events: EPOLLIN.rawValue, token: Self.listenerToken)
        } else {
            poll.remove(listener.descriptor)
        }
    }

    private func read(_ connection: ServerConnection) {
        // Output may have been queued since the kernel reported the connection.
        guard connection.canRead else { return }
        let count = input.withUnsafeMutableBytes { recv(connection.descriptor, $0.baseAddress, $0.count, 0) }
        if count > 0 {
            if case .lingering = connection.phase { return }
            connection.parser.append(input[..<count])
            advance(connection)
        } else if count == 0 {
            connection.isInputEnded = true
            switch connection.phase {
            case .reading, .queued, .lingering: close(connection)
            case .handling, .streaming: connection.abandonHandler()
            }
        } else if errno != EAGAIN, errno != EINTR {
            close(connection)
        }
    }

    /// Marks a connection to be processed at the end of this round, and updates the memory total.
    func touch(_ connection: ServerConnection) {
        guard connections[connection.id] != nil else { return }
        account(connection)
        guard !connection.isTouched else { return }
        connection.isTouched = true
        touched.append(connection)
    }

    private func settleAll() {
        while !touched.isEmpty {
            let round = touched
            touched.removeAll(keepingCapacity: true)
            let now = ContinuousClock.now
            for connection in round where connections[connection.id] != nil {
                connection.isTouched = false
                settle(connection, now)
            }
        }
    }

    /// Sends output. The next request is read and handled only if the client has read everything.
    private func settle(_ connection: ServerConnection, _ now: ContinuousClock.Instant) {
        guard let sent = connection.flush() else { return close(connection) }
        if !connection.hasOutput {
            if connection.closesAfterOutput { finish(connection) } else { advance(connection) }
            guard connections[connection.id] != nil else { return }
        }
        account(connection)
        connection.updateWait(now, progress: sent > 0)
        updateInterest(connection)
        // This client can be dropped for a new one again.
        if connection.waitingSince != nil { setListening(!isShuttingDown) }
    }

    private func updateInterest(_ connection: ServerConnection) {
        let wanted = connection.wantedInterest
        guard wanted != connection.interest, connections[connection.id] != nil else { return }
        connection.interest = wanted
        poll.change(connection.descriptor, events: wanted, token: connection.id)
    }

    private func finish(_ connection: ServerConnection) {
        guard case .lingering = connection.phase, !connection.isInputEnded else { return close(connection) }
        connection.closesAfterOutput = false
        Glibc.shutdown(connection.descriptor, Int32(SHUT_WR))
    }

    func close(_ connection: ServerConnection) {
        guard connections.removeValue(forKey: connection.id) != nil else { return }
        usage.connections = connections.count
        usage.bufferedBytes -= connection.accounted
        if case .queued = connection.phase { queue.removeAll { $0 == connection.id } }
        connection.abandonHandler()
        Glibc.close(connection.descriptor)
        setListening(!isShuttingDown)
    }

    // MARK: Bounds

    /// Updates the memory total, and drops connections if it exceeds the limit.
    private func account(_ connection: ServerConnection) {
        let bytes = connection.bufferedBytes
        usage.bufferedBytes += bytes - connection.accounted
        connection.accounted = bytes
        usage.mostBufferedBytes = max(usage.mostBufferedBytes, usage.bufferedBytes)
        while usage.bufferedBytes > settings.limits.buffered {
            // Skip this connection, which has just received or sent these bytes.
            guard let other = longestWaiting({ $0 !== connection && $0.accounted > 0 }) else { return }
            drop(other)
        }
    }

    /// The client that has kept the server waiting longest; nil if the server waits for none.
    private func longestWaiting(_ isCandidate: (ServerConnection) -> Bool) -> ServerConnection? {
        var found: (connection: ServerConnection, since: ContinuousClock.Instant)?
        for connection in connections.values where isCandidate(connection) {
            guard let since = connection.waitingSince else { continue }
            if let found, found.since <= since { continue }
            found = (connection, since)
        }
        return found?.connection
    }

    private func drop(_ connection: ServerConnection) {
        usage.dropped += 1
        close(connection)
    }

    /// Disconnects clients that have kept the server waiting for too long.
    private func sweep() {
        let now = ContinuousClock.now
        guard now >= nextSweep else { return }
        nextSweep = now + sweepInterval
        for connection in connections.values where connection.isOverdue(now, settings.limits) { close(connection) }
        setListening(!isShuttingDown)
    }

    func beginShutdown() {
        guard !isShuttingDown else { return }
        isShuttingDown = true
        shutdownDeadline = .now + Self.grace
        setListening(false)
        listener?.refuse()
        listener = nil
        for connection in connections.values {
            switch connection.phase {
            case .reading, .lingering:
                if !connection.hasOutput { close(connection) } else { connection.closesAfterOutput = true }
            case .queued: close(connection)
            case .handling: break
            case .streaming: connection.abandonHandler()
            }
        }
    }
}

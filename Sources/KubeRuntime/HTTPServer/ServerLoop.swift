import CLinux
import Glibc
import KubeClient

/// The server's thread: waits for sockets and handlers, and moves bytes between them.
final class ServerLoop {
    struct Settings: Sendable {
        let limits: HTTPRequestParser.Limits
        let idleTimeout: Duration
        let handler: HTTPServer.Handler
    }

    private static let maximumConnections = 4096
    /// How long handlers may go on after the shutdown began.
    private static let grace = Duration.seconds(5)
    private static let listenerToken: UInt64 = 0
    private static let mailboxToken: UInt64 = 1

    let settings: Settings
    let mailbox: ServerMailbox
    var connections: [UInt64: ServerConnection] = [:]
    /// Handlers that have not posted their last message.
    var activeHandlers = 0
    var isShuttingDown = false

    private var listener: ListeningSocket?
    private let poll: EventPoll
    private var isListening = false
    private var nextID: UInt64 = 2
    private var unflushed: [ServerConnection] = []
    private var nextSweep = ContinuousClock.now
    private var shutdownDeadline: ContinuousClock.Instant?
    private var input = [UInt8](repeating: 0, count: 64 << 10)

    init(listener: ListeningSocket, poll: EventPoll, mailbox: ServerMailbox, settings: Settings) {
        self.listener = listener
        self.poll = poll
        self.mailbox = mailbox
        self.settings = settings
    }

    /// Serves until the shutdown is complete.
    func run() {
        guard poll.add(mailbox.descriptor, events: EPOLLIN.rawValue, token: Self.mailboxToken) else { return }
        updateListening()
        while !isDone {
            poll.wait(milliseconds: timeout()) { token, events in handle(token, events) }
            flushAll()
            sweep()
        }
        for connection in connections.values { close(connection) }
    }

    private var isDone: Bool {
        guard let shutdownDeadline else { return false }
        return connections.isEmpty && activeHandlers == 0 || ContinuousClock.now >= shutdownDeadline
    }

    /// How long to sleep at most, in milliseconds: for ever while nobody is connected.
    private func timeout() -> Int32 {
        var deadline = connections.isEmpty && isListening ? nil : nextSweep
        if let shutdownDeadline { deadline = min(deadline ?? shutdownDeadline, shutdownDeadline) }
        guard let deadline else { return -1 }
        let left = deadline - ContinuousClock.now
        let milliseconds = max(.zero, left) / .milliseconds(1)
        // Rounded up, or the last fraction would be spent in idle rounds.
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
            if events & EPOLLOUT.rawValue != 0 { scheduleFlush(connection) }
        }
    }

    private func accept() {
        // Others get their turn after some.
        for _ in 0..<64 {
            guard let descriptor = listener?.accept(), descriptor >= 0 else {
                // Without descriptors the listener would wake this thread for ever: the next sweep tries again.
                if errno == EMFILE || errno == ENFILE { setListening(false) }
                return
            }
            let connection = ServerConnection(
                id: nextID, descriptor: descriptor, limits: settings.limits, now: ContinuousClock.now)
            nextID += 1
            if connections.isEmpty { nextSweep = ContinuousClock.now + settings.idleTimeout / 4 }
            connections[connection.id] = connection
            connection.interest = connection.wantedInterest
            if !poll.add(descriptor, events: connection.interest, token: connection.id) { close(connection) }
            if connections.count >= Self.maximumConnections { return setListening(false) }
        }
    }

    private func updateListening() {
        setListening(!isShuttingDown && connections.count < Self.maximumConnections)
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
        let count = input.withUnsafeMutableBytes { recv(connection.descriptor, $0.baseAddress, $0.count, 0) }
        if count > 0 {
            let wasIdle = connection.parser.isIdle
            if case .lingering = connection.phase { return }
            connection.parser.append(input[..<count])
            if wasIdle { connection.lastProgress = .now }
            advance(connection)
        } else if count == 0 {
            connection.isInputEnded = true
            switch connection.phase {
            case .reading, .lingering: close(connection)
            case .handling, .streaming:
                connection.abandonHandler()
                scheduleFlush(connection)
            }
        } else if errno != EAGAIN, errno != EINTR {
            close(connection)
        }
    }

    /// Lets the output go out, and the kernel's attention change, at the end of this round.
    func scheduleFlush(_ connection: ServerConnection) {
        guard !connection.needsFlush else { return }
        connection.needsFlush = true
        unflushed.append(connection)
    }

    private func flushAll() {
        let round = unflushed
        unflushed.removeAll(keepingCapacity: true)
        for connection in round where connections[connection.id] != nil {
            connection.needsFlush = false
            let hadOutput = connection.hasOutput
            guard connection.flush() else {
                close(connection)
                continue
            }
            if hadOutput { connection.lastProgress = .now }
            if connection.closesAfterOutput, !connection.hasOutput { finish(connection) }
            updateInterest(connection)
        }
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
        connection.abandonHandler()
        Glibc.close(connection.descriptor)
        updateListening()
    }

    /// Disconnects clients that let the server wait too long.
    private func sweep() {
        let now = ContinuousClock.now
        guard now >= nextSweep else { return }
        nextSweep = now + settings.idleTimeout / 4
        let limit = now - settings.idleTimeout
        for connection in connections.values where connection.isWaitingForClient && connection.lastProgress < limit {
            close(connection)
        }
        updateListening()
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
            case .handling: break
            case .streaming: connection.abandonHandler()
            }
        }
    }
}

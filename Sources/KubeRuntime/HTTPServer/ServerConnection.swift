import CLinux
import Glibc
import KubeClient

/// One client's connection; belongs to the server's thread.
final class ServerConnection {
    enum Phase {
        /// Waits for a request or the rest of one, or for the client to read the answers to earlier ones.
        case reading
        /// Holds a complete request until a handler is free.
        case queued(HTTPServerRequest, HTTPRequestHead)
        /// A handler works on a request.
        case handling(HTTPRequestHead, isHead: Bool)
        /// A handler sends a body in pieces.
        case streaming(ResponseWriter, HTTPRequestHead)
        /// Everything is said; what the client still sends is thrown away, so that it can read the answer.
        case lingering
    }

    /// What the client, and not the server, is to do next.
    enum Wait {
        case sendsRequest
        case completesRequest
        case readsAnswer
        case readsStream
        case closes
    }

    /// How much is read ahead while a handler is at work; the rest stays in the kernel.
    private static let readAhead = 16 << 10

    let id: UInt64
    let descriptor: Int32
    var phase = Phase.reading
    var parser: HTTPRequestParser
    /// The task of the handler at work.
    var task: Task<Void, Never>?
    /// The bytes of the request that a handler has or waits for.
    var requestSize = 0
    /// True when nothing more is read from the client.
    var isInputEnded = false
    var closesAfterOutput = false
    /// What the kernel watches for at present.
    var interest: UInt32 = 0
    /// True while the connection is on the server's list for the end of this round.
    var isTouched = false
    /// What of `bufferedBytes` is part of the server's sum.
    var accounted = 0

    private var output = OutputQueue()
    /// What the client was last seen to be waited for, and since when.
    private var wait: (what: Wait, since: ContinuousClock.Instant)?

    init(id: UInt64, descriptor: Int32, limits: HTTPRequestParser.Limits, now: ContinuousClock.Instant) {
        self.id = id
        self.descriptor = descriptor
        self.parser = HTTPRequestParser(limits: limits)
        wait = (.sendsRequest, now)
    }

    var hasOutput: Bool { !output.isEmpty }

    /// What this connection holds in memory.
    var bufferedBytes: Int { parser.bufferedBytes + requestSize + output.count }

    /// Since when the client lets the server wait; nil while a handler is at work and the client has read all there is.
    var waitingSince: ContinuousClock.Instant? { wait?.since }

    /// True when the client may not let the server wait any longer.
    func isOverdue(_ now: ContinuousClock.Instant, _ limits: HTTPServerLimits) -> Bool {
        guard let wait else { return false }
        let patience =
            switch wait.what {
            case .sendsRequest, .readsStream: limits.idleTimeout
            case .completesRequest, .closes: limits.requestTimeout
            case .readsAnswer: limits.answerTimeout
            }
        return now - wait.since > patience
    }

    /// Starts the client's time again when something else is waited for than before, or when it made `progress`.
    func updateWait(_ now: ContinuousClock.Instant, progress: Bool) {
        guard let what = currentWait else { return wait = nil }
        if let wait, wait.what == what, !(progress && what == .readsStream) { return }
        wait = (what, now)
    }

    private var currentWait: Wait? {
        switch phase {
        case .lingering: hasOutput ? .readsAnswer : .closes
        case .streaming: hasOutput ? .readsStream : nil
        case .queued, .handling: hasOutput ? .readsAnswer : nil
        case .reading: hasOutput ? .readsAnswer : parser.isIdle ? .sendsRequest : .completesRequest
        }
    }

    var wantedInterest: UInt32 {
        var events: UInt32 = hasOutput ? EPOLLOUT.rawValue : 0
        if canRead { events |= EPOLLIN.rawValue | EPOLLRDHUP.rawValue }
        return events
    }

    /// False while the client first has to read, or has sent enough requests ahead.
    var canRead: Bool {
        guard !isInputEnded else { return false }
        switch phase {
        case .reading: return !hasOutput
        case .lingering: return true
        case .queued, .handling, .streaming: return parser.pending < Self.readAhead
        }
    }

    func send(_ bytes: [UInt8]) {
        output.append(bytes)
    }

    /// Hands output to the kernel; returns how many bytes it took, or nil when the connection is broken.
    func flush() -> Int? {
        guard let count = output.send(to: descriptor) else { return nil }
        if count > 0, case .streaming(let writer, _) = phase { writer.release(count) }
        return count
    }

    /// Tells the handler at work that nobody waits for it.
    func abandonHandler() {
        if case .streaming(let writer, _) = phase { writer.close() }
        task?.cancel()
    }
}

/// Bytes that wait until the kernel takes them, in the pieces in which they were handed over.
struct OutputQueue {
    private var pieces: [[UInt8]] = []
    /// The piece that is being sent; those before it are gone.
    private var current = 0
    /// How much of it the kernel took.
    private var written = 0
    /// How many bytes wait.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        pieces.append(bytes)
        count += bytes.count
    }

    /// Hands bytes to the kernel until it takes no more; returns how many, or nil when the connection is broken.
    mutating func send(to descriptor: Int32) -> Int? {
        var sent = 0
        while current < pieces.count {
            let result = pieces[current].withUnsafeBytes { bytes -> Int in
                let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
                return Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            }
            if result < 0, errno == EINTR { continue }
            if result < 0, errno == EAGAIN { break }
            guard result > 0 else { return nil }
            sent += result
            count -= result
            written += result
            if written == pieces[current].count { dropCurrent() }
        }
        return sent
    }

    /// Frees the piece that was sent, and from time to time the list's room for those.
    private mutating func dropCurrent() {
        pieces[current] = []
        written = 0
        current += 1
        if current == pieces.count {
            pieces = []
            current = 0
        } else if current >= 64 {
            pieces.removeFirst(current)
            current = 0
        }
    }
}

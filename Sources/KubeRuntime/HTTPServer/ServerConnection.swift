import CLinux
import Glibc
import KubeClient

/// A client's connection; used only by the server's thread.
final class ServerConnection {
    enum Phase {
        /// Waits for a request, or for the client to read earlier responses.
        case reading
        /// Has a complete request that waits for a handler.
        case queued(HTTPServerRequest, HTTPRequestHead)
        /// A handler processes a request.
        case handling(HTTPRequestHead, isHead: Bool)
        /// A handler streams a body.
        case streaming(ResponseWriter, HTTPRequestHead)
        /// The response is complete. Further input is discarded, so that the client can read the response.
        case lingering
    }

    /// What the server waits for the client to do.
    enum Wait {
        case sendsRequest
        case completesRequest
        case readsAnswer
        case readsStream
        case closes
    }

    /// How many bytes are read ahead while a handler runs; the rest stays in the kernel.
    private static let readAhead = 16 << 10

    let id: UInt64
    let descriptor: Int32
    var phase = Phase.reading
    var parser: HTTPRequestParser
    /// The task of the running handler.
    var task: Task<Void, Never>?
    /// The memory of the request that a handler has or waits for, in bytes.
    var requestSize = 0
    /// True if nothing more is read from the client.
    var isInputEnded = false
    var closesAfterOutput = false
    /// The events for which the kernel watches the connection.
    var interest: UInt32 = 0
    /// True while the connection is on the server's list for the end of this round.
    var isTouched = false
    /// The part of `bufferedBytes` that the server's total contains.
    var accounted = 0

    private var output = OutputQueue()
    /// What the server last waited for, and since when.
    private var wait: (what: Wait, since: ContinuousClock.Instant)?

    init(id: UInt64, descriptor: Int32, limits: HTTPRequestParser.Limits, now: ContinuousClock.Instant) {
        self.id = id
        self.descriptor = descriptor
        self.parser = HTTPRequestParser(limits: limits)
        wait = (.sendsRequest, now)
    }

    var hasOutput: Bool { !output.isEmpty }

    /// The memory used by this connection, in bytes.
    var bufferedBytes: Int { parser.bufferedBytes + requestSize + output.count }

    /// Since when the server waits for the client; nil while a handler runs and the client has read all output.
    var waitingSince: ContinuousClock.Instant? { wait?.since }

    /// True if the client has kept the server waiting for too long.
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

    /// Restarts the client's timeout if the server waits for something different, or the client made `progress`.
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

    /// False while the client must read first, or has sent enough requests ahead.
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

    /// Passes output to the kernel; returns how many bytes it accepted, or nil if the connection is broken.
    func flush() -> Int? {
        guard let count = output.send(to: descriptor) else { return nil }
        if count > 0, case .streaming(let writer, _) = phase { writer.release(count) }
        return count
    }

    /// Cancels the running handler.
    func abandonHandler() {
        if case .streaming(let writer, _) = phase { writer.close() }
        task?.cancel()
    }
}

/// Output that waits for the kernel, in the parts in which it was queued.
struct OutputQueue {
    private var pieces: [[UInt8]] = []
    /// The index of the part that is being sent; earlier ones are sent.
    private var current = 0
    /// How much of it the kernel has accepted.
    private var written = 0
    /// The number of waiting bytes.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        pieces.append(bytes)
        count += bytes.count
    }

    /// Passes bytes to the kernel until its buffer is full; returns how many, or nil if the connection is broken.
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

    /// Frees the part that was sent and, occasionally, the list's space for such parts.
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

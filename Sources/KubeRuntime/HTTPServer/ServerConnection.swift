import CLinux
import Glibc
import KubeClient

/// One client's connection; belongs to the server's thread.
final class ServerConnection {
    enum Phase {
        /// Waits for a request or the rest of one.
        case reading
        /// A handler works on a request.
        case handling(HTTPRequestHead, isHead: Bool)
        /// A handler sends a body in pieces.
        case streaming(ResponseWriter, HTTPRequestHead)
        /// Everything is said; what the client still sends is thrown away, so that it can read the answer.
        case lingering
    }

    let id: UInt64
    let descriptor: Int32
    var phase = Phase.reading
    var parser: HTTPRequestParser
    /// The task of the handler at work.
    var task: Task<Void, Never>?
    /// True when nothing more is read from the client.
    var isInputEnded = false
    var closesAfterOutput = false
    /// When the client last did what was waited for.
    var lastProgress: ContinuousClock.Instant
    /// What the kernel watches for at present.
    var interest: UInt32 = 0
    var needsFlush = false

    private var output: [UInt8] = []
    private var written = 0

    init(id: UInt64, descriptor: Int32, limits: HTTPRequestParser.Limits, now: ContinuousClock.Instant) {
        self.id = id
        self.descriptor = descriptor
        self.parser = HTTPRequestParser(limits: limits)
        self.lastProgress = now
    }

    var hasOutput: Bool { written < output.count }

    /// True while the client, and not a handler, is to act.
    var isWaitingForClient: Bool {
        switch phase {
        case .reading, .lingering: true
        case .handling, .streaming: hasOutput
        }
    }

    var wantedInterest: UInt32 {
        var events: UInt32 = hasOutput ? EPOLLOUT.rawValue : 0
        // Requests sent ahead are read up to a bound; the rest stays in the kernel.
        if !isInputEnded, canRead { events |= EPOLLIN.rawValue | EPOLLRDHUP.rawValue }
        return events
    }

    private var canRead: Bool {
        switch phase {
        case .reading, .lingering: true
        case .handling, .streaming: parser.pending < 64 << 10
        }
    }

    func send(_ bytes: [UInt8]) {
        if written == output.count {
            output = bytes
            written = 0
        } else {
            output.append(contentsOf: bytes)
        }
    }

    /// Hands output to the kernel; false when the connection is broken.
    func flush() -> Bool {
        var released = 0
        while hasOutput {
            let count = output.withUnsafeBytes { bytes -> Int in
                let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
                return Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { break }
            guard count > 0 else { return false }
            written += count
            released += count
        }
        if !hasOutput {
            output = []
            written = 0
        } else if written > 256 << 10 {
            output.removeFirst(written)
            written = 0
        }
        if released > 0, case .streaming(let writer, _) = phase { writer.release(released) }
        return true
    }

    /// Tells the handler at work that nobody waits for it.
    func abandonHandler() {
        if case .streaming(let writer, _) = phase { writer.close() }
        task?.cancel()
    }
}

#if canImport(Glibc)
import Glibc
#endif

/// A pipe that a child writes into and that is read without waiting, up to a limit.
final class OutputPipe {
    private let readEnd: Int32
    private(set) var writeEnd: Int32
    private let limit: Int
    private(set) var bytes: [UInt8] = []
    /// Whether more was written than `bytes` holds.
    private(set) var isOverfull = false
    private var isAtEnd = false

    /// Nil when the system has no pipe to give; `errno` says why.
    init?(limit: Int) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0, let first = ends.first, let last = ends.last else { return nil }
        readEnd = first
        writeEnd = last
        self.limit = limit
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(readEnd, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(readEnd)
        closeWriteEnd()
    }

    /// Without this the end of what the child writes is never seen.
    func closeWriteEnd() {
        guard writeEnd >= 0 else { return }
        close(writeEnd)
        writeEnd = -1
    }

    /// What to wait for; nil at the end of the text.
    var poll: pollfd? {
        isAtEnd ? nil : pollfd(fd: readEnd, events: Int16(truncatingIfNeeded: POLLIN), revents: 0)
    }

    /// Takes what is there.
    func read() {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        // Bounded, so that a child that never stops writing cannot keep the caller here.
        for _ in 0..<64 where !isAtEnd {
            let count = Glibc.read(readEnd, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            guard count > 0 else {
                isAtEnd = true
                return
            }
            let room = limit - bytes.count
            if count > room { isOverfull = true }
            bytes += buffer.prefix(min(count, room))
        }
    }
}

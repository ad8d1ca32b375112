import Dispatch
import Glibc
import KubeClient

/// Writes lines on a queue of its own, so that a stuck output never holds up who logs.
public final class LogWriter: Sendable {
    private struct State {
        /// Lines that are not yet with the output, in order.
        var pending: [[UInt8]] = []
        var pendingBytes = 0
        /// Lines that found no room since the last notice.
        var dropped = 0
        /// True while the queue works on the lines or is about to.
        var isDraining = false
    }

    private let state = Locked(State())
    private let queue = DispatchQueue(label: "towline.log")
    private let limit: Int
    private let write: @Sendable ([UInt8]) -> Void
    private let notice: @Sendable (Int) -> [UInt8]

    init(
        limit: Int, write: @escaping @Sendable ([UInt8]) -> Void, notice: @escaping @Sendable (Int) -> [UInt8]
    ) {
        self.limit = limit
        self.write = write
        self.notice = notice
    }

    /// Writes a line to standard error with one call of write(2), as long as the kernel takes it whole.
    public static let standardError: @Sendable ([UInt8]) -> Void = { line in
        var rest = line[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // Somebody made the descriptor non-blocking; this queue may wait for it.
                var descriptor = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
                poll(&descriptor, 1, 1_000)
            } else if errno != EINTR {
                return
            }
        }
    }

    func append(_ line: [UInt8]) {
        let mustStart = state.withLock { state in
            guard state.pendingBytes + line.count <= limit else {
                state.dropped += 1
                return false
            }
            state.pending.append(line)
            state.pendingBytes += line.count
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if mustStart { queue.async { self.drain() } }
    }

    /// Waits until the lines so far are written, at most for `limit`; tells whether they were.
    func flush(within limit: Duration) -> Bool {
        let done = DispatchSemaphore(value: 0)
        queue.async { done.signal() }
        return done.wait(timeout: .now() + limit.dispatchInterval) == .success
    }

    private func drain() {
        while let batch = nextBatch() {
            for line in batch { write(line) }
        }
    }

    /// Takes the pending lines; nil, and no longer draining, when there are none.
    private func nextBatch() -> [[UInt8]]? {
        state.withLock { state in
            var batch = state.pending
            if state.dropped > 0 { batch.append(notice(state.dropped)) }
            state.pending = []
            state.pendingBytes = 0
            state.dropped = 0
            state.isDraining = !batch.isEmpty
            return batch.isEmpty ? nil : batch
        }
    }
}

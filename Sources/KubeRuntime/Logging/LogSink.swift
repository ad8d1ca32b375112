import Dispatch
import Glibc
public import KubeClient
import Synchronization

/// Where log lines go, in which format, and from which level on.
///
/// Warnings and errors that repeat are written once a minute, with their number; ``run()`` sees to that.
public final class LogSink: Sendable {
    public let format: LogFormat
    private let timeEncoding: LogTimeEncoding
    private let clock: WallClock
    private let time: any TimeSource
    private let writer: LogWriter
    private let minimum: Atomic<UInt8>
    private let repetitions = Locked(LogRepetitions())

    /// Makes a sink that hands each line, one at a time, to `write` on a queue of its own.
    ///
    /// While `write` is stuck, up to `bufferLimit` bytes are kept; what comes then is dropped and counted, and a line
    /// says so afterwards.
    public init(
        level: LogLevel = .info, format: LogFormat = .json, timeEncoding: LogTimeEncoding = .rfc3339micro,
        clock: WallClock = .system, time: any TimeSource = SystemTime(), bufferLimit: Int = 1 << 20,
        write: @escaping @Sendable ([UInt8]) -> Void = LogWriter.standardError
    ) {
        self.format = format
        self.timeEncoding = timeEncoding
        self.clock = clock
        self.time = time
        minimum = Atomic(level.rawValue)
        writer = LogWriter(limit: bufferLimit, write: write) { dropped in
            LogLine(
                time: clock.now(), level: .warn, logger: "log",
                message: "Log lines were dropped because the output is stuck",
                fields: [(key: "dropped", value: .integer(Int64(dropped)))]
            ).encoded(format, timeEncoding)
        }
    }

    /// The level from which on lines are written; may be changed at any time.
    public var level: LogLevel {
        get { LogLevel(rawValue: minimum.load(ordering: .relaxed)) ?? .info }
        set { minimum.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// Writes the repetitions that were held back, each kind a minute after the last line of it, until cancelled.
    public func run() async {
        while !Task.isCancelled {
            let now = time.now
            // A kind that is new in the meantime ends its minute later than this.
            let end = repetitions.withLock { $0.nextEnd } ?? now.advanced(by: LogRepetitions.window)
            try? await time.sleep(until: end)
            append(repetitions.withLock { [time] in $0.due(now: time.now) })
        }
    }

    /// Waits until everything logged so far is written, at most for `limit`; tells whether it was.
    ///
    /// It blocks its thread and is meant for the end of the process.
    @discardableResult
    public func flush(within limit: Duration = .seconds(1)) -> Bool {
        append(repetitions.withLock { [time] in $0.rest(now: time.now) })
        return writer.flush(within: limit)
    }

    /// The time of day for a line.
    var now: Timestamp { clock.now() }

    func write(_ line: LogLine) {
        let now = time.now
        if repetitions.withLock({ $0.admit(line, now: now) }) { append([line]) }
    }

    private func append(_ lines: [LogLine]) {
        for line in lines { writer.append(line.encoded(format, timeEncoding)) }
    }
}

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

import Dispatch
import Glibc
public import KubeClient
import Synchronization

/// The destination, format and level of log lines.
///
/// Warnings and errors that repeat are written once a minute, with a count, by ``run()``.
public final class LogSink: Sendable {
    public let format: LogFormat
    private let timeEncoding: LogTimeEncoding
    private let clock: WallClock
    private let time: any TimeSource
    private let writer: LogWriter
    private let minimum: Atomic<UInt8>
    private let repetitions = Locked(LogRepetitions())

    /// Creates a sink that passes one line at a time to `write`, on its own dispatch queue.
    ///
    /// While `write` blocks, up to `bufferLimit` bytes are kept. Lines beyond that are dropped; a later line reports
    /// how many.
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
                message: "Dropped log lines because the output was blocked",
                fields: [(key: "dropped", value: .integer(Int64(dropped)))]
            ).encoded(format, timeEncoding)
        }
    }

    /// The lowest level that is written; can be changed at any time.
    public var level: LogLevel {
        get { LogLevel(rawValue: minimum.load(ordering: .relaxed)) ?? .info }
        set { minimum.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// Writes the repetitions that were held back, at most one line per kind and minute, until the task is canceled.
    public func run() async {
        while !Task.isCancelled {
            let now = time.now
            // The window of a line that is written in the meantime ends later than this.
            let end = repetitions.withLock { $0.nextEnd } ?? now.advanced(by: LogRepetitions.window)
            try? await time.sleep(until: end)
            appendDelayed(repetitions.withLock { [time] in $0.due(now: time.now) })
        }
    }

    /// Writes everything logged so far, including held-back repetitions, and waits until it is written; returns false
    /// after `limit`.
    ///
    /// Blocks the calling thread, so use it only when the process exits.
    @discardableResult
    public func flush(within limit: Duration = .seconds(1)) -> Bool {
        appendDelayed(repetitions.withLock { [time] in $0.rest(now: time.now) })
        return writer.flush(within: limit)
    }

    /// The size of the text of the repetitions that are held back.
    var heldBackBytes: Int { repetitions.withLock { $0.heldBackBytes } }

    /// The wall-clock time for a new line.
    var now: Timestamp { clock.now() }

    func write(_ line: LogLine) {
        let now = time.now
        // Bounded here, because repetitions are kept in memory for a minute.
        let line = line.bounded
        if repetitions.withLock({ $0.admit(line, now: now) }) { append([line]) }
    }

    /// Appends lines that were held back, with the current time, so that the log stays in chronological order.
    private func appendDelayed(_ lines: [LogLine]) {
        let now = clock.now()
        append(lines.map { $0.written(at: now) })
    }

    private func append(_ lines: [LogLine]) {
        for line in lines { writer.append(line.encoded(format, timeEncoding)) }
    }
}

/// Writes lines on its own dispatch queue, so that a blocked output never blocks the caller.
public final class LogWriter: Sendable {
    private struct State {
        /// Lines to write, in order.
        var pending: [[UInt8]] = []
        var pendingBytes = 0
        /// The number of lines dropped since the last notice.
        var dropped = 0
        /// True while a drain runs or is scheduled.
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

    /// True if standard error is a terminal.
    public static var standardErrorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Writes a line to standard error, with a single write(2) unless the kernel accepts only a part.
    public static let standardError: @Sendable ([UInt8]) -> Void = { line in
        var rest = line[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // Another process can make the shared descriptor non-blocking. Waiting on this queue is fine.
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

    /// Waits until the lines appended so far are written; returns false after `limit`.
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

    /// Takes the pending lines; without any, ends the drain and returns nil.
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

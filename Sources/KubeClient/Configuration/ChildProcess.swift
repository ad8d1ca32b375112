import CLinux

#if canImport(Glibc)
import Glibc
#endif

/// Runs a program to its end, with empty standard input and limits for time and output.
struct ChildProcess {
    /// The path of the program.
    let path: String
    let arguments: [String]
    let environment: [String: String]
    /// How long the program may run before it and its children are killed.
    let timeout: Duration

    /// A program that writes more bytes to its standard output is killed.
    static let maximumOutput = 1 << 20
    /// Bytes that a program writes to its standard error beyond this are dropped.
    static let maximumErrorText = 4096

    struct Ending {
        var outcome: Outcome
        var output: [UInt8]
        var errorText: [UInt8]
    }

    enum Outcome: Equatable {
        case exited(code: Int32)
        case killed(signal: Int32)
        case notStarted(errno: Int32)
        case timedOut
        case wroteTooMuch
    }

    /// Runs the program; blocks until it ends.
    func run() -> Ending {
        guard let output = OutputPipe(limit: Self.maximumOutput),
            let errorText = OutputPipe(limit: Self.maximumErrorText)
        else { return Ending(outcome: .notStarted(errno: errno), output: [], errorText: []) }
        var process: pid_t = 0
        let code = spawn(&process, output: output.writeEnd, errorText: errorText.writeEnd)
        output.closeWriteEnd()
        errorText.closeWriteEnd()
        guard code == 0 else { return Ending(outcome: .notStarted(errno: code), output: [], errorText: []) }
        let outcome = wait(for: process, output, errorText)
        return Ending(outcome: outcome, output: output.bytes, errorText: errorText.bytes)
    }

    private func wait(for process: pid_t, _ output: OutputPipe, _ errorText: OutputPipe) -> Outcome {
        let deadline = ContinuousClock.now + timeout
        while true {
            if let outcome = collect(process, WNOHANG) {
                // Children of the program may still write; their output is ignored.
                output.read()
                errorText.read()
                return output.isOverfull ? .wroteTooMuch : outcome
            }
            output.read()
            errorText.read()
            guard ContinuousClock.now < deadline, !output.isOverfull else {
                kill(-process, SIGKILL)
                _ = collect(process, 0)
                return output.isOverfull ? .wroteTooMuch : .timedOut
            }
            var open = [output, errorText].compactMap(\.poll)
            // If another process holds the pipes open, they do not show that the program ended.
            poll(&open, nfds_t(open.count), open.isEmpty ? 5 : 50)
        }
    }

    /// How the process ended; nil while it runs.
    private func collect(_ process: pid_t, _ options: Int32) -> Outcome? {
        var status: Int32 = 0
        var result = waitpid(process, &status, options)
        while result < 0, errno == EINTR { result = waitpid(process, &status, options) }
        if result == 0 { return nil }
        // Other code reaped the process, so its status is lost.
        if result < 0 { return .exited(code: -1) }
        let signal = status & 0x7F
        return signal == 0 ? .exited(code: (status >> 8) & 0xFF) : .killed(signal: signal)
    }

    private func spawn(_ process: inout pid_t, output: Int32, errorText: Int32) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errorText, 2)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Use default signal handling, and a separate process group, so that children can be killed too.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(truncatingIfNeeded: flags))

        var argv = ([path] + arguments).map { strdup($0) } + [nil]
        var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        return posix_spawn(&process, path, &actions, &attributes, &argv, &envp)
    }
}

/// A pipe for the output of a child, read without blocking and up to a limit.
final class OutputPipe {
    private let readEnd: Int32
    private(set) var writeEnd: Int32
    private let limit: Int
    private(set) var bytes: [UInt8] = []
    /// Whether the child wrote more than the limit.
    private(set) var isOverfull = false
    private var isAtEnd = false

    /// Nil if the system cannot create a pipe; `errno` has the reason.
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

    /// Closes this process's write end; otherwise the reader never sees the end of the output.
    func closeWriteEnd() {
        guard writeEnd >= 0 else { return }
        close(writeEnd)
        writeEnd = -1
    }

    /// The descriptor to poll; nil at the end of the output.
    var poll: pollfd? {
        isAtEnd ? nil : pollfd(fd: readEnd, events: Int16(truncatingIfNeeded: POLLIN), revents: 0)
    }

    /// Reads the available bytes.
    func read() {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        // The loop is bounded, so that a child that writes continuously cannot block the caller.
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

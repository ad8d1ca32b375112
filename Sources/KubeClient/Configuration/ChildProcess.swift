import CLinux

#if canImport(Glibc)
import Glibc
#endif

/// A program that is run to its end, with nothing to read and a bounded time and output.
struct ChildProcess {
    /// The path of the program.
    let path: String
    let arguments: [String]
    let environment: [String: String]
    /// After this time the program and what it started are killed.
    let timeout: Duration

    /// A program that writes more to its standard output is killed.
    static let maximumOutput = 1 << 20
    /// What a program writes to its standard error beyond this is dropped.
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

    /// Runs the program; blocks until it has ended.
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
                // What a child of its own may still write is not waited for.
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
            // The end of a program is not an event of its pipes when another process holds them open.
            poll(&open, nfds_t(open.count), open.isEmpty ? 5 : 50)
        }
    }

    /// The way the process ended; nil when it has not.
    private func collect(_ process: pid_t, _ options: Int32) -> Outcome? {
        var status: Int32 = 0
        var result = waitpid(process, &status, options)
        while result < 0, errno == EINTR { result = waitpid(process, &status, options) }
        if result == 0 { return nil }
        // Somebody else took the status; the process has ended all the same.
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
        // A group of its own, so that all of it can be killed; no signal blocked or ignored that is so here.
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

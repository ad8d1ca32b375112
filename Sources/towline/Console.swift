#if canImport(Glibc)
import Glibc
#endif

/// The terminal or pipe that the process was started with.
enum Console {
    /// True when standard output is a terminal.
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Writes one line, or several, to standard output.
    static func print(_ text: String) { write("\(text)\n", to: STDOUT_FILENO) }

    /// Writes one line, or several, to standard error.
    static func printError(_ text: String) { write("\(text)\n", to: STDERR_FILENO) }

    /// Writes text as it is to standard output.
    static func write(_ text: String) { write(text, to: STDOUT_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            // The reader is gone: there is nobody left to tell.
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }
}

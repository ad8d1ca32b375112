#if canImport(Glibc)
import Glibc
#endif

/// Standard output and standard error.
package enum Console {
    /// True if standard output is a terminal.
    package static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// The size of the terminal at standard output; nil if standard output is not a terminal.
    package static var size: (columns: Int, rows: Int)? {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return nil }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Writes lines to standard output and ends the last one.
    package static func print(_ text: String) { write("\(text)\n", to: STDOUT_FILENO) }

    /// Writes lines to standard error and ends the last one.
    package static func printError(_ text: String) { write("\(text)\n", to: STDERR_FILENO) }

    /// Writes text to standard output.
    package static func write(_ text: String) { write(text, to: STDOUT_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            // A closed pipe: no one reads the rest.
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }
}

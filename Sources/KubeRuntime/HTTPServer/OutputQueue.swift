import CLinux
import Glibc

/// Bytes that wait until the kernel takes them, in the pieces in which they were handed over.
struct OutputQueue {
    private var pieces: [[UInt8]] = []
    /// The piece that is being sent; those before it are gone.
    private var current = 0
    /// How much of it the kernel took.
    private var written = 0
    /// How many bytes wait.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        pieces.append(bytes)
        count += bytes.count
    }

    /// Hands bytes to the kernel until it takes no more; returns how many, or nil when the connection is broken.
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

    /// Frees the piece that was sent, and from time to time the list's room for those.
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

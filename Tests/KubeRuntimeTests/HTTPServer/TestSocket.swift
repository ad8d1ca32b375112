import Dispatch
import Glibc

/// A client socket that blocks for at most some seconds.
final class TestSocket: Sendable {
    let descriptor: Int32

    init(port: UInt16, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(number: errno) }
    }

    struct Failure: Error {
        let number: Int32
    }

    deinit {
        Glibc.close(descriptor)
    }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Sends as much as the kernel accepts at once; returns the number of bytes.
    func sendWhatFits(_ text: String) -> Int {
        let bytes = Array(text.utf8)
        return max(0, Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)))
    }

    /// Reads until the text has the expected end, or the connection ends.
    func read(until ending: String) async -> String {
        await onOwnThread { socket in
            let ending = Array(ending.utf8)
            var text: [UInt8] = []
            while !text.hasSuffix(ending), let bytes = socket.receive() { text += bytes }
            return String(decoding: text, as: UTF8.self)
        }
    }

    /// Reads to the end of the connection.
    func readAll() async -> String { await read(until: "\u{0}never") }

    /// Reads the available bytes up to a limit; nil if the connection has ended.
    func readSome(upTo count: Int) async -> Int? {
        await onOwnThread { $0.receive(upTo: count)?.count }
    }

    /// Waits until the server closes or resets the connection; false if it sends something.
    func isClosedByServer() async -> Bool {
        await onOwnThread { $0.receive() == nil && (errno == 0 || errno == ECONNRESET) }
    }

    private func receive(upTo size: Int = 64 << 10) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: size)
        errno = 0
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer[..<count]) : nil
    }

    /// Blocks a thread of the global queues, not of the cooperative pool, which the server's handlers need.
    private func onOwnThread<Result: Sendable>(_ body: @escaping @Sendable (TestSocket) -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "test-socket").async { continuation.resume(returning: body(self)) }
        }
    }
}

extension [UInt8] {
    fileprivate func hasSuffix(_ ending: [UInt8]) -> Bool {
        count >= ending.count && self[(count - ending.count)...].elementsEqual(ending)
    }
}

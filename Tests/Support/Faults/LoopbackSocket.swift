import CLinux
import Glibc

/// TCP sockets on the loopback address.
enum LoopbackSocket {
    /// Creates a socket that keeps its port even while it does not listen.
    static func bound() throws -> (descriptor: Int32, port: UInt16) {
        // The kernel frees a port that it chose when the socket stops listening, so the port is requested by number.
        let scout = try make()
        defer { close(scout) }
        let port = try bind(scout, to: 0)
        let descriptor = try make()
        return (descriptor, try bind(descriptor, to: port))
    }

    /// Connects to a port; nil if the connection is refused.
    static func connected(to port: UInt16) -> Int32? {
        guard let descriptor = try? make() else { return nil }
        let result = withAddress(port) { connect(descriptor, $0, $1) }
        guard result == 0 else {
            close(descriptor)
            return nil
        }
        makeNonBlocking(descriptor)
        return descriptor
    }

    static func makeNonBlocking(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        var enabled: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &enabled, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Closes a connection with a reset.
    static func reset(_ descriptor: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close(descriptor)
    }

    private static func make() throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw NetworkLink.Failure(description: "cannot create a socket") }
        var enabled: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &enabled, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    /// Binds the socket and returns its port, which the kernel chooses for 0.
    private static func bind(_ descriptor: Int32, to port: UInt16) throws -> UInt16 {
        guard withAddress(port, { Glibc.bind(descriptor, $0, $1) }) == 0 else {
            throw NetworkLink.Failure(description: "cannot bind port \(port)")
        }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard result == 0 else { throw NetworkLink.Failure(description: "cannot read the port of a socket") }
        return UInt16(bigEndian: address.sin_port)
    }

    private static func withAddress(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

import CLinux
import Glibc
import KubeClient

/// A listening socket; closed with the last reference.
final class ListeningSocket: Sendable {
    let descriptor: Int32
    let port: UInt16

    /// - Parameters:
    ///   - backlog: the number of clients that the kernel lets wait; it buffers what they send.
    ///   - buffer: the kernel's buffers for a connection, in bytes; nil for the system default.
    init(host: String, port: UInt16, backlog: Int = 1024, buffer: Int? = nil) throws(ListenError) {
        let place = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, "\(port)", &hints, &list)
        guard result == 0, let address = list?.pointee else {
            throw ListenError("cannot listen on \(place): \(String(cString: gai_strerror(result)))")
        }
        defer { freeaddrinfo(list) }
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.ai_family, type, 0)
        guard descriptor >= 0 else { throw Self.failure(place) }
        var enabled: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &enabled, socklen_t(MemoryLayout<Int32>.size))
        if let buffer {
            // Accepted connections inherit these buffer sizes.
            var size = Int32(clamping: buffer)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
            setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        guard bind(descriptor, address.ai_addr, address.ai_addrlen) == 0,
            listen(descriptor, Int32(clamping: backlog)) == 0,
            let bound = Self.boundPort(descriptor)
        else {
            let failure = Self.failure(place)
            close(descriptor)
            throw failure
        }
        self.descriptor = descriptor
        self.port = bound
    }

    deinit {
        close(descriptor)
    }

    /// Refuses further connections, even if there are other references to the socket.
    func refuse() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Accepts the next connection, non-blocking; returns a negative number if no client is waiting.
    func accept() -> Int32 {
        let client = accept4(descriptor, nil, nil, Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
        if client >= 0 {
            var enabled: Int32 = 1
            setsockopt(client, Int32(IPPROTO_TCP), TCP_NODELAY, &enabled, socklen_t(MemoryLayout<Int32>.size))
        }
        return client
    }

    private static func failure(_ place: String) -> ListenError {
        ListenError("cannot listen on \(place): \(String(cString: strerror(errno)))")
    }

    private static func boundPort(_ descriptor: Int32) -> UInt16? {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> UInt16? in
                guard getsockname(descriptor, address, &length) == 0 else { return nil }
                if address.pointee.sa_family == sa_family_t(AF_INET6) {
                    return address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                        UInt16(bigEndian: $0.pointee.sin6_port)
                    }
                }
                return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    UInt16(bigEndian: $0.pointee.sin_port)
                }
            }
        }
    }
}

/// A level-triggered epoll set.
final class EventPoll: Sendable {
    private let descriptor: Int32

    /// Nil if the system is out of descriptors.
    init?() {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        close(descriptor)
    }

    /// Watches a descriptor for events, which are reported with the token; returns false on failure.
    func add(_ watched: Int32, events: UInt32, token: UInt64) -> Bool {
        towline_epoll_control(descriptor, EPOLL_CTL_ADD, watched, events, token) == 0
    }

    func change(_ watched: Int32, events: UInt32, token: UInt64) {
        _ = towline_epoll_control(descriptor, EPOLL_CTL_MOD, watched, events, token)
    }

    func remove(_ watched: Int32) {
        _ = towline_epoll_control(descriptor, EPOLL_CTL_DEL, watched, 0, 0)
    }

    /// Waits, and passes each event to `body`.
    ///
    /// - Parameter milliseconds: the longest wait; negative means no limit.
    func wait(milliseconds: Int32, _ body: (_ token: UInt64, _ events: UInt32) -> Void) {
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 128) { list in
            let count = epoll_wait(descriptor, list.baseAddress, Int32(list.count), milliseconds)
            for index in 0..<max(0, count) {
                body(towline_epoll_token(list.baseAddress, index), towline_epoll_events(list.baseAddress, index))
            }
        }
    }
}

/// The messages of handlers to the server's thread, with a descriptor that wakes it.
final class ServerMailbox: Sendable {
    enum Message {
        /// A complete response; the handler has ended.
        case response(UInt64, HTTPServerResponse, body: [UInt8])
        /// The head of a streamed response.
        case streamBegan(UInt64, HTTPServerResponse, ResponseWriter)
        /// Bytes of a streamed body, framed.
        case output(UInt64, [UInt8])
        /// The handler of a streamed response has ended; the body is incomplete if it threw.
        case streamEnded(UInt64, isComplete: Bool)
        case shutDown
    }

    let descriptor: Int32
    private let messages = Locked<[Message]>([])

    /// Nil if the system is out of descriptors.
    init?() {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        close(descriptor)
    }

    func post(_ message: Message) {
        let wasEmpty = messages.withLock { messages in
            messages.append(message)
            return messages.count == 1
        }
        // One wake-up is enough until the messages are fetched.
        if wasEmpty { eventfd_write(descriptor, 1) }
    }

    /// Removes and returns all messages.
    func fetch() -> [Message] {
        var count: eventfd_t = 0
        eventfd_read(descriptor, &count)
        return messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}

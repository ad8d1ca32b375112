import CLinux
import Glibc
import KubeClient

/// What handlers have for the server's thread, and the descriptor that wakes it.
final class ServerMailbox: Sendable {
    enum Message {
        /// A complete answer; the handler is done.
        case response(UInt64, HTTPServerResponse, body: [UInt8])
        /// The head of an answer whose body follows in pieces.
        case streamBegan(UInt64, HTTPServerResponse, ResponseWriter)
        /// Bytes of a streamed body, framed.
        case output(UInt64, [UInt8])
        /// The handler of a streamed answer is done; the body is incomplete when it threw.
        case streamEnded(UInt64, isComplete: Bool)
        case shutDown
    }

    let descriptor: Int32
    private let messages = Locked<[Message]>([])

    /// Nil when the system has no descriptor left.
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
        // One wake-up for all messages until they are fetched.
        if wasEmpty { eventfd_write(descriptor, 1) }
    }

    /// Returns all messages and forgets them.
    func fetch() -> [Message] {
        var count: eventfd_t = 0
        eventfd_read(descriptor, &count)
        return messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}

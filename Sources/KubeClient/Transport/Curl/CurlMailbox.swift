import CLibcurl

typealias CurlCompletion<Answer> = @Sendable (Result<Answer, TransportError>) -> Void

/// One exchange, and what is called with its end.
enum CurlExchange: Sendable {
    case unary(CurlRequest, CurlCompletion<HTTPResponse>)
    /// The head goes to the completion, the body to the buffer.
    case stream(CurlRequest, StreamBuffer, CurlCompletion<HTTPResponse>)

    var request: CurlRequest {
        switch self {
        case .unary(let request, _), .stream(let request, _, _): request
        }
    }

    /// Called once.
    var completion: CurlCompletion<HTTPResponse> {
        switch self {
        case .unary(_, let completion), .stream(_, _, let completion): completion
        }
    }

    var buffer: StreamBuffer? {
        if case .stream(_, let buffer, _) = self { buffer } else { nil }
    }
}

/// What callers have for the transport's thread, and the way to wake it.
///
/// `@unchecked Sendable` is sound: libcurl allows `curl_multi_wakeup` from any thread while the handle exists, and the
/// lock keeps it from being called after `close`, before which only the loop's thread makes any other call.
final class CurlMailbox: @unchecked Sendable {
    enum Message: Sendable {
        case start(UInt64, CurlExchange)
        case cancel(UInt64)
        /// The reader of a stream that was paused has room again.
        case resume(UInt64)
        case stop
    }

    private struct State {
        var messages: [Message] = []
        var lastID: UInt64 = 0
        var isOpen = true
    }

    /// libcurl's process-wide set-up; its own lock makes the first use safe.
    private static let isSetUp = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    let multi: UnsafeMutableRawPointer
    private let state = Locked(State())

    init?() {
        guard Self.isSetUp, let multi = curl_multi_init() else { return nil }
        self.multi = multi
    }

    deinit {
        if state.withLock({ $0.isOpen }) { curl_multi_cleanup(multi) }
    }

    func makeID() -> UInt64 {
        state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
    }

    /// Leaves a message; false when nobody will read it any more.
    @discardableResult
    func post(_ message: Message) -> Bool {
        state.withLock { state in
            guard state.isOpen else { return false }
            state.messages.append(message)
            // One wake-up for all messages until they are fetched.
            if state.messages.count == 1 { curl_multi_wakeup(multi) }
            return true
        }
    }

    func fetch() -> [Message] {
        state.withLock { state in
            defer { state.messages = [] }
            return state.messages
        }
    }

    /// Closes all connections, takes no more messages and returns those nobody acted on.
    ///
    /// The loop's last call, after the last transfer was removed.
    func close() -> [Message] {
        let messages = state.withLock { state in
            state.isOpen = false
            defer { state.messages = [] }
            return state.messages
        }
        curl_multi_cleanup(multi)
        return messages
    }
}

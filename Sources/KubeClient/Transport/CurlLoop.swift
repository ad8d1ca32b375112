import CLibcurl

/// The transport's thread: starts and ends transfers and lets libcurl move their bytes.
final class CurlLoop {
    /// How many easy handles and how many idle connections are kept.
    private static let maximumIdle = 16
    /// The longest sleep, in milliseconds; messages and libcurl's own timers end it earlier.
    private static let longestSleep = 600_000

    private let mailbox: CurlMailbox
    private let settings: CurlSettings
    private var transfers: [UInt64: CurlTransfer] = [:]
    private var transferIDs: [UnsafeMutableRawPointer: UInt64] = [:]
    private var idle: [CurlHandle] = []
    /// True after a timeout, until an answer comes: the shared connection may be dead.
    private var distrustsConnections = false

    init(mailbox: CurlMailbox, settings: CurlSettings) {
        self.mailbox = mailbox
        self.settings = settings
        _ = towline_curl_multi_set_long(mailbox.multi, CURLMOPT_MAXCONNECTS, Self.maximumIdle)
    }

    /// Works until it is told to stop.
    func run() {
        var isStopped = false
        while !isStopped {
            curl_multi_poll(mailbox.multi, nil, 0, sleepTime(), nil)
            for message in mailbox.fetch() where !receive(message) { isStopped = true }
            var running: Int32 = 0
            curl_multi_perform(mailbox.multi, &running)
            collectFinished()
            endOverdueOpenings()
        }
        for id in Array(transfers.keys) { end(id, .failure(.shutDown)) }
        idle = []
        for case .start(_, let exchange) in mailbox.close() { exchange.completion(.failure(.shutDown)) }
    }

    /// Does what a caller asks for; false when that is to stop.
    private func receive(_ message: CurlMailbox.Message) -> Bool {
        switch message {
        case .start(let id, let exchange): start(id, exchange)
        case .cancel(let id): end(id, .failure(TransportError(.cancelled, "the request was cancelled")))
        case .resume(let id): transfers[id]?.handle.resume()
        case .stop: return false
        }
        return true
    }

    private func start(_ id: UInt64, _ exchange: CurlExchange) {
        guard let handle = takeHandle(for: exchange.request.identity) else {
            return exchange.completion(.failure(TransportError(.unreachable, "no memory for a transfer")))
        }
        let transfer = CurlTransfer(exchange, handle, address: settings.address)
        transfer.configure(settings, connectsAfresh: distrustsConnections)
        transfers[id] = transfer
        transferIDs[handle.easy] = id
        let code = curl_multi_add_handle(mailbox.multi, handle.easy)
        if code != CURLM_OK {
            end(id, .failure(TransportError(.invalidRequest, String(cString: curl_multi_strerror(code)))))
        }
    }

    private func takeHandle(for identity: CurlIdentity) -> CurlHandle? {
        // Handles with other certificates are of no more use.
        idle.removeAll { $0.identity != identity }
        return idle.popLast() ?? CurlHandle(identity, settings)
    }

    private func collectFinished() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(mailbox.multi, &left)?.pointee {
            guard message.msg == CURLMSG_DONE, let id = transferIDs[message.easy_handle], let transfer = transfers[id]
            else { continue }
            let result = transfer.result(message.data.result)
            if case .failure(let error) = result, error.kind == .timedOut {
                distrustsConnections = true
            } else if case .success = result {
                distrustsConnections = false
            }
            end(id, result)
        }
    }

    private func end(_ id: UInt64, _ result: Result<HTTPResponse, TransportError>) {
        guard let transfer = transfers.removeValue(forKey: id) else { return }
        let handle = transfer.handle
        transferIDs[handle.easy] = nil
        curl_multi_remove_handle(mailbox.multi, handle.easy)
        handle.detach()
        if idle.count < Self.maximumIdle { idle.append(handle) }
        transfer.complete(result)
    }

    private func sleepTime() -> Int32 {
        let deadline = transfers.values.lazy.compactMap(\.headDeadline).min()
        guard let deadline else { return Int32(Self.longestSleep) }
        let left = max(.zero, deadline - ContinuousClock.now)
        return Int32(clamping: min(Int64(Self.longestSleep), left.wholeMilliseconds + 1))
    }

    private func endOverdueOpenings() {
        let now = ContinuousClock.now
        for (id, transfer) in transfers {
            guard let deadline = transfer.headDeadline, deadline <= now else { continue }
            let message = "\(settings.address.authority): no answer within \(transfer.timeout)"
            end(id, .failure(TransportError(.timedOut, message)))
        }
    }
}

extension TransportError {
    static let shutDown = TransportError(.cancelled, "the transport is shut down")
}

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

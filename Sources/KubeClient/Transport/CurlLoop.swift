import CLibcurl

/// The loop of the transport's thread: starts and ends transfers and runs libcurl.
final class CurlLoop {
    /// The maximum number of easy handles and of idle connections that are kept.
    private static let maximumIdle = 16
    /// The longest wait, in milliseconds; messages and libcurl's timers end it earlier.
    private static let longestSleep = 600_000

    private let mailbox: CurlMailbox
    private let settings: CurlSettings
    private var transfers: [UInt64: CurlTransfer] = [:]
    private var transferIDs: [UnsafeMutableRawPointer: UInt64] = [:]
    private var idle: [CurlHandle] = []
    /// The number of open streams, each of which has a separate connection.
    private var streams = 0
    /// True after a timeout until the next response: the shared connection may be dead.
    private var distrustsConnections = false

    init(mailbox: CurlMailbox, settings: CurlSettings) {
        self.mailbox = mailbox
        self.settings = settings
        limitConnections()
    }

    /// Keeps ``maximumIdle`` connections besides those of streams.
    ///
    /// libcurl counts connections in use. With a limit below the number of streams, it closes the shared connection
    /// after every request, and requests that wait for that connection can hang until their timeout.
    private func limitConnections() {
        _ = towline_curl_multi_set_long(mailbox.multi, CURLMOPT_MAXCONNECTS, Self.maximumIdle + streams)
    }

    /// Runs until it receives `stop`.
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

    /// Handles a message; false for `stop`.
    private func receive(_ message: CurlMailbox.Message) -> Bool {
        switch message {
        case .start(let id, let exchange): start(id, exchange)
        case .cancel(let id): end(id, .failure(TransportError(.cancelled, "the request was canceled")))
        case .resume(let id): transfers[id]?.handle.resume()
        case .stop: return false
        }
        return true
    }

    private func start(_ id: UInt64, _ exchange: CurlExchange) {
        guard let handle = takeHandle(for: exchange.request.identity) else {
            return exchange.completion(.failure(TransportError(.unreachable, "out of memory")))
        }
        let transfer = CurlTransfer(exchange, handle, address: settings.address)
        transfer.configure(settings, usesNewConnection: distrustsConnections)
        transfers[id] = transfer
        transferIDs[handle.easy] = id
        if exchange.isStream {
            streams += 1
            limitConnections()
        }
        let code = curl_multi_add_handle(mailbox.multi, handle.easy)
        if code != CURLM_OK {
            end(id, .failure(TransportError(.invalidRequest, String(cString: curl_multi_strerror(code)))))
        }
    }

    private func takeHandle(for identity: CurlIdentity) -> CurlHandle? {
        // Handles with other certificates are not reusable.
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
        if transfer.isStream {
            streams -= 1
            limitConnections()
        }
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
            let message = "\(settings.address.authority): no response within \(transfer.timeout)"
            end(id, .failure(TransportError(.timedOut, message)))
        }
    }
}

extension TransportError {
    static let shutDown = TransportError(.cancelled, "the transport is shut down")
    /// The response is large, and too many other large ones are in memory; the transport repeats the request.
    static let overBudget = TransportError(.tooLarge, "too many large responses at a time")
}

typealias CurlCompletion<Answer> = @Sendable (Result<Answer, TransportError>) -> Void

/// A request and the callback for its result.
enum CurlExchange: Sendable {
    case unary(CurlRequest, ReadBudget, ResponseLease?, CurlCompletion<HTTPResponse>)
    /// The head goes to the completion and the body to the buffer.
    case stream(CurlRequest, StreamBuffer, CurlCompletion<HTTPResponse>)

    var request: CurlRequest {
        switch self {
        case .unary(let request, _, _, _), .stream(let request, _, _): request
        }
    }

    /// Called exactly once.
    var completion: CurlCompletion<HTTPResponse> {
        switch self {
        case .unary(_, _, _, let completion), .stream(_, _, let completion): completion
        }
    }

    var budget: ReadBudget? {
        if case .unary(_, let budget, _, _) = self { budget } else { nil }
    }

    var lease: ResponseLease? {
        if case .unary(_, _, let lease, _) = self { lease } else { nil }
    }

    var buffer: StreamBuffer? {
        if case .stream(_, let buffer, _) = self { buffer } else { nil }
    }

    var isStream: Bool { buffer != nil }
}

/// The queue of messages to the transport's thread, which it can wake.
///
/// `@unchecked Sendable` is sound: libcurl allows `curl_multi_wakeup` from any thread while the handle exists, the lock
/// prevents calls after `close`, and only the loop's thread makes all other calls.
final class CurlMailbox: @unchecked Sendable {
    enum Message: Sendable {
        case start(UInt64, CurlExchange)
        case cancel(UInt64)
        /// The reader of a paused stream has room again.
        case resume(UInt64)
        case stop
    }

    private struct State {
        var messages: [Message] = []
        var lastID: UInt64 = 0
        var isOpen = true
    }

    /// The process-wide initialization of libcurl, which is thread-safe.
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

    /// Adds a message; false if the loop has ended.
    @discardableResult
    func post(_ message: Message) -> Bool {
        state.withLock { state in
            guard state.isOpen else { return false }
            state.messages.append(message)
            // One wake-up is enough for all messages until the loop takes them.
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

    /// Closes all connections, rejects further messages, and returns the unhandled ones.
    ///
    /// The loop calls it last, after all transfers are removed.
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

import KubeClient

/// The client disconnected, or the server is shutting down.
public struct ClientGone: Error, Sendable {}

/// Sends the parts of a streamed response.
public final class ResponseWriter: Sendable {
    /// The maximum number of bytes that wait for the client before `write` waits too.
    static let highWaterMark = 256 << 10

    private let connection: UInt64
    private let mailbox: ServerMailbox
    private let isChunked: Bool
    private let state = Locked(State())

    private struct State {
        /// The number of bytes that the kernel has not accepted yet.
        var queued = 0
        var isOpen = true
        /// The number of the last waiting write.
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Bool, Never>] = [:]
    }

    init(connection: UInt64, mailbox: ServerMailbox, isChunked: Bool) {
        self.connection = connection
        self.mailbox = mailbox
        self.isChunked = isChunked
    }

    /// Queues bytes, and returns when at most 256 KiB wait for the client.
    public func write(_ bytes: [UInt8]) async throws(ClientGone) {
        // An empty chunk would end the body.
        guard !bytes.isEmpty else { return }
        let framed = isChunked ? Self.chunk(bytes) : bytes
        let isOpen = state.withLock { state in
            if state.isOpen { state.queued += framed.count }
            return state.isOpen
        }
        guard isOpen else { throw ClientGone() }
        mailbox.post(.output(connection, framed))
        guard await hasRoom() else { throw ClientGone() }
    }

    /// True if the client disconnected or the response was aborted.
    public var isClosed: Bool { state.withLock { !$0.isOpen } }

    private func hasRoom() async -> Bool {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    guard state.isOpen, !Task.isCancelled else { return false }
                    guard state.queued > Self.highWaterMark else { return true }
                    state.waiters[waiter] = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume(returning: false)
        }
    }

    /// Records that the kernel accepted bytes.
    func release(_ count: Int) {
        let waiters: [Int: CheckedContinuation<Bool, Never>] = state.withLock { state in
            state.queued = max(0, state.queued - count)
            guard state.queued <= Self.highWaterMark else { return [:] }
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume(returning: true) }
    }

    /// Makes all current and future writes fail.
    func close() {
        let waiters = state.withLock { state in
            state.isOpen = false
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume(returning: false) }
    }

    private static func chunk(_ bytes: [UInt8]) -> [UInt8] {
        var chunk: [UInt8] = []
        chunk.reserveCapacity(bytes.count + 20)
        chunk.append(contentsOf: String(bytes.count, radix: 16).utf8)
        chunk.append(contentsOf: "\r\n".utf8)
        chunk.append(contentsOf: bytes)
        chunk.append(contentsOf: "\r\n".utf8)
        return chunk
    }
}

/// Encodes the status line and the headers of a response.
enum ResponseHead {
    enum Framing {
        case sized(Int)
        case chunked
        /// The body ends with the connection, for HTTP/1.0.
        case untilClose
    }

    static func bytes(_ response: HTTPServerResponse, _ framing: Framing, keepsAlive: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        bytes.append(contentsOf: "HTTP/1.1 \(response.status) \(reason(response.status))\r\n".utf8)
        for field in response.headers.fields {
            append(field.name, to: &bytes)
            bytes.append(contentsOf: ": ".utf8)
            append(field.value, to: &bytes)
            bytes.append(contentsOf: "\r\n".utf8)
        }
        switch framing {
        case .sized(let count): bytes.append(contentsOf: "Content-Length: \(count)\r\n".utf8)
        case .chunked: bytes.append(contentsOf: "Transfer-Encoding: chunked\r\n".utf8)
        case .untilClose: break
        }
        if !keepsAlive { bytes.append(contentsOf: "Connection: close\r\n".utf8) }
        bytes.append(contentsOf: "\r\n".utf8)
        return bytes
    }

    /// Appends text without the control characters that could start another header.
    private static func append(_ text: String, to bytes: inout [UInt8]) {
        for byte in text.utf8 { bytes.append(byte < 0x20 ? 0x20 : byte) }
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 409: "Conflict"
        case 410: "Gone"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Status"
        }
    }
}

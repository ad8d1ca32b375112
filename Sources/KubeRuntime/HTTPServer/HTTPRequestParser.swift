import KubeClient

/// Reads HTTP/1.1 requests (RFC 9112) from bytes that arrive in any pieces.
///
/// Strict where leniency was ever a hole: line ends are CR LF, a header has no space before its colon and no folded
/// line, a body has one length. What it refuses ends the connection.
package struct HTTPRequestParser {
    /// What a client may send.
    package struct Limits: Sendable {
        /// Request line and headers together, in bytes.
        package var head: Int
        /// The body, decoded, in bytes.
        package var body: Int

        package init(head: Int = 32 << 10, body: Int = 3 << 20) {
            self.head = head
            self.body = body
        }
    }

    package enum Event {
        case needsMore
        /// The client waits for `100 Continue` before it sends the body.
        case expectsContinue
        case request(HTTPServerRequest, HTTPRequestHead)
        case refused(HTTPRefusal)
    }

    private enum State {
        case head
        case sized(HTTPRequestHead, length: Int)
        case chunked(HTTPRequestHead, ChunkedBody)
        case broken(HTTPRefusal)
    }

    private let limits: Limits
    private var state = State.head
    private var buffer: [UInt8] = []
    /// What lies before it was used up.
    private var position = 0
    /// What lies before it holds no end of a head.
    private var scanned = 0

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// How many bytes wait to be read.
    var pending: Int { buffer.count - position }

    /// How much memory the bytes so far take.
    var bufferedBytes: Int {
        if case .chunked(_, let body) = state { buffer.capacity + body.bytes.capacity } else { buffer.capacity }
    }

    /// True between two requests.
    var isIdle: Bool {
        if case .head = state { pending == 0 } else { false }
    }

    package mutating func append(_ bytes: some Collection<UInt8>) {
        if position == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= 64 << 10)
            scanned = 0
            position = 0
        } else if position > 32 << 10 {
            buffer.removeFirst(position)
            scanned -= position
            position = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// Returns what comes next in the bytes so far.
    package mutating func next() -> Event {
        do throws(HTTPRefusal) {
            while true {
                switch state {
                case .head:
                    guard let head = try takeHead() else { return .needsMore }
                    if try begin(head) { return .expectsContinue }
                case .sized(let head, let length):
                    guard pending >= length else { return .needsMore }
                    let body = Array(buffer[position..<(position + length)])
                    position += length
                    return finish(head, body)
                case .chunked(let head, var body):
                    state = .head
                    let isComplete = try body.read(buffer, &position)
                    guard isComplete else {
                        state = .chunked(head, body)
                        return .needsMore
                    }
                    return finish(head, body.bytes)
                case .broken(let refusal): throw refusal
                }
            }
        } catch {
            state = .broken(error)
            return .refused(error)
        }
    }

    /// Cuts the next head off the buffer; nil until it is complete.
    private mutating func takeHead() throws(HTTPRefusal) -> HTTPRequestHead? {
        // Clients may send an empty line after a body (RFC 9112, section 2.2).
        while scanned <= position, pending >= 2, buffer[position] == 0x0D, buffer[position + 1] == 0x0A {
            position += 2
        }
        var index = max(scanned, position)
        while index + 3 < buffer.count {
            if buffer[index + 3] == 0x0A, buffer[index + 2] == 0x0D, buffer[index + 1] == 0x0A, buffer[index] == 0x0D {
                guard index - position <= limits.head else { throw .headTooLarge }
                let head = try HTTPRequestHead(buffer[position..<(index + 2)])
                position = index + 4
                scanned = position
                return head
            }
            index += 1
        }
        scanned = index
        guard pending <= limits.head else { throw .headTooLarge }
        return nil
    }

    /// Chooses how the body is read; true when the client waits for leave to send it.
    private mutating func begin(_ head: HTTPRequestHead) throws(HTTPRefusal) -> Bool {
        switch head.framing {
        case .sized(let length):
            guard length <= limits.body else { throw .bodyTooLarge }
            state = .sized(head, length: length)
            return head.expectsContinue && pending < length
        case .chunked:
            state = .chunked(head, ChunkedBody(bound: limits.body))
            return head.expectsContinue && pending == 0
        }
    }

    private mutating func finish(_ head: HTTPRequestHead, _ body: [UInt8]) -> Event {
        state = .head
        scanned = position
        if pending == 0 {
            // A connection that waits for its next request holds nothing.
            buffer = []
            scanned = 0
            position = 0
        }
        let request = HTTPServerRequest(
            method: head.method, path: head.path, segments: head.segments, query: head.query, headers: head.headers,
            body: body)
        return .request(request, head)
    }
}

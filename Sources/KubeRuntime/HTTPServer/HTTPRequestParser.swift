import KubeClient

/// Parses HTTP/1.1 requests (RFC 9112) from bytes that arrive in pieces of any size.
///
/// Strict where lenient parsers had vulnerabilities: lines end in CR LF, headers have no space before the colon and no
/// folded lines, and a body has one length. A malformed request ends the connection.
package struct HTTPRequestParser {
    /// The maximum sizes of a request.
    package struct Limits: Sendable {
        /// The request line and headers together, in bytes.
        package var head: Int
        /// The decoded body, in bytes.
        package var body: Int
        /// The segments of the path and the items of the query together.
        package var targetParts: Int

        package init(head: Int = 32 << 10, body: Int = 3 << 20, targetParts: Int = 1_000) {
            self.head = head
            self.body = body
            self.targetParts = targetParts
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
    /// The bytes before it are consumed.
    private var position = 0
    /// The bytes before it do not contain the end of a head.
    private var scanned = 0

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// The number of bytes to parse.
    var pending: Int { buffer.count - position }

    /// The memory used by the bytes received so far.
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

    /// Returns the next event of the bytes received so far.
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

    /// Removes the next head from the buffer; nil until it is complete.
    private mutating func takeHead() throws(HTTPRefusal) -> HTTPRequestHead? {
        // Clients may send an empty line after a body (RFC 9112, section 2.2).
        while scanned <= position, pending >= 2, buffer[position] == 0x0D, buffer[position + 1] == 0x0A {
            position += 2
        }
        var index = max(scanned, position)
        while index + 3 < buffer.count {
            if buffer[index + 3] == 0x0A, buffer[index + 2] == 0x0D, buffer[index + 1] == 0x0A, buffer[index] == 0x0D {
                guard index - position <= limits.head else { throw .headTooLarge }
                let head = try HTTPRequestHead(buffer[position..<(index + 2)], targetParts: limits.targetParts)
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

    /// Starts the body; returns true if the client waits for permission to send it.
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
            // An idle connection uses no buffer.
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

/// Why a request is rejected before it reaches a handler, with the response's status.
package struct HTTPRefusal: Error, Hashable {
    package let status: Int
    package let message: String

    init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }

    static let headTooLarge = HTTPRefusal(431, "the request line and headers are too large")
    static func tooManyParts(_ limit: Int) -> HTTPRefusal {
        HTTPRefusal(414, "the path and the query have too many parts; at most \(limit) are accepted")
    }
    static let bodyTooLarge = HTTPRefusal(413, "the request body is too large")

    static func malformed(_ what: String) -> HTTPRefusal { HTTPRefusal(400, "malformed request: \(what)") }
}

/// Decodes a body in chunked transfer coding (RFC 9112, section 7.1).
struct ChunkedBody {
    private enum State {
        case size
        case data(left: Int)
        case dataEnd
        case trailer
    }

    /// The maximum length of a chunk-size line with extensions, or of a trailer.
    private static let maximumLine = 1024
    private static let maximumTrailers = 32

    private(set) var bytes: [UInt8] = []
    private let bound: Int
    private var state = State.size
    private var trailers = 0

    /// - Parameter bound: the maximum size of the decoded body, in bytes.
    init(bound: Int) {
        self.bound = bound
    }

    /// Consumes the part of the body in `buffer`, from `position`; returns true when the body is complete.
    mutating func read(_ buffer: [UInt8], _ position: inout Int) throws(HTTPRefusal) -> Bool {
        while true {
            switch state {
            case .size:
                guard let line = try takeLine(buffer, &position) else { return false }
                let size = try Self.size(line)
                guard size <= bound - bytes.count else { throw .bodyTooLarge }
                state = size == 0 ? .trailer : .data(left: size)
            case .data(let left):
                let count = min(left, buffer.count - position)
                bytes.append(contentsOf: buffer[position..<(position + count)])
                position += count
                guard count == left else {
                    state = .data(left: left - count)
                    return false
                }
                state = .dataEnd
            case .dataEnd:
                guard let line = try takeLine(buffer, &position) else { return false }
                guard line.isEmpty else { throw .malformed("a chunk is longer than its size") }
                state = .size
            case .trailer:
                guard let line = try takeLine(buffer, &position) else { return false }
                if line.isEmpty { return true }
                trailers += 1
                guard trailers <= Self.maximumTrailers else { throw .headTooLarge }
            }
        }
    }

    private func takeLine(_ buffer: [UInt8], _ position: inout Int) throws(HTTPRefusal) -> ArraySlice<UInt8>? {
        let rest = buffer[position...]
        guard let end = rest.firstIndex(of: 0x0A) else {
            guard rest.count <= Self.maximumLine else { throw .malformed("a line of the chunked body is too long") }
            return nil
        }
        guard end > position, buffer[end - 1] == 0x0D, end - position <= Self.maximumLine else {
            throw .malformed("a line of the chunked body")
        }
        defer { position = end + 1 }
        return buffer[position..<(end - 1)]
    }

    /// The number at the start of the line; extensions after it are ignored.
    private static func size(_ line: ArraySlice<UInt8>) throws(HTTPRefusal) -> Int {
        let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 && $0 != 0x09 }
        guard !digits.isEmpty, digits.count <= 8, digits.allSatisfy({ isHexadecimal($0) }),
            let size = Int(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw .malformed("the size of a chunk") }
        return size
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        Character(UnicodeScalar(byte)).isHexDigit && byte < 0x80
    }
}

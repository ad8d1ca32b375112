/// The events of an open watch.
///
/// It has one reader. Backpressure applies: a slow reader slows down the server and needs no extra memory. Releasing
/// the stream ends the watch.
public struct WatchStream<Object: Sendable>: Sendable {
    /// The maximum size of an event, in bytes; etcd limits objects to 1.5 MiB by default.
    static var maximumEventSize: Int { 8 << 20 }

    private let body: any HTTPBody
    private let decoder: ObjectDecoder<Object>
    private var framer: WatchFramer

    init(body: any HTTPBody, decoding decoder: @escaping ObjectDecoder<Object>, bound: Int = Self.maximumEventSize) {
        self.body = body
        self.decoder = decoder
        self.framer = WatchFramer(bound: bound)
    }

    /// Returns the next event; nil if the server ended the watch without an error.
    ///
    /// - Throws: `transport` if the connection was lost, `undecodable` if the bytes are not a watch.
    public mutating func next() async throws(KubeError) -> WatchEvent<Object>? {
        while true {
            if let event = try nextBuffered() { return event }
            guard let bytes = try await nextBytes() else {
                guard framer.isInsideEvent else { return nil }
                throw .transport(TransportError(.connectionLost, "the watch ended inside an event"))
            }
            framer.append(bytes)
        }
    }

    /// Ends the watch.
    public func cancel() {
        body.cancel()
    }

    private mutating func nextBuffered() throws(KubeError) -> WatchEvent<Object>? {
        do {
            switch try framer.next() {
            case .event(let range):
                var cursor = JSONCursor(framer.buffer, range: range)
                return try WatchEvent(&cursor, decoding: decoder)
            case .oversized(let range):
                let error = "the watch event is larger than \(framer.bound) bytes"
                return WatchEvent(salvaging: JSONCursor(framer.buffer, range: range), error: error)
            case nil: return nil
            }
        } catch {
            throw .undecodable("watch: \(error)")
        }
    }

    private func nextBytes() async throws(KubeError) -> [UInt8]? {
        do {
            return try await body.next()
        } catch {
            throw .transport(error)
        }
    }
}

/// Splits the bytes of a watch into events.
///
/// An event is one JSON object and can span lines, as errors of some servers do. If an event exceeds the bound, the
/// rest of it is skipped.
package struct WatchFramer {
    /// The range of an event in ``buffer``.
    package enum Frame: Equatable {
        /// A complete event; the range is valid until the next call.
        case event(Range<Int>)
        /// The beginning of an event that is too large.
        case oversized(Range<Int>)
    }

    package private(set) var buffer: [UInt8] = []
    let bound: Int
    /// The index of the next byte to scan.
    private var position = 0
    /// The start of the current event.
    private var start = 0
    private var scanner = EventScanner()
    /// True while the rest of an event that is too large is skipped.
    private var isDiscarding = false

    /// - Parameter bound: the maximum size of an event, in bytes.
    package init(bound: Int) {
        self.bound = bound
    }

    /// True after the start of an event and before its end.
    var isInsideEvent: Bool { scanner.isInside }

    package mutating func append(_ bytes: [UInt8]) {
        if start == buffer.count {
            // The common case: all earlier bytes are consumed, and nothing needs to move.
            buffer = bytes
        } else {
            if start > 0 { buffer.removeFirst(start) }
            buffer.append(contentsOf: bytes)
        }
        position -= start
        start = 0
    }

    /// Returns the next complete event; nil when more bytes are needed.
    package mutating func next() throws(JSONError) -> Frame? {
        // Local copies keep the scanner in registers, since it reads every byte.
        var (scanner, position, start) = (scanner, position, start)
        let isComplete = try scanner.scan(buffer.span, &position, start: &start)
        (self.scanner, self.position, self.start) = (scanner, position, start)
        if isComplete { return cut() }
        boundPending()
        return nil
    }

    private mutating func cut() -> Frame {
        let range = start..<position
        defer {
            start = position
            isDiscarding = false
        }
        if isDiscarding { return .oversized(start..<min(position, start + bound)) }
        return range.count > bound ? .oversized(start..<(start + bound)) : .event(range)
    }

    /// Drops the bytes of an incomplete event beyond the bound.
    private mutating func boundPending() {
        guard buffer.count - start > bound else { return }
        isDiscarding = true
        buffer.removeSubrange((start + bound)...)
        position = buffer.count
    }
}

/// Finds the start and the end of a JSON object in bytes that arrive in pieces of any size.
///
/// Brackets are counted and not matched; the decoder finds errors inside the object.
struct EventScanner {
    private var depth = 0
    private var isInString = false
    private var isEscaped = false

    /// True after the start of an object and before its end.
    var isInside: Bool { depth > 0 }

    /// Moves `index` past the object and `start` past the white space before it; false if the end has not arrived.
    mutating func scan(_ bytes: Span<UInt8>, _ index: inout Int, start: inout Int) throws(JSONError) -> Bool {
        while index < bytes.count {
            if isInString {
                skipString(bytes, &index)
                continue
            }
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\"") where depth > 0: isInString = true
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "[") where depth > 0: depth += 1
            case UInt8(ascii: "}") where depth > 0, UInt8(ascii: "]") where depth > 0:
                depth -= 1
                if depth == 0 { return true }
            case 0x20, 0x0A, 0x0D, 0x09:
                if depth == 0 { start = index }
            default:
                if depth == 0 { throw JSONError("expected a watch event, found byte \(byte)", offset: index - 1) }
            }
        }
        return false
    }

    /// Skips to the end of the string; most bytes of an object are in strings.
    private mutating func skipString(_ bytes: Span<UInt8>, _ index: inout Int) {
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
                return
            }
        }
    }
}

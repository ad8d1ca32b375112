/// An open watch: its events, one after the other.
///
/// It has one reader. What is not read is not fetched, so a slow reader slows the server down and costs no memory.
/// Letting go of the stream ends the watch.
public struct WatchStream<Object: Sendable>: Sendable {
    /// The largest event that is read, in bytes: an object has 1.5 MiB at most where etcd stores it.
    static var maximumEventSize: Int { 8 << 20 }

    private let body: any HTTPBody
    private let decoder: ObjectDecoder<Object>
    private var framer: WatchFramer

    init(body: any HTTPBody, decoding decoder: @escaping ObjectDecoder<Object>, bound: Int = Self.maximumEventSize) {
        self.body = body
        self.decoder = decoder
        self.framer = WatchFramer(bound: bound)
    }

    /// Returns the next event; nil when the server ended the watch in the regular way.
    ///
    /// - Throws: `transport` when the connection broke, `undecodable` when what arrives is no watch.
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
                let error = "a watch event of more than \(framer.bound) bytes"
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

/// Cuts the bytes of a watch into its events.
///
/// An event is one JSON object, wherever lines break: servers write errors over many lines. An event beyond the bound
/// is read to its end without being kept.
package struct WatchFramer {
    /// What a cut brings forth.
    package enum Frame: Equatable {
        /// An event, where it stands in the buffer until the next call.
        case event(Range<Int>)
        /// The beginning of an event that was too large.
        case oversized(Range<Int>)
    }

    package private(set) var buffer: [UInt8] = []
    let bound: Int
    /// The next byte to look at.
    private var position = 0
    /// Where the event being read begins.
    private var start = 0
    private var scanner = EventScanner()
    /// True while the rest of a too large event is thrown away.
    private var isDiscarding = false

    /// - Parameter bound: the size in bytes beyond which an event is not kept.
    package init(bound: Int) {
        self.bound = bound
    }

    /// True when an event has begun and not ended.
    var isInsideEvent: Bool { scanner.isInside }

    package mutating func append(_ bytes: [UInt8]) {
        if start == buffer.count {
            // The common case: everything before was used up, and no byte needs to move.
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
        // Locals keep the scanner, which sees every byte, in registers.
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

    /// Throws away what an unfinished event has beyond the bound.
    private mutating func boundPending() {
        guard buffer.count - start > bound else { return }
        isDiscarding = true
        buffer.removeSubrange((start + bound)...)
        position = buffer.count
    }
}

/// Finds where one JSON object begins and ends, in bytes that arrive in any pieces.
///
/// Brackets are counted, not matched; whoever decodes the object finds what is wrong inside.
struct EventScanner {
    private var depth = 0
    private var isInString = false
    private var isEscaped = false

    /// True when an object has begun and not ended.
    var isInside: Bool { depth > 0 }

    /// Moves `index` behind the object, and `start` over the white space before it; false when its end is not there.
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

    /// Moves on to the end of the string, which most bytes of an object lie in.
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

/// Cuts the bytes of a watch into its events.
///
/// An event is one JSON object, wherever lines break: servers write errors over many lines. Brackets are counted, not
/// matched; the decoder finds what is wrong inside. An event beyond the bound is read to its end without being kept.
struct WatchFramer {
    /// What a cut brings forth.
    enum Frame: Equatable {
        /// An event, where it stands in the buffer until the next call.
        case event(Range<Int>)
        /// The beginning of an event that was too large.
        case oversized(Range<Int>)
    }

    private(set) var buffer: [UInt8] = []
    let bound: Int
    /// The next byte to look at.
    private var position = 0
    /// Where the event being read begins.
    private var start = 0
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// True while the rest of a too large event is thrown away.
    private var isDiscarding = false

    /// - Parameter bound: the size in bytes beyond which an event is not kept.
    init(bound: Int) {
        self.bound = bound
    }

    /// True when an event has begun and not ended.
    var isInsideEvent: Bool { depth > 0 }

    mutating func append(_ bytes: [UInt8]) {
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
    mutating func next() throws(JSONError) -> Frame? {
        while position < buffer.count {
            let byte = buffer[position]
            if isInString {
                skipInsideString(byte)
            } else {
                position += 1
                if try endsEvent(byte) { return cut() }
            }
        }
        boundPending()
        return nil
    }

    private mutating func skipInsideString(_ byte: UInt8) {
        position += 1
        if isEscaped {
            isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
            isInString = false
        }
    }

    private mutating func endsEvent(_ byte: UInt8) throws(JSONError) -> Bool {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            if depth == 0, byte == UInt8(ascii: "[") { throw unexpected(byte) }
            depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            guard depth > 0 else { throw unexpected(byte) }
            depth -= 1
            return depth == 0
        case UInt8(ascii: "\"") where depth > 0: isInString = true
        case 0x20, 0x0A, 0x0D, 0x09:
            // White space between events belongs to none.
            if depth == 0 { start = position }
        default:
            if depth == 0 { throw unexpected(byte) }
        }
        return false
    }

    private func unexpected(_ byte: UInt8) -> JSONError {
        JSONError("expected a watch event, found byte \(byte)", offset: position)
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

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

/// Reads a body in chunked transfer coding (RFC 9112, section 7.1).
struct ChunkedBody {
    private enum State {
        case size
        case data(left: Int)
        case dataEnd
        case trailer
    }

    /// The longest line of a chunk's size with its extensions, or of a trailer.
    private static let maximumLine = 1024
    private static let maximumTrailers = 32

    private(set) var bytes: [UInt8] = []
    private let bound: Int
    private var state = State.size
    private var trailers = 0

    /// - Parameter bound: the most bytes of decoded body.
    init(bound: Int) {
        self.bound = bound
    }

    /// Consumes from `position` on what belongs to the body; true when it is complete.
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

    /// The number a line begins with; extensions after it are nobody's business.
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

/// Reads the fields of one protobuf message; every length is checked against the bytes that are there.
struct ProtobufReader {
    /// What a field holds, as far as the wire tells.
    enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
        /// Fixed-width numbers, which no message that is read here has.
        case skipped
    }

    /// The bytes are no protobuf message.
    struct Malformed: Error {}

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// The next field and its number; nil at the end.
    mutating func next() throws(Malformed) -> (number: Int, value: Value)? {
        guard !rest.isEmpty else { return nil }
        let tag = try varint()
        guard let number = Int(exactly: tag >> 3), number > 0 else { throw Malformed() }
        switch tag & 7 {
        case 0: return (number, .number(try varint()))
        case 1: _ = try take(8)
        case 2:
            guard let count = Int(exactly: try varint()) else { throw Malformed() }
            return (number, .bytes(try take(count)))
        case 5: _ = try take(4)
        default: throw Malformed()
        }
        return (number, .skipped)
    }

    private mutating func varint() throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { throw Malformed() }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw Malformed()
    }

    private mutating func take(_ count: Int) throws(Malformed) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw Malformed() }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}

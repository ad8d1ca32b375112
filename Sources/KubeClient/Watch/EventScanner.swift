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

extension CELLexer {
    /// Reads a string or bytes literal; nil, with nothing read, when none starts here.
    mutating func stringLiteral() throws(CELError) -> CELToken.Kind? {
        let start = position
        var isRaw = false
        var isBytes = false
        var offset = 0
        while let scalar = peek(offset), offset < 2 {
            if !isRaw, scalar == "r" || scalar == "R" {
                isRaw = true
            } else if !isBytes, scalar == "b" || scalar == "B" {
                isBytes = true
            } else {
                break
            }
            offset += 1
        }
        guard let quote = peek(offset), quote == "\"" || quote == "'" else { return nil }
        position += offset
        let isTriple = peek(1) == quote && peek(2) == quote
        position += isTriple ? 3 : 1
        var bytes: [UInt8] = []
        while let scalar = peek() {
            if scalar == quote, !isTriple || (peek(1) == quote && peek(2) == quote) {
                position += isTriple ? 3 : 1
                return isBytes ? .bytes(bytes) : .string(String(decoding: bytes, as: UTF8.self))
            }
            guard isTriple || (scalar != "\n" && scalar != "\r") else { break }
            position += 1
            if scalar == "\\", !isRaw {
                try appendEscape(to: &bytes, isBytes: isBytes)
            } else {
                bytes += Array(String(Character(scalar)).utf8)
            }
        }
        throw error("Syntax error: unterminated string literal", at: start)
    }

    private mutating func appendEscape(to bytes: inout [UInt8], isBytes: Bool) throws(CELError) {
        let start = position
        guard let scalar = peek() else { throw error("Syntax error: unterminated string literal", at: start) }
        position += 1
        switch scalar {
        case "a": bytes.append(0x07)
        case "b": bytes.append(0x08)
        case "f": bytes.append(0x0C)
        case "n": bytes.append(0x0A)
        case "r": bytes.append(0x0D)
        case "t": bytes.append(0x09)
        case "v": bytes.append(0x0B)
        case "\\", "?", "\"", "'", "`": bytes.append(UInt8(truncatingIfNeeded: scalar.value))
        case "x", "X": try appendCode(digits: 2, radix: 16, to: &bytes, isBytes: isBytes)
        case "u" where !isBytes: try appendCode(digits: 4, radix: 16, to: &bytes, isBytes: false)
        case "U" where !isBytes: try appendCode(digits: 8, radix: 16, to: &bytes, isBytes: false)
        case "0"..."3":
            position -= 1
            try appendCode(digits: 3, radix: 8, to: &bytes, isBytes: isBytes)
        default: throw error("Syntax error: invalid escape sequence '\\\(scalar)'", at: start)
        }
    }

    /// Appends a character given by its code; in bytes the code is the byte itself.
    private mutating func appendCode(digits: Int, radix: Int, to bytes: inout [UInt8], isBytes: Bool) throws(CELError) {
        let start = position
        let end = min(position + digits, scalars.count)
        position = end
        guard let code = UInt32(text(from: start), radix: radix), end - start == digits else {
            throw error("Syntax error: invalid escape sequence", at: start)
        }
        if isBytes {
            guard let byte = UInt8(exactly: code) else {
                throw error("Syntax error: invalid escape sequence", at: start)
            }
            bytes.append(byte)
        } else {
            guard let scalar = Unicode.Scalar(code) else {
                throw error("Syntax error: invalid unicode code point", at: start)
            }
            bytes += Array(String(Character(scalar)).utf8)
        }
    }
}

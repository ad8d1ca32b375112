/// A token of an expression.
struct CELToken: Sendable {
    enum Kind: Hashable, Sendable {
        case identifier(String)
        case int(Int64)
        /// 2^63, which is valid only after a minus sign.
        case intMagnitudeOverflow
        case uint(UInt64)
        case double(Double)
        case string(String)
        case bytes([UInt8])
        /// An operator or bracket.
        case symbol(String)
        case end
    }

    let kind: Kind
    /// Offset of the first character, in Unicode scalars.
    let position: Int
}

/// Splits the text of an expression into tokens.
struct CELLexer {
    let scalars: [Unicode.Scalar]
    var position = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    static func tokens(_ text: String) throws(CELError) -> [CELToken] {
        var lexer = CELLexer(text)
        var tokens: [CELToken] = []
        repeat { tokens.append(try lexer.token()) } while tokens.last?.kind != .end
        return tokens
    }

    func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        position + offset < scalars.count ? scalars[position + offset] : nil
    }

    func error(_ message: String, at place: Int) -> CELError { CELError.syntax(message, at: place, in: scalars) }

    private mutating func token() throws(CELError) -> CELToken {
        skipWhitespace()
        let start = position
        func token(_ kind: CELToken.Kind) -> CELToken { CELToken(kind: kind, position: start) }
        guard let scalar = peek() else { return token(.end) }
        if let literal = try stringLiteral() { return token(literal) }
        if Self.isDigit(scalar) || scalar == "." && peek(1).map(Self.isDigit) == true { return token(try number()) }
        if Self.isLetter(scalar) {
            while let next = peek(), Self.isLetter(next) || Self.isDigit(next) { position += 1 }
            return token(.identifier(text(from: start)))
        }
        if let second = peek(1), ["==", "!=", "<=", ">=", "&&", "||"].contains("\(scalar)\(second)") {
            position += 2
            return token(.symbol("\(scalar)\(second)"))
        }
        guard "+-*/%<>!?:.,()[]{}".unicodeScalars.contains(scalar) else {
            throw error("Syntax error: token recognition error at: '\(scalar)'", at: start)
        }
        position += 1
        return token(.symbol("\(scalar)"))
    }

    private mutating func skipWhitespace() {
        while let scalar = peek() {
            if scalar == "/", peek(1) == "/" {
                while let next = peek(), next != "\n" { position += 1 }
            } else if [" ", "\t", "\n", "\r", "\u{0C}"].contains(scalar) {
                position += 1
            } else {
                return
            }
        }
    }

    func text(from start: Int) -> String { String(String.UnicodeScalarView(scalars[start..<position])) }

    static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }

    private mutating func number() throws(CELError) -> CELToken.Kind {
        let start = position
        if peek() == "0", peek(1) == "x" || peek(1) == "X" {
            position += 2
            let digits = position
            while let next = peek(), next.properties.isASCIIHexDigit { position += 1 }
            return try integer(text(from: digits), radix: 16, start: start)
        }
        while let next = peek(), Self.isDigit(next) { position += 1 }
        var isWhole = true
        if peek() == ".", peek(1).map(Self.isDigit) == true {
            isWhole = false
            position += 1
            while let next = peek(), Self.isDigit(next) { position += 1 }
        }
        if peek() == "e" || peek() == "E" {
            let sign = peek(1) == "+" || peek(1) == "-" ? 2 : 1
            if peek(sign).map(Self.isDigit) == true {
                isWhole = false
                position += sign
                while let next = peek(), Self.isDigit(next) { position += 1 }
            }
        }
        if isWhole { return try integer(text(from: start), radix: 10, start: start) }
        guard let value = Double(text(from: start)), value.isFinite else {
            throw error("invalid double literal", at: start)
        }
        return .double(value)
    }

    private mutating func integer(_ digits: String, radix: Int, start: Int) throws(CELError) -> CELToken.Kind {
        if peek() == "u" || peek() == "U" {
            position += 1
            guard let value = UInt64(digits, radix: radix) else { throw error("invalid uint literal", at: start) }
            return .uint(value)
        }
        if let value = Int64(digits, radix: radix) { return .int(value) }
        guard UInt64(digits, radix: radix) == Int64.min.magnitude else { throw error("invalid int literal", at: start) }
        return .intMagnitudeOverflow
    }
}

extension CELError {
    /// An error with the line and column of its cause: `ERROR: <input>:1:5: …`.
    static func syntax(_ message: String, at place: Int, in scalars: [Unicode.Scalar]) -> CELError {
        let before = scalars.prefix(place)
        let line = before.count { $0 == "\n" } + 1
        let column = place - (before.lastIndex(of: "\n").map { $0 + 1 } ?? 0) + 1
        return CELError("ERROR: <input>:\(line):\(column): \(message)")
    }
}

extension CELLexer {
    /// Reads a string or bytes literal. Returns nil and reads nothing if none starts here.
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

    /// Appends the character with the code that follows; in a bytes literal, the byte itself.
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

import KubeClient

/// A JSON Pointer (RFC 6901).
struct JSONPointer: Hashable, Sendable, CustomStringConvertible {
    /// Longer pointers are rejected: API documents are not that deep.
    static let maximumLength = 128

    let tokens: [String]
    let description: String

    init(parsing text: String) throws(PatchError) {
        description = text
        guard !text.isEmpty else {
            tokens = []
            return
        }
        guard text.utf8.first == UInt8(ascii: "/") else {
            throw .malformed("JSON pointer \"\(text)\" must be empty or start with \"/\"")
        }
        let parts = text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count <= Self.maximumLength else {
            throw .malformed("JSON pointer has \(parts.count) segments, at most \(Self.maximumLength) are allowed")
        }
        var tokens: [String] = []
        for part in parts { tokens.append(try Self.unescaped(part, in: text)) }
        self.tokens = tokens
    }

    private static func unescaped(_ part: some Sequence<UInt8>, in text: String) throws(PatchError) -> String {
        var bytes: [UInt8] = []
        var isEscaped = false
        for byte in part {
            switch (isEscaped, byte) {
            case (true, UInt8(ascii: "0")): bytes.append(UInt8(ascii: "~"))
            case (true, UInt8(ascii: "1")): bytes.append(UInt8(ascii: "/"))
            case (true, _): throw .malformed("JSON pointer \"\(text)\" has a \"~\" that is not followed by 0 or 1")
            case (false, UInt8(ascii: "~")): break
            case (false, _): bytes.append(byte)
            }
            isEscaped = !isEscaped && byte == UInt8(ascii: "~")
        }
        guard !isEscaped else {
            throw .malformed("JSON pointer \"\(text)\" has a \"~\" that is not followed by 0 or 1")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The value at the pointer; nil if it does not exist.
    func value(in document: JSONValue) -> JSONValue? {
        var value = document
        for token in tokens {
            let child: JSONValue? =
                switch value {
                case .object(let object): object[token]
                case .array(let elements): Self.index(token, below: elements.count).map { elements[$0] }
                default: nil
                }
            guard let child else { return nil }
            value = child
        }
        return value
    }

    /// True if `other` points inside the value at this pointer.
    func contains(_ other: JSONPointer) -> Bool {
        other.tokens.count > tokens.count && other.tokens.starts(with: tokens)
    }

    /// The array index of a token if it is below `count`; a sign or leading zero is not allowed.
    static func index(_ token: String, below count: Int) -> Int? {
        guard token == "0" || token.utf8.first.map({ (UInt8(ascii: "1")...UInt8(ascii: "9")).contains($0) }) == true,
            let index = Int(token), index < count
        else { return nil }
        return index
    }
}

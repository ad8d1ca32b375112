/// Names of fields that are no identifiers, as expressions write them.
enum EscapedName {
    private static let reserved: Set<String> = [
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
        "let",
        "loop", "package", "namespace", "return",
    ]

    /// The field that an identifier of an expression means: `foo__dash__bar` is `foo-bar`.
    static func unescaped(_ identifier: String) -> String {
        guard identifier.utf8.starts(with: "__".utf8) || identifier.contains("__") else { return identifier }
        let bytes = Array(identifier.utf8)
        if bytes.count > 4, bytes.starts(with: "__".utf8), bytes.suffix(2).elementsEqual("__".utf8) {
            let word = String(decoding: bytes[2..<(bytes.count - 2)], as: UTF8.self)
            if reserved.contains(word) { return word }
        }
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let match = replacements.first { bytes[index...].starts(with: $0.escaped.utf8) }
            if let match {
                result += Array(match.plain.utf8)
                index += match.escaped.utf8.count
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static let replacements: [(escaped: String, plain: String)] = [
        ("__underscores__", "__"), ("__dot__", "."), ("__dash__", "-"), ("__slash__", "/"),
    ]
}

extension String {
    /// The text with `***` in place of `values`: for logs and events, which others read than those who may know them.
    ///
    /// Masked are whole values of four bytes and more, as they are and as JSON and Go quote them, the lines of those that have
    /// several, and what is left of one at the end of a text that was cut. Shorter values say nothing, and could be a
    /// part of any word.
    package func masking(_ values: [String]) -> String {
        let forms = Masking.forms(of: values)
        let masked = forms.reduce(self) { $0.replacing($1, with: Masking.mask) }
        return Masking.withoutRemnant(of: forms, in: masked)
    }
}

private enum Masking {
    static let mask = "***"
    static let shortest = 4

    /// What to look for, longest first: one may be a part of another.
    static func forms(of values: [String]) -> [String] {
        var forms: Set<String> = []
        for value in values {
            forms.insert(value)
            let json = String(JSONValue.string(value).encodedString.dropFirst().dropLast())
            forms.formUnion([
                json, escapedForHTML(json), quotedByGo(value, isASCII: false), quotedByGo(value, isASCII: true),
            ])
            for line in value.split(whereSeparator: \.isNewline) { forms.insert(String(line)) }
        }
        return forms.filter { $0.utf8.count >= shortest }
            .sorted { ($0.utf8.count, $0) > ($1.utf8.count, $1) }
    }

    /// As Go's `json.Marshal` writes it where nobody tells it otherwise.
    private static func escapedForHTML(_ json: String) -> String {
        let escapes = [
            ("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e"), ("\u{2028}", "\\u2028"), ("\u{2029}", "\\u2029"),
        ]
        return escapes.reduce(json) { $0.replacing($1.0, with: $1.1) }
    }

    /// As Go's `%q`, or for ASCII `%+q`, writes it.
    private static func quotedByGo(_ value: String, isASCII: Bool) -> String {
        func hexadecimal(_ prefix: String, _ number: UInt32, _ width: Int) -> String {
            let digits = String(number, radix: 16)
            return prefix + String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return value.unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            case "\n": "\\n"
            case "\r": "\\r"
            case "\t": "\\t"
            case "\u{7}": "\\a"
            case "\u{8}": "\\b"
            case "\u{c}": "\\f"
            case "\u{b}": "\\v"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f: hexadecimal("\\x", scalar.value, 2)
            case _ where isASCII && scalar.value > 0xffff: hexadecimal("\\U", scalar.value, 8)
            case _ where isASCII && scalar.value > 0x7f: hexadecimal("\\u", scalar.value, 4)
            default: String(scalar)
            }
        }.joined()
    }

    /// The text without the beginning of a value that stands before the mark of a cut.
    static func withoutRemnant(of forms: [String], in text: String) -> String {
        let mark = "…"
        guard text.hasSuffix(mark) else { return text }
        let bytes = Array(text.dropLast().utf8)
        for form in forms.map({ Array($0.utf8) }) {
            let first = max(0, bytes.count - form.count)
            for start in first...max(first, bytes.count - shortest)
            where bytes.count - start >= shortest && form.starts(with: bytes[start...]) {
                return String(decoding: bytes[..<start], as: UTF8.self) + mask + mark
            }
        }
        return text
    }
}

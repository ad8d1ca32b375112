extension String {
    /// The text with `***` in place of `values`: for logs and events, which others read than those who may know them.
    ///
    /// Masked are whole values of four bytes and more, as they are and as quoted strings, the lines of those that have
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
            forms.insert(String(JSONValue.string(value).encodedString.dropFirst().dropLast()))
            for line in value.split(whereSeparator: \.isNewline) { forms.insert(String(line)) }
        }
        return forms.filter { $0.utf8.count >= shortest }
            .sorted { ($0.utf8.count, $0) > ($1.utf8.count, $1) }
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

extension ValueSyntax<String> {
    /// Any text but an empty one.
    static func text(_ placeholder: String, expected: String) -> Self {
        ValueSyntax(placeholder, expected: expected) { $0.isEmpty ? nil : $0 }
    }

    static var path: Self { text("FILE", expected: "the path of a file") }

    /// The name of a namespace: a label of RFC 1123.
    static var namespace: Self {
        ValueSyntax("NS", expected: "the name of a namespace") { text in
            let isLabel =
                text.utf8.count <= 63 && !text.isEmpty && !text.hasPrefix("-") && !text.hasSuffix("-")
                && text.utf8.allSatisfy { byte in
                    byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") || byte == UInt8(ascii: "-")
                        || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
                }
            return isLabel ? text : nil
        }
    }
}

extension ValueSyntax<Int> {
    /// A whole number within `range`.
    static func wholeNumber(_ range: ClosedRange<Int>) -> Self {
        ValueSyntax(
            "N", expected: "a whole number from \(range.lowerBound) to \(range.upperBound)", form: .wholeNumber
        ) { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension ValueSyntax<Bool> {
    /// On or off; as a flag it needs no value.
    static var toggle: Self {
        ValueSyntax(nil, expected: "true or false", form: .truth) { text in
            switch text {
            case "true": true
            case "false": false
            default: nil
            }
        }
    }
}

extension ValueSyntax<Duration> {
    /// A duration such as `500ms`, `10s` or `1m30s` within `range`.
    static func duration(_ range: ClosedRange<Duration>) -> Self {
        let bounds = "\(range.lowerBound.argumentText) to \(range.upperBound.argumentText)"
        return ValueSyntax("DURATION", expected: "a duration such as 500ms, 10s or 1m30s, from \(bounds)") { text in
            Duration(argument: text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension ValueSyntax where Value: RawRepresentable<String> & CaseIterable {
    /// One of a closed set of words.
    static func word(_ placeholder: String) -> Self {
        let words = Value.allCases.map(\.rawValue)
        return ValueSyntax(placeholder, expected: words.alternatives) { text throws(ValueError) in
            if let value = Value(rawValue: text) { return value }
            guard let nearest = Spelling.nearest(to: text, among: words) else { return nil }
            throw ValueError("expected \(words.alternatives), not \"\(text)\"; did you mean \(nearest)?")
        }
    }
}

extension [String] {
    /// `a, b or c`
    var alternatives: String {
        guard count > 1, let last else { return first ?? "" }
        return dropLast().joined(separator: ", ") + " or " + last
    }
}

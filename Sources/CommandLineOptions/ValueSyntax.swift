import KubeClient

/// How a value is written, and how it is parsed.
package struct ValueSyntax<Value: Sendable>: Sendable {
    package let description: ValueDescription
    private let parser: @Sendable (String) throws(ValueError) -> Value?

    /// - Parameter parser: Returns nil if the text is not what ``ValueDescription/expected`` says; throws to say more.
    package init(
        _ placeholder: String?, expected: String, form: ValueForm = .text,
        completion: ValueDescription.Completion = .nothing,
        parser: @escaping @Sendable (String) throws(ValueError) -> Value?
    ) {
        description = ValueDescription(
            placeholder: placeholder, expected: expected, form: form, completion: completion)
        self.parser = parser
    }

    package func parse(_ text: String) throws(ValueError) -> Value {
        if let value = try parser(text) { return value }
        throw ValueError("expected \(description.expected), not \"\(text)\"")
    }

    func read(_ given: GivenValue) throws(UsageError) -> Value {
        do {
            return try parse(given.text)
        } catch {
            throw given.origin.error(error.message)
        }
    }
}

/// A description of an option's values that does not depend on their type.
package struct ValueDescription: Sendable {
    /// What a shell offers for the value.
    package enum Completion: Sendable, Equatable {
        case nothing
        case words([String])
        case files
    }

    /// The value in the help text, such as `FILE`; nil for a switch.
    package let placeholder: String?
    /// The valid values in a message: `expected a whole number from 1 to 256`.
    package let expected: String
    package let form: ValueForm
    package let completion: Completion
}

/// Why a value is invalid and what to write instead, without the place of the value.
package struct ValueError: Error {
    package let message: String

    package init(_ message: String) {
        self.message = message
    }
}

/// The type of a value in YAML.
package enum ValueForm: Sendable {
    case text
    case wholeNumber
    case boolean

    /// Converts a value of the file to the text after a flag; nil for a value of another type.
    func text(of value: JSONValue) -> String? {
        switch (self, value) {
        case (.text, .string(let text)): text
        case (.wholeNumber, .integer(let number)): String(number)
        case (.boolean, .bool(let value)): String(value)
        default: nil
        }
    }

    /// Converts the text after a flag to YAML.
    func literal(_ text: String) -> String {
        self == .text ? JSONValue.string(text).encodedString : text
    }

    /// Says what was found instead of a value of this type, and how to fix it.
    func mismatch(_ value: JSONValue) -> String {
        switch value {
        case .null: "found nothing; remove the key to use the default"
        case .array: "found a list; give one value"
        case .object: "found a mapping; give one value"
        case .string(let text) where self == .boolean:
            "found the string \"\(text)\"; write true or false, without quotes"
        case .string(let text): "found the string \"\(text)\"; write it without quotes"
        case .bool, .integer, .double:
            self == .text ? "found \(value.encodedString); put it in quotes" : "found \(value.encodedString)"
        }
    }
}

extension ValueSyntax<String> {
    /// Any text that is not empty.
    package static func text(
        _ placeholder: String, expected: String, completion: ValueDescription.Completion = .nothing
    ) -> Self {
        ValueSyntax(placeholder, expected: expected, completion: completion) { $0.isEmpty ? nil : $0 }
    }

    package static var path: Self { text("FILE", expected: "the path of a file", completion: .files) }

    /// The name of a namespace: an RFC 1123 label.
    package static var namespace: Self {
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
    package static func wholeNumber(_ range: ClosedRange<Int>) -> Self {
        ValueSyntax(
            "N", expected: "a whole number from \(range.lowerBound) to \(range.upperBound)", form: .wholeNumber
        ) { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension ValueSyntax<Bool> {
    /// A switch: `--flag`, `--flag=true` or `--flag=false`.
    package static var toggle: Self {
        ValueSyntax(nil, expected: "true or false", form: .boolean) { text in
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
    package static func duration(_ range: ClosedRange<Duration>) -> Self {
        let bounds = "\(range.lowerBound.argumentText) to \(range.upperBound.argumentText)"
        return ValueSyntax("DURATION", expected: "a duration such as 500ms, 10s or 1m30s, from \(bounds)") { text in
            Duration(argument: text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension ValueSyntax where Value: RawRepresentable<String> & CaseIterable {
    /// One of the cases, by its raw value.
    package static func word(_ placeholder: String) -> Self {
        let words = Value.allCases.map(\.rawValue)
        return ValueSyntax(placeholder, expected: words.alternatives, completion: .words(words)) {
            text throws(ValueError) in
            if let value = Value(rawValue: text) { return value }
            guard let nearest = Spelling.nearest(to: text, among: words) else { return nil }
            throw ValueError("expected \(words.alternatives), not \"\(text)\"; did you mean \(nearest)?")
        }
    }
}

extension [String] {
    /// `a, b or c`
    package var alternatives: String {
        guard count > 1, let last else { return first ?? "" }
        return dropLast().joined(separator: ", ") + " or " + last
    }
}

extension Duration {
    /// Parses Go's notation with whole numbers: `250ms`, `10s`, `1m30s`, `2h`.
    package init?(argument: String) {
        var total = Duration.zero
        var rest = argument[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let count = Int64(digits), count <= 1_000_000_000 else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            switch unit {
            case "ms": total += .milliseconds(count)
            case "s": total += .seconds(count)
            case "m": total += .seconds(count * 60)
            case "h": total += .seconds(count * 3600)
            default: return nil
            }
        }
        self = total
    }

    /// Go's notation without trailing zero units: `10s`, `1m`, `1h`.
    var argumentText: String {
        var text = goText
        if text.hasSuffix("m0s") { text.removeLast(2) }
        if text.hasSuffix("h0m") { text.removeLast(2) }
        return text
    }
}

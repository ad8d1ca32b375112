import KubeClient

/// The type that a value has in YAML.
enum ValueForm: Sendable {
    case text
    case wholeNumber
    case truth

    /// What a flag would be given for a value of the file; nil for a value of another type.
    func text(of value: JSONValue) -> String? {
        switch (self, value) {
        case (.text, .string(let text)): text
        case (.wholeNumber, .integer(let number)): String(number)
        case (.truth, .bool(let truth)): String(truth)
        default: nil
        }
    }

    /// How a value is written in YAML, given as a flag would be.
    func literal(_ text: String) -> String {
        self == .text ? JSONValue.string(text).encodedString : text
    }

    /// What was found instead of such a value, and how to mend that.
    func mismatch(_ value: JSONValue) -> String {
        switch value {
        case .null: "found nothing; leave the key out to have the default"
        case .array: "found a list; give one value"
        case .object: "found a mapping; give one value"
        case .string(let text) where self == .truth: "found the text \"\(text)\"; write true or false, without quotes"
        case .string(let text): "found the text \"\(text)\"; write it without quotes"
        case .bool, .integer, .double:
            self == .text ? "found \(value.encodedString); put it in quotes" : "found \(value.encodedString)"
        }
    }
}

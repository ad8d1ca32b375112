import KubeClient
import WorkflowAPI

/// Takes the values of an execution's parameters out of texts that others read than those who may read the execution.
///
/// What the API server, a webhook or an engine says may repeat them. Masked are whole values of four bytes and more, as
/// they are and as quoted strings, the lines of those that have several, and what is left of one at the end of a text
/// that was cut. Shorter values say nothing, and could be a part of any word.
struct ParameterMask: Sendable {
    private let parameters: [Parameter]

    private static let shortest = 4
    private static let mask = "***"

    init(_ parameters: [Parameter]) {
        self.parameters = parameters
    }

    func masked(_ text: String) -> String {
        let forms = forms
        let masked = forms.reduce(text) { $0.replacing($1, with: Self.mask) }
        return Self.withoutRemnant(of: forms, in: masked)
    }

    /// What to look for, longest first: one may be a part of another.
    private var forms: [String] {
        var forms: Set<String> = []
        for value in parameters.map(\.value) {
            forms.insert(value)
            forms.insert(String(JSONValue.string(value).encodedString.dropFirst().dropLast()))
            for line in value.split(whereSeparator: \.isNewline) { forms.insert(String(line)) }
        }
        return forms.filter { $0.utf8.count >= Self.shortest }
            .sorted { ($0.utf8.count, $0) > ($1.utf8.count, $1) }
    }

    /// The text without the beginning of a value that stands before the mark of a cut.
    private static func withoutRemnant(of forms: [String], in text: String) -> String {
        let mark = "…"
        guard text.hasSuffix(mark) else { return text }
        let bytes = Array(text.dropLast().utf8)
        for form in forms.map({ Array($0.utf8) }) {
            let first = max(0, bytes.count - form.count)
            for start in first...max(first, bytes.count - shortest)
            where bytes.count - start >= shortest && form.starts(with: bytes[start...]) {
                return String(decoding: bytes[..<start], as: UTF8.self) + Self.mask + mark
            }
        }
        return text
    }
}

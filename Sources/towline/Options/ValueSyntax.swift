/// How a value is spelled, and what it stands for.
struct ValueSyntax<Value: Sendable>: Sendable {
    /// What stands for the value in the help text; nil for a switch, which needs no value.
    let placeholder: String?
    /// What has to be written, such as `a whole number from 1 to 256`.
    let expected: String
    let form: ValueForm
    private let read: @Sendable (String) throws(ValueError) -> Value?

    /// - Parameter read: nil where the text is not what is expected; an error where there is more to say than that.
    init(
        _ placeholder: String?, expected: String, form: ValueForm = .text,
        read: @escaping @Sendable (String) throws(ValueError) -> Value?
    ) {
        self.placeholder = placeholder
        self.expected = expected
        self.form = form
        self.read = read
    }

    func parse(_ text: String) throws(ValueError) -> Value {
        if let value = try read(text) { return value }
        throw ValueError("expected \(expected), not \"\(text)\"")
    }
}

/// What is wrong with a value, and the mend; whoever knows where it stands says so before it.
struct ValueError: Error {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}

/// The query of a request, read by name.
struct QueryParameters: Sendable {
    private let items: [(name: String, value: String)]

    init(_ items: [(name: String, value: String)]) {
        self.items = items
    }

    /// The first value of a name; nil when it is absent.
    subscript(name: String) -> String? {
        items.first { $0.name == name }?.value
    }

    /// A flag; absent is false, present without a value is true, as in Go.
    func flag(_ name: String) throws(StatusError) -> Bool {
        try optionalFlag(name) ?? false
    }

    func optionalFlag(_ name: String) throws(StatusError) -> Bool? {
        guard let value = self[name] else { return nil }
        switch value {
        case "", "1", "true", "True", "t", "T", "TRUE": return true
        case "0", "false", "False", "f", "F", "FALSE": return false
        default: throw .badRequest("invalid value \"\(value)\" of query parameter \(name): expected true or false")
        }
    }

    /// A whole number that is not negative.
    func number(_ name: String) throws(StatusError) -> Int64? {
        guard let value = self[name], !value.isEmpty else { return nil }
        guard let number = Int64(value), number >= 0 else {
            throw .badRequest("invalid value \"\(value)\" of query parameter \(name): expected a whole number")
        }
        return number
    }
}

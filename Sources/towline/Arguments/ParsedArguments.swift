/// The flags of one command line, by name.
struct ParsedArguments: Sendable {
    var values: [String: [String]] = [:]
    var wantsHelp = false

    func contains(_ name: String) -> Bool { values[name] != nil }

    func all(_ name: String) -> [String] { values[name] ?? [] }

    func string(_ name: String) -> String? { values[name]?.last }

    /// Reads a whole number within `range`.
    func integer(_ name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = string(name) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw UsageError(
                "\(name) \(text): expected a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// Reads a duration such as `500ms`, `10s` or `1m30s` within `range`.
    func duration(_ name: String, in range: ClosedRange<Duration>) throws(UsageError) -> Duration? {
        guard let text = string(name) else { return nil }
        guard let value = Duration(argument: text) else {
            throw UsageError("\(name) \(text): expected a duration such as 500ms, 10s or 1m30s")
        }
        guard range.contains(value) else {
            throw UsageError("\(name) \(text): expected a duration from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// Reads one of a closed set of words.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, of type: Choice.Type
    ) throws(UsageError) -> Choice? {
        guard let text = string(name) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let words = Choice.allCases.map(\.rawValue)
        let nearest = Spelling.nearest(to: text, among: words).map { "; did you mean \($0)?" } ?? ""
        throw UsageError("\(name) \(text): expected one of \(words.joined(separator: ", "))\(nearest)")
    }
}

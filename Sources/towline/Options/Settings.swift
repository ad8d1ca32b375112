/// What a command is told by all sources together.
struct Settings: Sendable {
    /// The values of the strongest source that gives an option, by the option's name.
    private let given: [String: [GivenValue]]

    /// - Parameter sources: the strongest first. What a stronger one gives replaces what weaker ones give, lists too.
    /// - Throws: what is wrong with any value, also with one that a stronger source replaces.
    init(_ sources: [[String: [GivenValue]]], for options: [OptionSyntax]) throws(UsageError) {
        var given: [String: [GivenValue]] = [:]
        for source in sources {
            for option in options {
                guard let values = source[option.name] else { continue }
                try option.check(values)
                if given[option.name] == nil { given[option.name] = values }
            }
        }
        self.given = given
    }

    func value<Value>(_ option: Option<Value>) throws(UsageError) -> Value {
        try option.read(given[option.syntax.name] ?? [])
    }

    /// The values as given; empty where the default holds.
    func values(_ option: OptionSyntax) -> [GivenValue] { given[option.name] ?? [] }

    /// An error about several options together, which names where each that is given comes from.
    func error(about options: [OptionSyntax], _ message: String) -> UsageError {
        let origins = options.compactMap { values($0).last?.origin }
        let isOnCommandLine = origins.contains { if case .flag = $0 { true } else { false } }
        let labels = origins.isEmpty ? options.map(\.flag) : origins.map(\.label)
        return UsageError("\(labels.joined(separator: ", ")): \(message)", exitCode: isOnCommandLine ? 2 : 1)
    }
}

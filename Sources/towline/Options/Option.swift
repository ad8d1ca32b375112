/// One thing that a command can be told, and what it is worth to the program.
struct Option<Value: Sendable>: Sendable {
    let syntax: OptionSyntax
    /// What the values of the strongest source amount to; of none, the default.
    let read: @Sendable ([GivenValue]) throws(UsageError) -> Value

    private init(
        _ name: String, key: String? = nil, aliases: [String], placeholder: String?, expected: String,
        form: ValueForm, standard: String?, isList: Bool = false, reach: OptionSyntax.Reach, help: String,
        read: @escaping @Sendable ([GivenValue]) throws(UsageError) -> Value
    ) {
        self.read = read
        syntax = OptionSyntax(
            name: name, aliases: aliases, placeholder: placeholder, expected: expected, form: form, standard: standard,
            isList: isList, reach: reach, help: help, key: key ?? OptionSyntax.key(of: name)
        ) { values throws(UsageError) in _ = try read(values) }
    }

    /// An option with a default.
    init(
        _ name: String, _ value: ValueSyntax<Value>, standard: String, aliases: [String] = [],
        reach: OptionSyntax.Reach = .file, help: String
    ) {
        self.init(
            name, aliases: aliases, placeholder: value.placeholder, expected: value.expected, form: value.form,
            standard: standard, reach: reach, help: help
        ) { given throws(UsageError) in
            try value.read(given.last ?? GivenValue(text: standard, origin: .standard))
        }
    }

    /// An option that is nil where no source gives it.
    init<Wrapped: Sendable>(
        _ name: String, optional value: ValueSyntax<Wrapped>, reach: OptionSyntax.Reach = .file, help: String
    ) where Value == Wrapped? {
        self.init(
            name, aliases: [], placeholder: value.placeholder, expected: value.expected, form: value.form,
            standard: nil, reach: reach, help: help
        ) { given throws(UsageError) in
            guard let last = given.last else { return nil }
            return try value.read(last)
        }
    }

    /// An option that may be given several times; no value may stand twice.
    init<Element: Sendable>(
        _ name: String, key: String, list value: ValueSyntax<Element>, reach: OptionSyntax.Reach = .file, help: String
    ) where Value == [Element] {
        self.init(
            name, key: key, aliases: [], placeholder: value.placeholder, expected: value.expected, form: value.form,
            standard: nil, isList: true, reach: reach, help: help
        ) { given throws(UsageError) in
            var elements: [Element] = []
            for (index, element) in given.enumerated() {
                if given[..<index].contains(where: { $0.text == element.text }) {
                    throw element.origin.error("\"\(element.text)\" stands twice; give it once")
                }
                elements.append(try value.read(element))
            }
            return elements
        }
    }
}

extension ValueSyntax {
    fileprivate func read(_ given: GivenValue) throws(UsageError) -> Value {
        do {
            return try parse(given.text)
        } catch {
            throw given.origin.error(error.message)
        }
    }
}

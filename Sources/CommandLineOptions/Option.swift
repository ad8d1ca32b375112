/// One option of a command: its declaration and the type of its value.
package struct Option<Value: Sendable>: Sendable {
    package let syntax: OptionSyntax
    /// Parses the values of the highest-priority source that sets the option; an empty list gives the default.
    let read: @Sendable ([GivenValue]) throws(UsageError) -> Value

    private init(
        _ name: String, key: String? = nil, aliases: [String] = [], value: ValueDescription,
        default text: String? = nil,
        isList: Bool = false, reach: OptionSyntax.Reach, help: String,
        read: @escaping @Sendable ([GivenValue]) throws(UsageError) -> Value
    ) {
        self.read = read
        syntax = OptionSyntax(
            name: name, aliases: aliases, value: value, defaultValue: text, isList: isList, reach: reach, help: help,
            key: key ?? OptionSyntax.key(of: name)
        ) { values throws(UsageError) in _ = try read(values) }
    }

    /// An option with a default.
    package init(
        _ name: String, _ value: ValueSyntax<Value>, default text: String, aliases: [String] = [],
        reach: OptionSyntax.Reach = .file, help: String
    ) {
        self.init(
            name, aliases: aliases, value: value.description, default: text, reach: reach, help: help
        ) { given throws(UsageError) in
            try value.read(given.last ?? GivenValue(text: text, origin: .default))
        }
    }

    /// An option that is nil if no source sets it.
    package init<Wrapped: Sendable>(
        _ name: String, optional value: ValueSyntax<Wrapped>, aliases: [String] = [],
        reach: OptionSyntax.Reach = .file, help: String
    ) where Value == Wrapped? {
        self.init(name, aliases: aliases, value: value.description, reach: reach, help: help) {
            given throws(UsageError) in
            guard let last = given.last else { return nil }
            return try value.read(last)
        }
    }

    /// An option that may be repeated; each value at most once.
    package init<Element: Sendable>(
        _ name: String, key: String, list value: ValueSyntax<Element>, reach: OptionSyntax.Reach = .file, help: String
    ) where Value == [Element] {
        self.init(name, key: key, value: value.description, isList: true, reach: reach, help: help) {
            given throws(UsageError) in
            var elements: [Element] = []
            for (index, element) in given.enumerated() {
                if given[..<index].contains(where: { $0.text == element.text }) {
                    throw element.origin.error("\"\(element.text)\" is repeated; give it once")
                }
                elements.append(try value.read(element))
            }
            return elements
        }
    }
}

/// The name of an option in each source, its values and its help text.
///
/// This is the only declaration of an option. Flags, environment variables, configuration file keys, help text, shell
/// completion and the table in the documentation are derived from it.
package struct OptionSyntax: Sendable {
    /// The sources that may set the option.
    package enum Reach: Sendable {
        /// The command line only.
        case commandLine
        /// The command line and the environment.
        case environment
        /// The command line, the environment and the configuration file.
        case file
    }

    /// The flag without its dashes.
    package let name: String
    /// Other names of the flag; a single letter is a short flag.
    let aliases: [String]
    package let value: ValueDescription
    /// The default as a user would write it; nil without a default.
    package let defaultValue: String?
    /// True if the flag may be repeated; the file then takes a list, and the variable separates values with commas.
    package let isList: Bool
    package let reach: Reach
    /// One sentence for the help text, without the default.
    package let help: String
    /// The key in the configuration file.
    package let key: String
    /// Throws if the values are invalid.
    package let check: @Sendable ([GivenValue]) throws(UsageError) -> Void

    package var flag: String { "--\(name)" }

    /// All spellings of the flag, the primary one first.
    package var flags: [String] { [flag] + aliases.map { $0.count == 1 ? "-\($0)" : "--\($0)" } }

    package var variable: String { "TOWLINE_" + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined() }

    /// The flag with its placeholder, as the help text lists it; short flags come first.
    package var usage: String {
        let names = flags.filter { !$0.hasPrefix("--") } + [flag]
        return names.joined(separator: ", ") + (value.placeholder.map { " \($0)" } ?? "")
    }

    /// Derives the key from a name: `poll-interval` becomes `pollInterval`.
    static func key(of name: String) -> String {
        let words = name.split(separator: "-")
        return words.dropFirst().reduce(words.first.map(String.init) ?? "") { key, word in
            key + word.prefix(1).uppercased() + word.dropFirst()
        }
    }
}

/// A value as a source gives it, before it is parsed.
package struct GivenValue: Sendable, Hashable {
    /// The value as it would be written after a flag.
    package let text: String
    package let origin: Origin

    package init(text: String, origin: Origin) {
        (self.text, self.origin) = (text, origin)
    }
}

/// Where a value comes from.
package enum Origin: Sendable, Hashable {
    case `default`
    /// A key of the configuration file. Line and column start at 1; 0 means unknown.
    case file(path: String, line: Int, column: Int, key: String)
    /// An environment variable.
    case variable(String)
    /// A flag, with its dashes.
    case flag(String)

    /// The place in messages: `--workers`, `TOWLINE_WORKERS` or `towline.yaml:4:10: workers`.
    package var label: String {
        switch self {
        case .default: "default"
        case .file(let path, line: 0, column: _, let key): "\(path): \(key)"
        case .file(let path, let line, let column, let key): "\(path):\(line):\(column): \(key)"
        case .variable(let name), .flag(let name): name
        }
    }

    /// The place in the effective configuration: `towline.yaml:4` instead of the label of a file.
    package var summary: String {
        switch self {
        case .file(let path, line: 0, _, _): path
        case .file(let path, let line, _, _): "\(path):\(line)"
        default: label
        }
    }

    /// An error about a value from here; it exits with 2 for a flag, otherwise with 1.
    func error(_ message: String) -> UsageError {
        if case .flag = self { return UsageError("\(label): \(message)") }
        return UsageError("\(label): \(message)", exitCode: 1)
    }
}

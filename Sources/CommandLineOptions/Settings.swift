import KubeClient

/// The options of a command, merged from all sources.
package struct Settings: Sendable {
    /// The values of the highest-priority source that sets an option, by the option's name.
    private let given: [String: [GivenValue]]
    /// The argument that is not a flag, such as COMMAND in `towline help COMMAND`.
    package let operand: String?

    /// - Parameter sources: highest priority first. A list replaces the lists of lower-priority sources.
    /// - Throws: if any value is invalid, even if a higher-priority source overrides it.
    init(
        _ sources: [[String: [GivenValue]]], for options: [OptionSyntax], operand: String? = nil
    ) throws(UsageError) {
        var given: [String: [GivenValue]] = [:]
        for source in sources {
            for option in options {
                guard let values = source[option.name] else { continue }
                try option.check(values)
                if given[option.name] == nil { given[option.name] = values }
            }
        }
        self.given = given
        self.operand = operand
    }

    package func value<Value>(_ option: Option<Value>) throws(UsageError) -> Value {
        try option.read(given[option.syntax.name] ?? [])
    }

    /// The values that the sources give; empty if the default applies.
    package func values(_ option: OptionSyntax) -> [GivenValue] { given[option.name] ?? [] }

    /// An error about a combination of options; it names the origin of each one that is set.
    package func error(about options: [OptionSyntax], _ message: String) -> UsageError {
        let origins = options.compactMap { values($0).last?.origin }
        let isOnCommandLine = origins.contains { if case .flag = $0 { true } else { false } }
        let labels = origins.isEmpty ? options.map(\.flag) : origins.map(\.label)
        return UsageError("\(labels.joined(separator: ", ")): \(message)", exitCode: isOnCommandLine ? 2 : 1)
    }
}

extension CommandSyntax {
    /// Merges all sources: flags override the environment, which overrides the configuration file.
    ///
    /// - Parameters:
    ///   - environment: all variables of the process; ignored if every option is a flag only.
    ///   - read: returns the bytes of a file.
    package func settings(
        from arguments: ParsedArguments, environment: [String: String],
        read: (String) throws(UsageError) -> [UInt8]
    ) throws(UsageError) -> Settings {
        let flags = arguments.given
        guard options.contains(where: { $0.reach != .commandLine }) else {
            return try Settings([flags], for: options, operand: arguments.operand)
        }
        let variables = try EnvironmentSource(environment).values(for: options)
        let settings = try Settings([flags, variables], for: options, operand: arguments.operand)
        guard let configurationFile, let path = try settings.value(configurationFile) else { return settings }
        let file = try FileSource(read(path), path: path).values(for: options)
        return try Settings([flags, variables, file], for: options, operand: arguments.operand)
    }
}

/// The effective options as a configuration file, with the origin of each value in a comment.
package struct EffectiveConfiguration: Sendable {
    private let settings: Settings
    private let options: [OptionSyntax]

    package init(settings: Settings, options: [OptionSyntax]) {
        (self.settings, self.options) = (settings, options)
    }

    package var text: String {
        let lines = options.filter { $0.reach == .file }.map(line)
        return (["apiVersion: \(FileSource.apiVersion)", "kind: \(FileSource.kind)"] + lines).joined(separator: "\n")
    }

    private func line(_ option: OptionSyntax) -> String {
        let values = settings.values(option)
        guard let origin = values.first?.origin else {
            guard let text = option.defaultValue else { return "# \(option.key) is not set" }
            return "\(option.key): \(option.value.form.literal(text)) # \(Origin.default.summary)"
        }
        let literals = values.map { option.value.form.literal($0.text) }
        let value = option.isList ? "[\(literals.joined(separator: ", "))]" : literals.joined()
        return "\(option.key): \(value) # \(origin.summary)"
    }
}

/// A mistake in the command line or the configuration: what is wrong, where, and how to fix it.
package struct UsageError: Error, CustomStringConvertible {
    package let description: String
    /// The exit code of the process: 2 for the command line, 1 for the environment or a file.
    package let exitCode: Int32

    package init(_ description: String, exitCode: Int32 = 2) {
        // The description may quote input of any length.
        self.description = description.bounded(to: 4096)
        self.exitCode = exitCode
    }
}

/// What a command is called, what it does and which options it takes.
struct CommandSyntax: Sendable {
    let name: String
    let abstract: String
    /// Paragraphs below the flags in the help text.
    var discussion = ""
    var options: [OptionSyntax] = []
    /// Flags of similar programs that have no meaning here, each with what to do instead.
    var foreignFlags: [String: String] = [:]
    /// The option that names the configuration file; nil for a command that reads none.
    var configurationFile: Option<String?>?

    /// The flag that every command understands, and what it does.
    private static let help = (flag: "--help", text: "Print this help.")

    /// The text of `towline NAME --help`.
    var helpText: String {
        let rows =
            options.map { (usage: $0.usage, text: $0.helpLine) } + [(usage: Self.help.flag, text: Self.help.text)]
        let width = rows.map(\.usage.count).max() ?? 0
        var lines = ["\(abstract)", "", "Usage: towline \(name)\(options.isEmpty ? "" : " [flags]")", "", "Flags:"]
        for row in rows {
            lines.append("  \(row.usage)\(String(repeating: " ", count: width - row.usage.count))  \(row.text)")
        }
        if !discussion.isEmpty { lines += ["", discussion] }
        return lines.joined(separator: "\n")
    }

    /// Sorts `arguments` into flags; `--name value` and `--name=value` mean the same, as `--name` and `--name=true` do.
    func parse(_ arguments: some Collection<String>) throws(UsageError) -> ParsedArguments {
        var parsed = ParsedArguments()
        var rest = Array(arguments)[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("-"), argument != "-" else { throw unexpected(argument) }
            if argument == "-h" || argument == Self.help.flag {
                parsed.wantsHelp = true
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let flag = String(parts.first ?? "")
            guard let option = options.first(where: { $0.flags.contains(flag) }) else { throw unknown(flag) }
            let text = try value(of: option, flag, inline: parts.count > 1 ? String(parts[1]) : nil, rest: &rest)
            if !option.isList, let other = parsed.given[option.name]?.first?.origin.label {
                throw UsageError(
                    other == flag
                        ? "\(flag) was given twice; give it once"
                        : "\(other) and \(flag) mean the same; give one of them")
            }
            parsed.given[option.name, default: []].append(GivenValue(text: text, origin: .flag(flag)))
        }
        return parsed
    }

    private func value(
        of option: OptionSyntax, _ flag: String, inline: String?, rest: inout ArraySlice<String>
    ) throws(UsageError) -> String {
        if let inline { return inline }
        guard let placeholder = option.placeholder else { return "true" }
        guard let next = rest.popFirst() else { throw UsageError("\(flag) needs a value: \(flag) \(placeholder)") }
        return next
    }

    private func unknown(_ flag: String) -> UsageError {
        if let mend = foreignFlags[flag] { return UsageError("\(flag) has no meaning for 'towline \(name)'; \(mend)") }
        let nearest = Spelling.nearest(to: flag, among: options.flatMap(\.flags) + [Self.help.flag])
        let mend = nearest.map { "did you mean \($0)?" } ?? "see 'towline \(name) --help'"
        return UsageError("unknown flag \(flag) for 'towline \(name)'; \(mend)")
    }

    private func unexpected(_ argument: String) -> UsageError {
        UsageError("unexpected argument \"\(argument)\" for 'towline \(name)'; see 'towline \(name) --help'")
    }
}

extension OptionSyntax {
    /// The sentence of the help text, with what else there is to know.
    fileprivate var helpLine: String {
        var line = help
        if isList { line += " May be repeated." }
        if !aliases.isEmpty { line += " Also \(flags.dropFirst().joined(separator: ", "))." }
        if let standard, placeholder != nil { line += " Default: \(standard)." }
        return line
    }
}

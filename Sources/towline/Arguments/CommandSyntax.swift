/// What a command is called, what it does and which flags it takes.
struct CommandSyntax: Sendable {
    let name: String
    let abstract: String
    /// Paragraphs below the flags in the help text.
    var discussion = ""
    var flags: [Flag] = []

    /// Every command understands this one.
    static let help = Flag("--help", help: "Print this help.")

    /// The text of `towline NAME --help`.
    var helpText: String {
        let all = flags + [Self.help]
        let width = all.map(\.usage.count).max() ?? 0
        var lines = ["\(abstract)", "", "Usage: towline \(name)\(flags.isEmpty ? "" : " [flags]")", "", "Flags:"]
        for flag in all {
            let padding = String(repeating: " ", count: width - flag.usage.count)
            lines.append("  \(flag.usage)\(padding)  \(flag.help)\(flag.repeats ? " May be repeated." : "")")
        }
        if !discussion.isEmpty { lines += ["", discussion] }
        return lines.joined(separator: "\n")
    }

    /// Sorts `arguments` into flags; `--name value` and `--name=value` mean the same.
    func parse(_ arguments: some Collection<String>) throws(UsageError) -> ParsedArguments {
        var parsed = ParsedArguments()
        var rest = Array(arguments)[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("-"), argument != "-" else { throw unexpected(argument) }
            if argument == "-h" || argument == Self.help.name {
                parsed.wantsHelp = true
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts.first ?? "")
            guard let flag = flags.first(where: { $0.name == name }) else { throw unknown(name) }
            let value = try value(of: flag, inline: parts.count > 1 ? String(parts[1]) : nil, rest: &rest)
            if !flag.repeats, parsed.values[name] != nil {
                throw UsageError("\(name) was given twice; give it once")
            }
            parsed.values[name, default: []].append(value)
        }
        return parsed
    }

    private func value(of flag: Flag, inline: String?, rest: inout ArraySlice<String>) throws(UsageError) -> String {
        guard let valueName = flag.valueName else {
            guard inline == nil else { throw UsageError("\(flag.name) takes no value") }
            return ""
        }
        if let inline { return inline }
        guard let next = rest.popFirst() else {
            throw UsageError("\(flag.name) needs a value: \(flag.name) \(valueName)")
        }
        return next
    }

    private func unknown(_ name: String) -> UsageError {
        let nearest = Spelling.nearest(to: name, among: (flags + [Self.help]).map(\.name))
        let mend = nearest.map { "did you mean \($0)?" } ?? "see 'towline \(self.name) --help'"
        return UsageError("unknown flag \(name) for 'towline \(self.name)'; \(mend)")
    }

    private func unexpected(_ argument: String) -> UsageError {
        UsageError("unexpected argument \"\(argument)\" for 'towline \(name)'; see 'towline \(name) --help'")
    }
}

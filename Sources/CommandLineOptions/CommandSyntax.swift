/// The declaration of a command: its name, what it does, and its options.
package struct CommandSyntax: Sendable {
    /// The name of the executable.
    package let program: String
    package let name: String
    /// One sentence for the list of commands.
    package let abstract: String
    /// Paragraphs below the abstract in the help text; lines that begin with a blank are not wrapped.
    var discussion = ""
    /// The argument that is not a flag; nil if the command takes none.
    var operand: OperandSyntax?
    package var options: [OptionSyntax] = []
    /// Flags of similar programs that have no effect here, each with what to do instead.
    var foreignFlags: [String: String] = [:]
    /// The option that names the configuration file; nil for a command that reads none.
    var configurationFile: Option<String?>?

    package init(
        program: String, name: String, abstract: String, discussion: String = "", operand: OperandSyntax? = nil,
        options: [OptionSyntax] = [], foreignFlags: [String: String] = [:], configurationFile: Option<String?>? = nil
    ) {
        (self.program, self.name, self.abstract, self.discussion) = (program, name, abstract, discussion)
        (self.operand, self.options) = (operand, options)
        (self.foreignFlags, self.configurationFile) = (foreignFlags, configurationFile)
    }

    /// The command as a user types it.
    var invocation: String { "\(program) \(name)" }
}

/// The argument of a command that is not a flag, such as SHELL in `towline completion SHELL`.
package struct OperandSyntax: Sendable {
    let placeholder: String
    /// The valid values.
    let words: [String]
    let isRequired: Bool

    package init(_ placeholder: String, words: [String], isRequired: Bool) {
        (self.placeholder, self.words, self.isRequired) = (placeholder, words, isRequired)
    }

    var usage: String { isRequired ? placeholder : "[\(placeholder)]" }
}

/// A parsed command line.
package struct ParsedArguments: Sendable {
    /// The values of the flags, by the names of their options.
    var given: [String: [GivenValue]] = [:]
    var operand: String?
    var wantsHelp = false
}

// MARK: Parsing

extension CommandSyntax {
    static let help = (flag: "--help", short: "-h", text: "Print this help.")

    /// Parses `arguments`: `--name value` equals `--name=value`, and `--name` equals `--name=true` for a switch.
    package func parse(_ arguments: some Collection<String>) throws(UsageError) -> ParsedArguments {
        var parsed = ParsedArguments()
        var rest = Array(arguments)[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("-"), argument != "-" else {
                guard operand != nil, parsed.operand == nil else { throw unexpected(argument) }
                parsed.operand = try check(operand: argument)
                continue
            }
            if argument == Self.help.short || argument == Self.help.flag {
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
                        ? "\(flag) is repeated; give it once"
                        : "\(other) and \(flag) are the same option; give one of them")
            }
            parsed.given[option.name, default: []].append(GivenValue(text: text, origin: .flag(flag)))
        }
        if let operand, operand.isRequired, parsed.operand == nil, !parsed.wantsHelp {
            throw UsageError("\(operand.placeholder) is missing; use '\(invocation) \(operand.words.alternatives)'")
        }
        return parsed
    }

    private func value(
        of option: OptionSyntax, _ flag: String, inline: String?, rest: inout ArraySlice<String>
    ) throws(UsageError) -> String {
        if let inline { return inline }
        guard let placeholder = option.value.placeholder else { return "true" }
        guard let next = rest.popFirst() else { throw UsageError("\(flag) needs a value: \(flag) \(placeholder)") }
        return next
    }

    private func check(operand text: String) throws(UsageError) -> String {
        let words = operand?.words ?? []
        guard !words.contains(text) else { return text }
        let nearest = Spelling.nearest(to: text, among: words)
        let fix = nearest.map { "did you mean \($0)?" } ?? "use \(words.alternatives)"
        throw UsageError("unknown \(operand?.placeholder ?? "") \"\(text)\" for '\(invocation)'; \(fix)")
    }

    private func unknown(_ flag: String) -> UsageError {
        if let fix = foreignFlags[flag] { return UsageError("\(flag) has no effect in '\(invocation)'; \(fix)") }
        let nearest = Spelling.nearest(to: flag, among: options.flatMap(\.flags) + [Self.help.flag])
        let fix = nearest.map { "did you mean \($0)?" } ?? "see '\(invocation) --help'"
        return UsageError("unknown flag \(flag) for '\(invocation)'; \(fix)")
    }

    private func unexpected(_ argument: String) -> UsageError {
        UsageError("unexpected argument \"\(argument)\" for '\(invocation)'; see '\(invocation) --help'")
    }
}

// MARK: Help

extension CommandSyntax {
    /// The output of `towline NAME --help`; no line is longer than 80 columns.
    package var helpText: String {
        var usage = "Usage: \(invocation)"
        if let operand { usage += " \(operand.usage)" }
        if !options.isEmpty { usage += " [flags]" }
        var lines = HelpText.wrap(abstract)
        if !discussion.isEmpty { lines += [""] + HelpText.paragraphs(discussion) }
        lines += ["", usage, "", "Flags:"]
        lines += HelpText.definitions(
            options.map { ($0.usage, $0.helpSentences) } + [("\(Self.help.short), \(Self.help.flag)", Self.help.text)])
        return lines.joined(separator: "\n")
    }
}

extension OptionSyntax {
    fileprivate var helpSentences: String {
        var text = help
        if isList { text += " May be repeated." }
        let others = flags.dropFirst().filter { $0.hasPrefix("--") }
        if !others.isEmpty { text += " Alias: \(others.joined(separator: ", "))." }
        if let defaultValue, value.placeholder != nil { text += " Default: \(defaultValue)." }
        return text
    }
}

/// Formats help texts for a terminal of 80 columns.
package enum HelpText {
    private static let width = 80
    /// A longer term is on a separate line above its text.
    private static let termWidth = 24

    /// A list of terms with their texts in a second column.
    package static func definitions(_ rows: [(term: String, text: String)]) -> [String] {
        let column = min(termWidth, rows.map(\.term.count).max() ?? 0)
        return rows.flatMap { row in
            let lines = wrap(row.text, indent: column + 4)
            guard row.term.count <= column, let first = lines.first else { return ["  \(row.term)"] + lines }
            let padding = String(repeating: " ", count: column - row.term.count)
            return ["  \(row.term)\(padding)  \(first.drop { $0 == " " })"] + lines.dropFirst()
        }
    }

    /// Wraps the paragraphs of a text; lines that begin with a blank stay as they are.
    static func paragraphs(_ text: String) -> [String] {
        text.split(separator: "\n\n", omittingEmptySubsequences: false).enumerated().flatMap { index, paragraph in
            let isVerbatim = paragraph.hasPrefix(" ")
            let lines = isVerbatim ? paragraph.split(separator: "\n").map(String.init) : wrap(String(paragraph))
            return (index > 0 ? [""] : []) + lines
        }
    }

    static func wrap(_ text: String, indent: Int = 0) -> [String] {
        let blanks = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = ""
        for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            if !line.isEmpty, indent + line.count + 1 + word.count > width {
                lines.append(blanks + line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " \(word)"
        }
        return line.isEmpty ? lines : lines + [blanks + line]
    }
}

/// Writes completion scripts for shells from the declarations of commands and options.
struct ShellCompletion {
    enum Shell: String, CaseIterable {
        case bash, zsh, fish
    }

    private let program: Program

    init(_ program: Program) {
        self.program = program
    }

    func script(for shell: Shell) -> String {
        switch shell {
        case .bash: bash
        case .zsh: zsh
        case .fish: fish
        }
    }

    /// The name of a shell function: `towline-sandbox` becomes `_towline_sandbox`.
    private var function: String { "_" + program.name.map { $0 == "-" ? "_" : String($0) }.joined() }

    private var commands: [CommandSyntax] { program.commands.map(\.syntax) }

    private static let globalFlags = ["--help", "--version"]
}

// MARK: bash

extension ShellCompletion {
    private var bash: String {
        var lines = [
            "# bash completion for \(program.name)",
            "\(function)() {",
            "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=",
            "    # bash splits --flag=value into three words.",
            "    if [[ $cur == = ]]; then cur=",
            "    elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi",
            "    if ((COMP_CWORD == 1)); then",
            "        words=\"\((commands.map(\.name) + Self.globalFlags).joined(separator: " "))\"",
            "    else",
            "        case \"${COMP_WORDS[1]} $prev\" in",
        ]
        for command in commands {
            for option in command.options where option.value.placeholder != nil {
                let patterns = option.flags.map { "\"\(command.name) \($0)\"" }.joined(separator: "|")
                lines.append("            \(patterns)) \(bashValues(option.value.completion))")
            }
        }
        lines += ["            *) case ${COMP_WORDS[1]} in"]
        for command in commands {
            let flags = command.options.flatMap(\.flags) + [CommandSyntax.help.flag]
            let words = (command.operand?.words ?? []) + flags
            lines.append("                \(command.name)) words=\"\(words.joined(separator: " "))\" ;;")
        }
        lines += [
            "            esac ;;", "        esac", "    fi",
            "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")", "}",
            "complete -F \(function) \(program.name)",
        ]
        return lines.joined(separator: "\n")
    }

    private func bashValues(_ completion: ValueDescription.Completion) -> String {
        switch completion {
        case .nothing: "return ;;"
        case .words(let words): "words=\"\(words.joined(separator: " "))\" ;;"
        case .files:
            "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return ;;"
        }
    }
}

// MARK: zsh

extension ShellCompletion {
    private var zsh: String {
        var lines = [
            "#compdef \(program.name)",
            "\(function)() {",
            "    if (( CURRENT == 2 )); then",
            "        local -a commands=(",
        ]
        lines += commands.map { "            \(Self.quoted("\($0.name):\($0.abstract)"))" }
        lines += [
            "        )",
            "        if [[ $words[2] == -* ]]; then compadd -- \(Self.globalFlags.joined(separator: " "))",
            "        else _describe command commands; fi",
            "        return",
            "    fi",
            "    local command=$words[2]",
            "    shift words",
            "    (( CURRENT-- ))",
            "    case $command in",
        ]
        for command in commands {
            var specifications = command.options.flatMap(zshSpecifications)
            specifications.append(Self.quoted("--help[\(CommandSyntax.help.text)]"))
            if let operand = command.operand {
                specifications.append(Self.quoted("1:\(operand.placeholder):(\(operand.words.joined(separator: " ")))"))
            }
            lines.append("        \(command.name)) _arguments \\")
            lines.append(specifications.map { "            \($0)" }.joined(separator: " \\\n") + " ;;")
        }
        lines += [
            "    esac", "}",
            "if [ \"$funcstack[1]\" = \"\(function)\" ]; then \(function) \"$@\"; "
                + "else compdef \(function) \(program.name); fi",
        ]
        return lines.joined(separator: "\n")
    }

    /// What `_arguments` needs for an option: one specification for each spelling of its flag.
    private func zshSpecifications(_ option: OptionSyntax) -> [String] {
        let text = option.help.replacing("[", with: "\\[").replacing("]", with: "\\]").replacing(":", with: "\\:")
        return option.flags.map { flag in
            var specification = option.isList ? "*" : ""
            specification += flag
            if option.value.placeholder != nil { specification += flag.hasPrefix("--") ? "=" : "" }
            specification += "[\(text)]"
            guard let placeholder = option.value.placeholder else { return Self.quoted(specification) }
            specification += ":\(placeholder.replacing(":", with: "\\:")):"
            switch option.value.completion {
            case .nothing: break
            case .words(let words): specification += "(\(words.joined(separator: " ")))"
            case .files: specification += "_files"
            }
            return Self.quoted(specification)
        }
    }

    private static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
}

// MARK: fish

extension ShellCompletion {
    private var fish: String {
        let name = program.name
        var lines = ["# fish completion for \(name)", "complete -c \(name) -f"]
        lines += commands.map {
            "complete -c \(name) -n __fish_use_subcommand -a \($0.name) -d \(Self.fishQuoted($0.abstract))"
        }
        lines += Self.globalFlags.map { "complete -c \(name) -n __fish_use_subcommand -l \($0.dropFirst(2))" }
        for command in commands {
            let prefix = "complete -c \(name) -n '__fish_seen_subcommand_from \(command.name)'"
            if let operand = command.operand {
                lines.append("\(prefix) -a \(Self.fishQuoted(operand.words.joined(separator: " ")))")
            }
            for option in command.options {
                let flags = option.flags.map { $0.hasPrefix("--") ? "-l \($0.dropFirst(2))" : "-s \($0.dropFirst())" }
                let values =
                    switch option.value.completion {
                    case _ where option.value.placeholder == nil: ""
                    case .nothing: " -x"
                    case .words(let words): " -x -a \(Self.fishQuoted(words.joined(separator: " ")))"
                    case .files: " -r -F"
                    }
                lines.append("\(prefix) \(flags.joined(separator: " "))\(values) -d \(Self.fishQuoted(option.help))")
            }
            lines.append("\(prefix) -s h -l help -d \(Self.fishQuoted(CommandSyntax.help.text))")
        }
        return lines.joined(separator: "\n")
    }

    private static func fishQuoted(_ text: String) -> String {
        "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
    }
}

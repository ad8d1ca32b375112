import FoundationEssentials
import KubeClient

#if canImport(Glibc)
import Glibc
#endif

/// A command of an executable.
package protocol Command: Sendable {
    static var syntax: CommandSyntax { get }

    /// Throws a ``UsageError`` if the options are invalid.
    init(_ settings: Settings) throws

    /// Runs the command and returns the exit code.
    func run() async throws -> Int32
}

/// A command without its type.
package struct CommandEntry: Sendable {
    package let syntax: CommandSyntax
    /// Reads the settings, runs the command and returns the exit code.
    let run: @Sendable (Settings) async throws -> Int32

    package init<Chosen: Command>(_ command: Chosen.Type) {
        self.init(command.syntax) { settings in try await Chosen(settings).run() }
    }

    init(_ syntax: CommandSyntax, run: @escaping @Sendable (Settings) async throws -> Int32) {
        (self.syntax, self.run) = (syntax, run)
    }
}

/// An executable with commands: parses the command line and runs one of them.
///
/// Every program has the commands `version`, `completion` and `help`, and the flags `--version` and `--help`.
package struct Program: Sendable {
    package let name: String
    let abstract: String
    package let commands: [CommandEntry]

    package init(_ name: String, abstract: String, commands: [CommandEntry]) {
        (self.name, self.abstract) = (name, abstract)
        self.commands =
            commands
            + [Self.version(of: name), Self.completion(of: name, commands), Self.help(of: name, commands)]
    }

    /// Runs the command that the process was started with and exits.
    package func main() async -> Never {
        // A closed pipe or connection is an error to handle, not a reason to end the process.
        signal(SIGPIPE, SIG_IGN)
        let code = await run(
            Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment)
        exit(code)
    }

    func run(_ arguments: [String], environment: [String: String]) async -> Int32 {
        do {
            guard let first = arguments.first else { throw UsageError("the command is missing\n\n\(helpText)") }
            var rest = Array(arguments.dropFirst())
            let word: String
            switch first {
            case "--help", "-h": word = "help"
            case "--version": word = "version"
            default: word = first
            }
            if word == "help", rest.isEmpty {
                Console.print(helpText)
                return 0
            }
            guard var command = command(word) else { throw unknown(word) }
            if word == "help", let topic = rest.first, let other = self.command(topic) {
                (command, rest) = (other, ["--help"])
            }
            let parsed = try command.syntax.parse(rest)
            if parsed.wantsHelp {
                Console.print(command.syntax.helpText)
                return 0
            }
            let settings = try command.syntax.settings(
                from: parsed, environment: environment, read: Self.contents)
            return try await command.run(settings)
        } catch let error as UsageError {
            Console.printError("\(name): \(error)")
            return error.exitCode
        } catch {
            Console.printError("\(name): \(error)")
            return 1
        }
    }

    private func command(_ name: String) -> CommandEntry? { commands.first { $0.syntax.name == name } }

    private static func contents(of path: String) throws(UsageError) -> [UInt8] {
        do {
            return try BoundedFile.read(path).get()
        } catch {
            throw UsageError(error.message, exitCode: 1)
        }
    }

    private func unknown(_ word: String) -> UsageError {
        let nearest = Spelling.nearest(to: word, among: commands.map(\.syntax.name))
        let fix = nearest.map { "did you mean \($0)?" } ?? "see '\(name) --help'"
        return UsageError("unknown command \"\(word)\"; \(fix)")
    }

    /// The output of `towline --help`.
    package var helpText: String {
        let lines =
            HelpText.wrap(abstract) + ["", "Usage: \(name) COMMAND [flags]", "", "Commands:"]
            + HelpText.definitions(commands.map { ($0.syntax.name, $0.syntax.abstract) })
            + ["", "Run '\(name) help COMMAND' for the flags of a command."]
        return lines.joined(separator: "\n")
    }
}

// MARK: Built-in commands

extension Program {
    private enum OutputFormat: String, CaseIterable {
        case text, json
    }

    private static func version(of program: String) -> CommandEntry {
        let output = Option(
            "output", ValueSyntax<OutputFormat>.word("FORMAT"), default: "text", aliases: ["o"], reach: .commandLine,
            help: "Print text or json.")
        let syntax = CommandSyntax(
            program: program, name: "version", abstract: "Print the version and the commit.",
            options: [output.syntax])
        return CommandEntry(syntax) { settings in
            switch try settings.value(output) {
            case .text: Console.print("\(program) \(BuildInfo.version) (commit \(BuildInfo.commit))")
            case .json:
                let version: JSONValue = [
                    "version": .string(BuildInfo.version), "commit": .string(BuildInfo.commit),
                    "platform": .string(BuildInfo.platform),
                ]
                Console.print(version.encodedString)
            }
            return 0
        }
    }

    private static func completion(of program: String, _ commands: [CommandEntry]) -> CommandEntry {
        let shells = ShellCompletion.Shell.allCases.map(\.rawValue)
        let syntax = CommandSyntax(
            program: program, name: "completion", abstract: "Print a completion script for bash, zsh or fish.",
            discussion: """
                Load it in the current shell:

                  source <(\(program) completion bash)
                  source <(\(program) completion zsh)
                  \(program) completion fish | source

                Add the line to ~/.bashrc, ~/.zshrc (after compinit) or ~/.config/fish/config.fish to keep it.
                """,
            operand: OperandSyntax("SHELL", words: shells, isRequired: true))
        return CommandEntry(syntax) { settings in
            guard let shell = settings.operand.flatMap(ShellCompletion.Shell.init(rawValue:)) else { return 2 }
            let program = Program(program, abstract: "", commands: commands)
            Console.print(ShellCompletion(program).script(for: shell))
            return 0
        }
    }

    /// Declares the `help` command. ``run(_:environment:)`` prints the topics, so this declaration only rejects a topic
    /// that does not exist.
    private static func help(of program: String, _ commands: [CommandEntry]) -> CommandEntry {
        let names = commands.map(\.syntax.name) + ["version", "completion", "help"]
        let syntax = CommandSyntax(
            program: program, name: "help", abstract: "Print the help of a command.",
            operand: OperandSyntax("COMMAND", words: names, isRequired: false))
        return CommandEntry(syntax) { _ in 0 }
    }
}

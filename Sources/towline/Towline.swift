import FoundationEssentials
import KubeClient

#if canImport(Glibc)
import Glibc
#endif

/// The executable: picks the command, reads what it is told, runs it and ends with its exit code.
@main
struct Towline {
    /// Every command, in the order of the help text.
    static let commands = [
        CommandEntry(OperatorCommand.self), CommandEntry(SandboxCommand.self), CommandEntry(DemoCommand.self),
        CommandEntry(VersionCommand.self),
    ]

    static func main() async {
        // A reader that goes away (a closed pipe, a dropped connection) is an error to handle, not a reason to die.
        signal(SIGPIPE, SIG_IGN)
        let code = await run(Array(CommandLine.arguments.dropFirst()))
        exit(code)
    }

    static func run(_ arguments: [String]) async -> Int32 {
        do {
            guard let first = arguments.first else { throw UsageError("a command is missing\n\n\(helpText)") }
            if ["help", "--help", "-h"].contains(first) {
                Console.print(helpText)
                return 0
            }
            guard let command = commands.first(where: { $0.syntax.name == first }) else { throw unknown(first) }
            let parsed = try command.syntax.parse(arguments.dropFirst())
            if parsed.wantsHelp {
                Console.print(command.syntax.helpText)
                return 0
            }
            let settings = try command.syntax.settings(
                from: parsed, environment: ProcessInfo.processInfo.environment, read: contents(of:))
            return try await command.run(settings)
        } catch let error as UsageError {
            Console.printError("towline: \(error)")
            return error.exitCode
        } catch {
            Console.printError("towline: \(error)")
            return 1
        }
    }

    /// The bytes of a configuration file.
    private static func contents(of path: String) throws(UsageError) -> [UInt8] {
        do {
            return try BoundedFile.read(path).get()
        } catch {
            throw UsageError(error.message, exitCode: 1)
        }
    }

    private static func unknown(_ word: String) -> UsageError {
        let nearest = Spelling.nearest(to: word, among: commands.map(\.syntax.name))
        let mend = nearest.map { "did you mean \($0)?" } ?? "see 'towline --help'"
        return UsageError("unknown command \"\(word)\"; \(mend)")
    }

    static var helpText: String {
        let width = commands.map(\.syntax.name.count).max() ?? 0
        let lines = commands.map { command in
            let syntax = command.syntax
            return "  \(syntax.name)\(String(repeating: " ", count: width - syntax.name.count))  \(syntax.abstract)"
        }
        return """
            Towline hands a workflow to the engine that can run it, and tells the truth about how it ended.

            Usage: towline COMMAND [flags]

            Commands:
            \(lines.joined(separator: "\n"))

            'towline COMMAND --help' prints the flags of a command.
            """
    }
}

/// One of the executable's commands.
protocol Command: Sendable {
    static var syntax: CommandSyntax { get }

    /// Reads the flags; throws a ``UsageError`` that names the flag and the mend.
    init(_ arguments: ParsedArguments) throws

    /// Does the work and returns the exit code.
    func run() async throws -> Int32
}

/// A command as the list of commands holds it.
struct CommandEntry: Sendable {
    let syntax: CommandSyntax
    /// Reads the flags, does the work and returns the exit code.
    let run: @Sendable (ParsedArguments) async throws -> Int32

    init<Chosen: Command>(_ command: Chosen.Type) {
        syntax = command.syntax
        run = { arguments in try await Chosen(arguments).run() }
    }
}

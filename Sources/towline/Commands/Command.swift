/// One of the executable's commands.
protocol Command: Sendable {
    static var syntax: CommandSyntax { get }

    /// Reads what it is told; throws a ``UsageError`` that names the option and the mend.
    init(_ settings: Settings) throws

    /// Does the work and returns the exit code.
    func run() async throws -> Int32
}

/// A command as the list of commands holds it.
struct CommandEntry: Sendable {
    let syntax: CommandSyntax
    /// Reads what it is told, does the work and returns the exit code.
    let run: @Sendable (Settings) async throws -> Int32

    init<Chosen: Command>(_ command: Chosen.Type) {
        syntax = command.syntax
        run = { settings in try await Chosen(settings).run() }
    }
}

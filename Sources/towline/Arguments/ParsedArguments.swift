/// What a command line says.
struct ParsedArguments: Sendable {
    /// The values of the flags, by the names of their options.
    var given: [String: [GivenValue]] = [:]
    var wantsHelp = false
}

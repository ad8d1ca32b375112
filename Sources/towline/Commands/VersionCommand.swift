/// `towline version`
struct VersionCommand: Command {
    static let syntax = CommandSyntax(name: "version", abstract: "Print the version.")

    init(_ settings: Settings) {}

    func run() -> Int32 {
        Console.print("towline \(Version.current)")
        return 0
    }
}

import CommandLineOptions

/// `towline`: the operator.
@main
struct Towline {
    static let program = Program(
        "towline", abstract: "Runs workflows on Tekton and Argo, and reports how they end.",
        commands: [CommandEntry(OperatorCommand.self)])

    static func main() async {
        await program.main()
    }
}

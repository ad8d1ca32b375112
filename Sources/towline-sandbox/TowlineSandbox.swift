import CommandLineOptions

/// `towline-sandbox`: a Kubernetes API server with simulated engines, and the demo on it.
@main
struct TowlineSandbox {
    static let program = Program(
        "towline-sandbox",
        abstract: "Try Towline without a cluster: a Kubernetes API server with simulated Tekton and Argo.",
        commands: [
            CommandEntry(DemoCommand.self), CommandEntry(ServeCommand.self), CommandEntry(ExamplesCommand.self),
        ])

    static func main() async {
        await program.main()
    }
}

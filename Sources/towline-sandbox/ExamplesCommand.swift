import CommandLineOptions
import KubeClient

/// The example manifests in the executable.
enum Examples {
    /// The Pipelines and WorkflowTemplates that the examples run, and the catalog.
    static var workflows: [Manifest] {
        get throws { try Manifest.embedded(in: "examples/workflows") }
    }

    /// The executions and environments, including those that the API server must reject.
    static var objects: [Manifest] {
        get throws { try Manifest.embedded(in: "examples") + Manifest.embedded(in: "examples/invalid") }
    }

    /// The names of the valid examples' files.
    static var names: [String] {
        EmbeddedFile.files(in: "examples").map { String($0.path.dropFirst("examples/".count).dropLast(".yaml".count)) }
    }

    /// The YAML text of an example; `workflows` is all workflows together.
    static func text(of name: String) -> String {
        guard name == "workflows" else {
            return EmbeddedFile.files(in: "examples").first { $0.path == "examples/\(name).yaml" }?.text ?? ""
        }
        return EmbeddedFile.files(in: "examples/workflows").map(\.text).joined(separator: "---\n")
    }

    /// The first comment of an example, up to its first period.
    static func title(of name: String) -> String {
        let lines = text(of: name).split(separator: "\n").prefix { $0.hasPrefix("#") }
        let comment = lines.map { $0.drop { $0 == "#" || $0 == " " } }.joined(separator: " ")
        return comment.split(separator: ". ").first.map { $0.hasSuffix(".") ? String($0) : "\($0)." } ?? ""
    }
}

/// `towline-sandbox examples`
struct ExamplesCommand: Command {
    static let syntax = CommandSyntax(
        program: "towline-sandbox", name: "examples",
        abstract: "List the examples, or print one for kubectl apply.",
        discussion: """
              towline-sandbox examples workflows | kubectl apply -f -
              towline-sandbox examples smallest-tekton | kubectl apply -f -
            """,
        operand: OperandSyntax("NAME", words: ["workflows"] + Examples.names, isRequired: false))

    private let name: String?

    init(_ settings: Settings) {
        name = settings.operand
    }

    func run() -> Int32 {
        if let name {
            Console.write(Examples.text(of: name))
            return 0
        }
        let rows =
            [("workflows", "The Pipelines and WorkflowTemplates that the examples run, and the catalog.")]
            + Examples.names.map { ($0, Examples.title(of: $0)) }
        Console.print(HelpText.definitions(rows).joined(separator: "\n"))
        return 0
    }
}

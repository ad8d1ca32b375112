@testable import towline

/// A command with an option of each kind, for tests.
enum Samples {
    enum Fruit: String, CaseIterable {
        case apple, pear, cherry
    }

    static let config = Option("config", optional: .path, reach: .environment, help: "Read FILE.")
    static let now = Option("now", .toggle, standard: "false", reach: .commandLine, help: "Do it now.")
    static let names = Option("name", key: "names", list: .namespace, help: "One of the names.")
    static let workers = Option(
        "worker-count", .wholeNumber(1...8), standard: "4", aliases: ["threads"], help: "How many work.")
    static let pause = Option(
        "pause", .duration(.milliseconds(100)...(.seconds(3600))), standard: "10s", help: "How long to pause.")
    static let fruit = Option("fruit", ValueSyntax<Fruit>.word("FRUIT"), standard: "apple", help: "What to eat.")
    static let quiet = Option("quiet", .toggle, standard: "false", help: "Say less.")
    static let title = Option("title", optional: .text("TITLE", expected: "a title"), help: "What to call it.")

    static let syntax = CommandSyntax(
        name: "sample", abstract: "Do it.",
        options: [
            config.syntax, now.syntax, names.syntax, workers.syntax, pause.syntax, fruit.syntax, quiet.syntax,
            title.syntax,
        ],
        foreignFlags: ["--colour": "leave it out"], configurationFile: config)

    /// What the command is told by these sources; the file is there under any name.
    static func settings(
        _ arguments: [String] = [], environment: [String: String] = [:], file: String? = nil
    ) throws -> Settings {
        try syntax.settings(from: syntax.parse(arguments), environment: environment) { path throws(UsageError) in
            guard let file else { throw UsageError("cannot read \(path)", exitCode: 1) }
            return Array((header + file).utf8)
        }
    }

    static let header = "apiVersion: config.towline.dev/v1alpha1\nkind: OperatorConfiguration\n"
}

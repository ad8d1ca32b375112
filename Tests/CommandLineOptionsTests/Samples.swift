@testable import CommandLineOptions

/// A command with an option of each kind.
enum Samples {
    enum Fruit: String, CaseIterable {
        case apple, pear, cherry
    }

    static let config = Option("config", optional: .path, reach: .environment, help: "Read FILE.")
    static let now = Option("now", .toggle, default: "false", reach: .commandLine, help: "Do it now.")
    static let names = Option("name", key: "names", list: .namespace, help: "One of the names.")
    static let workers = Option(
        "worker-count", .wholeNumber(1...8), default: "4", aliases: ["threads"], help: "How many work.")
    static let pause = Option(
        "pause", .duration(.milliseconds(100)...(.seconds(3600))), default: "10s", help: "How long to pause.")
    static let fruit = Option("fruit", ValueSyntax<Fruit>.word("FRUIT"), default: "apple", help: "What to eat.")
    static let quiet = Option("quiet", .toggle, default: "false", help: "Say less.")
    static let title = Option("title", optional: .text("TITLE", expected: "a title"), help: "What to call it.")

    static let syntax = CommandSyntax(
        program: "towline", name: "sample", abstract: "Do it.",
        options: [
            config.syntax, now.syntax, names.syntax, workers.syntax, pause.syntax, fruit.syntax, quiet.syntax,
            title.syntax,
        ],
        foreignFlags: ["--color": "remove it"], configurationFile: config)

    /// Merges these sources; the file exists under any name, unless it is nil.
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

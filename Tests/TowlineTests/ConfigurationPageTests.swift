import Foundation
import TestSupport
import Testing

@testable import CommandLineOptions
@testable import towline

/// Compares the table in `docs/configuration.md` with the declarations; `make docs` writes it.
@Suite struct ConfigurationPageTests {
    private static let page = Repository.file("docs/configuration.md")
    private static let begin = "<!-- BEGIN OPTIONS: `make docs` writes this table -->\n"
    private static let end = "\n<!-- END OPTIONS -->"

    @Test func `the table of options is current`() throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let start = try #require(text.range(of: Self.begin)).upperBound
        let finish = try #require(text.range(of: Self.end, range: start..<text.endIndex)).lowerBound
        let table = OptionTable(options: OperatorOptions.all).text
        if ProcessInfo.processInfo.environment["UPDATE_DOCS"] == "true" {
            let new = text.replacingCharacters(in: start..<finish, with: table)
            try new.write(to: Self.page, atomically: true, encoding: .utf8)
        } else {
            #expect(text[start..<finish] == table, "docs/configuration.md is stale; run `make docs`")
        }
    }

    @Test func `the example files are valid`() throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let examples = text.components(separatedBy: "```yaml\n").dropFirst()
            .compactMap { $0.components(separatedBy: "```").first }
        #expect(!examples.isEmpty)
        for example in examples {
            let source = try FileSource(Array(example.utf8), path: "docs/configuration.md")
            for (name, values) in try source.values(for: OperatorOptions.all) {
                try OperatorOptions.all.first { $0.name == name }?.check(values)
            }
        }
    }
}

/// The options of a command as a Markdown table.
private struct OptionTable {
    let options: [OptionSyntax]

    var text: String {
        let head = ["| flag | environment | key | value | default | meaning |", "|---|---|---|---|---|---|"]
        return (head + options.map(row)).joined(separator: "\n")
    }

    private func row(_ option: OptionSyntax) -> String {
        let flags = option.flags.map { "`\($0)`" }.joined(separator: "<br>")
        let variable = option.reach == .commandLine ? "" : "`\(option.variable)`"
        let key = option.reach == .file ? "`\(option.key)`" : ""
        let value = option.isList ? "list: \(option.value.expected)" : option.value.expected
        let text = option.defaultValue.map { "`\($0)`" } ?? ""
        let cells = [flags, variable, key, value, text, option.help].map { $0.replacing("|", with: "\\|") }
        return "| \(cells.joined(separator: " | ")) |"
    }
}

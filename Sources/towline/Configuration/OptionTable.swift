/// The options of a command as a table in Markdown, for the documentation.
struct OptionTable {
    let options: [OptionSyntax]

    var text: String {
        let head = ["| flag | environment | key | value | default | meaning |", "|---|---|---|---|---|---|"]
        return (head + options.map(row)).joined(separator: "\n")
    }

    private func row(_ option: OptionSyntax) -> String {
        let flags = option.flags.map { "`\($0)`" }.joined(separator: "<br>")
        let variable = option.reach == .commandLine ? "" : "`\(option.variable)`"
        let key = option.reach == .file ? "`\(option.key)`" : ""
        let value = option.isList ? "list: \(option.expected)" : option.expected
        let standard = option.standard.map { "`\($0)`" } ?? ""
        let cells = [flags, variable, key, value, standard, option.help].map(Self.escaped)
        return "| \(cells.joined(separator: " | ")) |"
    }

    /// A bar would end the cell.
    private static func escaped(_ cell: String) -> String { cell.replacing("|", with: "\\|") }
}

/// Shows the executions as they move: a table that is drawn anew on a terminal, a line for each change elsewhere.
struct DemoScreen {
    private let isTerminal: Bool
    private let write: (String) -> Void
    private var drawnLines = 0
    private var shown: [String: ExecutionRow] = [:]

    init(isTerminal: Bool, write: @escaping (String) -> Void) {
        self.isTerminal = isTerminal
        self.write = write
    }

    /// Shows the present state of all executions.
    mutating func show(_ rows: [ExecutionRow]) {
        if isTerminal { redraw(rows) } else { report(rows) }
        for row in rows { shown["\(row.namespace)/\(row.name)"] = row }
    }

    private mutating func redraw(_ rows: [ExecutionRow]) {
        guard rows != rows.compactMap({ shown["\($0.namespace)/\($0.name)"] }) else { return }
        let lines = TextTable.lines([ExecutionRow.header] + rows.map(\.cells))
        // Up to where the table began, then each line over the old one and the rest of it cleared.
        let home = drawnLines > 0 ? "\u{1B}[\(drawnLines)A" : ""
        write(home + lines.map { "\u{1B}[2K\($0)\n" }.joined())
        drawnLines = lines.count
    }

    private func report(_ rows: [ExecutionRow]) {
        for row in rows where shown["\(row.namespace)/\(row.name)"] != row && !row.phase.isEmpty {
            let words = [row.phase, row.outcome, row.reason, row.progress].filter { !$0.isEmpty }
            write("\(row.namespace)/\(row.name): \(words.joined(separator: " "))\n")
        }
    }
}

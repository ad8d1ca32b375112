import KubeClient

/// Shows the executions and environments while they run: a table on a terminal, otherwise one line for each change.
///
/// The table is drawn on the alternate screen, so that a resize cannot make it overwrite other output. At the end the
/// last state is printed.
struct DemoScreen {
    private enum Code {
        static let enter = "\u{1B}[?1049h\u{1B}[?25l"
        static let leave = "\u{1B}[?25h\u{1B}[?1049l"
        static let home = "\u{1B}[H"
        static let clearLine = "\u{1B}[K"
        static let clearBelow = "\u{1B}[J"
    }

    private let isTerminal: Bool
    private let size: () -> (columns: Int, rows: Int)?
    private let write: (String) -> Void
    private var drawn: [String]?
    private var rows: [DemoRow] = []

    /// - Parameter size: the current size of the terminal.
    init(isTerminal: Bool, size: @escaping () -> (columns: Int, rows: Int)?, write: @escaping (String) -> Void) {
        (self.isTerminal, self.size, self.write) = (isTerminal, size, write)
    }

    /// Shows the current state of all examples.
    mutating func show(_ rows: [DemoRow]) {
        if isTerminal { draw(rows) } else { report(rows) }
        self.rows = rows
    }

    /// Leaves the alternate screen and prints the last table.
    mutating func finish() {
        guard isTerminal, drawn != nil else { return }
        let table = DemoTable(rows: rows).lines(columns: width)
        write(Code.leave + table.map { "\($0)\n" }.joined() + "\n")
        drawn = nil
    }

    private var width: Int { size()?.columns ?? 80 }

    private mutating func draw(_ rows: [DemoRow]) {
        let size = size() ?? (columns: 80, rows: 24)
        let lines = DemoTable(rows: rows).screen(columns: size.columns, height: size.rows)
        guard lines != drawn else { return }
        let text = Code.home + lines.map { $0 + Code.clearLine }.joined(separator: "\r\n") + Code.clearBelow
        write((drawn == nil ? Code.enter : "") + text)
        drawn = lines
    }

    private func report(_ rows: [DemoRow]) {
        let shown = Dictionary(self.rows.map { ($0.key, $0) }) { $1 }
        for row in rows where shown[row.key] != row && !row.phase.isEmpty {
            let words = [row.phase, row.outcome, row.reason, row.progress].filter { !$0.isEmpty }
            write("\(row.key): \(words.joined(separator: " "))\n")
        }
    }
}

/// One execution or environment in the demo's table.
struct DemoRow: Equatable {
    let namespace: String
    let name: String
    let engine: String
    let phase: String
    let outcome: String
    let reason: String
    let progress: String
    let message: String
    /// RFC 3339; empty until the object has finished.
    let finishedAt: String
    let isEnvironment: Bool
    /// True for an execution that has ended, and for an environment that is where its example says.
    let isFinished: Bool

    init(_ object: JSONValue) {
        func metadata(_ field: String) -> String { object[path: ["metadata", field]]?.stringValue ?? "" }
        func status(_ field: String) -> String { object[path: ["status", field]]?.stringValue ?? "" }
        namespace = metadata("namespace")
        name = metadata("name")
        engine = status("engine")
        phase = status("phase")
        outcome = status("outcome")
        reason = status("reason")
        message = status("message")
        finishedAt = status("finishedAt")
        isEnvironment = object["kind"] == "Environment"
        guard isEnvironment else {
            progress = status("progress")
            isFinished = !outcome.isEmpty
            return
        }
        let states = (object[path: ["status", "phases"]]?.arrayValue ?? []).map { $0["state"]?.stringValue ?? "" }
        let over = states.count { ["Succeeded", "Failed", "Skipped", "Cancelled"].contains($0) }
        progress = states.isEmpty ? "" : "\(over)/\(states.count)"
        let resting = ExpectedResult.resting(phase: phase, reason: reason)
        isFinished = !finishedAt.isEmpty || (ExpectedResult(of: object) ?? resting) == resting
    }

    var key: String { "\(namespace)/\(title)" }

    /// The name with the short name of its kind, as kubectl takes it; only the name for executions.
    var title: String { isEnvironment ? "env/\(name)" : name }
}

/// Lays out executions and environments as a table for a terminal of any size.
struct DemoTable {
    private struct Column: Sendable {
        let title: String
        /// Columns with a higher number are dropped first in a narrow terminal; 0 is never dropped.
        let dropOrder: Int
        /// The minimum width, reserved from the start so that the layout does not change.
        var minimumWidth = 0
        let cell: @Sendable (DemoRow) -> String
    }

    private static let columns = [
        Column(title: "NAMESPACE", dropOrder: 6) { $0.namespace },
        Column(title: "NAME", dropOrder: 0) { $0.title },
        Column(title: "ENGINE", dropOrder: 5, minimumWidth: 6) { $0.engine },
        Column(title: "PHASE", dropOrder: 1, minimumWidth: 9) { $0.phase },
        Column(title: "OUTCOME", dropOrder: 3, minimumWidth: 9) { $0.outcome },
        Column(title: "REASON", dropOrder: 2, minimumWidth: 18) { $0.reason },
        Column(title: "PROGRESS", dropOrder: 4, minimumWidth: 8) { $0.progress },
    ]

    let rows: [DemoRow]

    /// The whole table with its header; no line is longer than `columns`.
    func lines(columns: Int) -> [String] { table(rows, columns: columns) }

    /// A screen of at most `height` lines: header, as many rows as fit, and a line with counts at the end.
    ///
    /// If not all rows fit, unfinished examples are shown first, then the last ones to finish.
    func screen(columns: Int, height: Int) -> [String] {
        let capacity = max(1, height - 2)
        var shown = rows
        if rows.count > capacity {
            let unfinished = rows.filter { !$0.isFinished }
            let finished = rows.filter(\.isFinished).sorted { $0.finishedAt > $1.finishedAt }
            let keys = Set((unfinished + finished).prefix(capacity).map(\.key))
            shown = rows.filter { keys.contains($0.key) }
        }
        let finished = rows.count(where: \.isFinished)
        var status = "\(finished) of \(rows.count) examples finished"
        if shown.count < rows.count { status += ", \(rows.count - shown.count) not shown" }
        let lines = table(shown, columns: columns) + [Self.truncate(status, to: columns)]
        return Array(lines.suffix(max(1, height)))
    }

    private func table(_ shown: [DemoRow], columns width: Int) -> [String] {
        // Widths depend on all rows, so that scrolling does not change the layout.
        func columnWidth(_ column: Column) -> Int {
            max(column.title.count, column.minimumWidth, rows.map { column.cell($0).count }.max() ?? 0)
        }
        var columns = Self.columns
        func total() -> Int { columns.map { columnWidth($0) + 2 }.reduce(-2, +) }
        while total() > width, let first = columns.map(\.dropOrder).max(), first > 0 {
            columns.removeAll { $0.dropOrder == first }
        }
        let widths = columns.map(columnWidth)
        let cells = [columns.map(\.title)] + shown.map { row in columns.map { $0.cell(row) } }
        return cells.map { Self.truncate(Self.line($0, widths), to: width) }
    }

    /// The cells of a row with two blanks between columns and none at the end.
    private static func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (cell, width) in zip(cells, widths) {
            line += cell + String(repeating: " ", count: max(0, width - cell.count) + 2)
        }
        while line.last == " " { line.removeLast() }
        return line
    }

    private static func truncate(_ line: String, to width: Int) -> String {
        line.count <= width ? line : "\(line.prefix(max(0, width - 1)))…"
    }
}

import Foundation
import TestSupport
import Testing
import TowlineAPI

/// `docs/status.md` must match the vocabulary of the code.
@Suite struct StatusDocumentationTests {
    private static let file = Repository.file("docs/status.md")

    /// A row of a table of reasons on the page.
    private struct Row: Equatable {
        let reason: String
        let phase: String
        /// `-` if the reason has no outcome.
        let outcome: String
    }

    /// The rows of all tables whose first columns are reason, phase and outcome.
    private static func rows() throws -> [Row] {
        var rows: [Row] = []
        var isInTable = false
        for line in try String(contentsOf: file, encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false)
        {
            guard line.hasPrefix("|") else {
                isInTable = false
                continue
            }
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            if cells.prefix(3) == ["reason", "phase", "outcome"] {
                isInTable = true
            } else if isInTable, cells.count == 6, cells[0].hasPrefix("`") {
                rows.append(
                    Row(reason: cells[0].trimmingCharacters(in: ["`"]), phase: cells[1], outcome: cells[2]))
            }
        }
        return rows
    }

    @Test func `every reason is documented once with its phase and outcome`() throws {
        let expected = Reason.allCases.map {
            Row(reason: $0.rawValue, phase: $0.phase.rawValue, outcome: $0.outcome?.rawValue ?? "-")
        }
        let documented = try Self.rows()
        for row in expected { #expect(documented.filter { $0 == row }.count == 1, "docs/status.md misses \(row)") }
        for row in documented { #expect(expected.contains(row), "docs/status.md has \(row), which is not in the code") }
    }

    @Test func `every reason of a condition is documented`() throws {
        let text = try String(contentsOf: Self.file, encoding: .utf8)
        for reason in RetentionReason.allCases { #expect(text.contains("`\(reason.rawValue)`")) }
        #expect(text.contains("`\(DefinitionReason.replaced.rawValue)`"))
    }

    @Test func `every condition is documented`() throws {
        let text = try String(contentsOf: Self.file, encoding: .utf8)
        for type in ConditionType.allCases { #expect(text.contains("`\(type.rawValue)`")) }
    }
}

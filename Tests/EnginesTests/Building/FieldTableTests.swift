import Foundation
import KubeClient
import TestSupport
import Testing
import TowlineAPI

/// Compares the table in `docs/engines.md` with the runs that the engines build; `make docs` writes it.
@Suite struct FieldTableTests {
    private static let page = Repository.file("docs/engines.md")
    private static let begin = "<!-- BEGIN FIELDS: `make docs` writes this table -->\n"
    private static let end = "\n<!-- END FIELDS -->"

    private func table() throws -> FieldTable {
        let definition = try #require(try Repository.documents("crds/towline.dev_workflowexecutions.yaml").first)
        let schema = definition["spec"]?["versions"]?[0]?["schema"]?["openAPIV3Schema"]
        return try FieldTable(schema: try #require(schema?["properties"]?["spec"]))
    }

    @Test func `the table of fields is current`() throws {
        let table = try table().text
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let start = try #require(text.range(of: Self.begin)).upperBound
        let finish = try #require(text.range(of: Self.end, range: start..<text.endIndex)).lowerBound
        if ProcessInfo.processInfo.environment["UPDATE_DOCS"] == "true" {
            let new = text.replacingCharacters(in: start..<finish, with: table)
            try new.write(to: Self.page, atomically: true, encoding: .utf8)
        } else {
            #expect(text[start..<finish] == table, "docs/engines.md is stale; run `make docs`")
        }
    }

    /// The fields that only Towline reads; every other field must reach the run of at least one engine.
    private static let ownFields = [
        "workflowRef.workflowId", "workflowRef.definition", "workflowRef.version", "workflowRef.engine",
        "remediationRequestRef.",
        "confidence", "executionConfig.startDeadlineSeconds", "executionConfig.allowExpressions",
        "executionConfig.runTTLSecondsAfterFinished", "executionConfig.ttlSecondsAfterFinished",
        "executionConfig.keepRunUntilArchived", "shutdown", "rerunOf.",
    ]

    @Test func `every other field reaches a run`() throws {
        for row in try table().rows where !Self.ownFields.contains(where: { row.field.hasPrefix($0) }) {
            let targets = row.targets.values.compactMap(\.self).flatMap(\.self)
            #expect(!targets.isEmpty, "\(row.field)")
        }
    }

    /// An engine either gets a field or refuses it; it never drops one silently.
    @Test func `no engine ignores a field that another engine gets`() throws {
        for row in try table().rows {
            let targets = EngineName.allCases.map { row.targets[$0] ?? nil }
            guard targets.contains(where: { $0?.isEmpty == false }) else { continue }
            #expect(!targets.contains { $0?.isEmpty == true }, "\(row.field)")
        }
    }

    /// `kubectl explain` says which engine has a field that the other one refuses.
    @Test func `descriptions name the only engine that has a field`() throws {
        for row in try table().rows {
            let refusing = EngineName.allCases.filter { row.targets[$0] == .some(nil) }
            guard let engine = EngineName.allCases.first(where: { !refusing.contains($0) }), !refusing.isEmpty else {
                continue
            }
            #expect(
                row.descriptions.contains { $0.lowercased().contains("only for \(engine.rawValue)") }, "\(row.field)")
        }
    }
}

import Foundation
import KubeClient
import TestSupport
import Testing
import TowlineAPI

/// What readers of docs/gitops.md copy has to work.
@Suite struct GitOpsPageTests {
    private func executions() throws -> [JSONValue] {
        try Markdown(path: "docs/gitops.md").blocks(of: "yaml")
            .flatMap { try YAML.documents(Array($0.utf8), source: "docs/gitops.md") }
            .filter { $0.kind == "WorkflowExecution" }
    }

    private func specSchema() throws -> JSONValue {
        let definition = try #require(Repository.documents("crds/towline.dev_workflowexecutions.yaml").first)
        let version = definition[path: ["spec", "versions"]]?[0]
        return try #require(version?[path: ["schema", "openAPIV3Schema", "properties", "spec"]])
    }

    /// The fields of a value that its schema does not have.
    private func unknownFields(_ value: JSONValue, _ schema: JSONValue) -> [String] {
        guard let properties = schema["properties"], let object = value.objectValue else { return [] }
        return object.flatMap { member in
            properties[member.key].map { unknownFields(member.value, $0) } ?? [member.key]
        }
    }

    @Test func everyExecutionIsValid() throws {
        let executions = try executions()
        #expect(executions.count >= 2)
        for execution in executions {
            let json = try #require(execution["spec"])
            #expect(try unknownFields(json, specSchema()) == [])
            var cursor = JSONCursor(json.encoded)
            #expect(try ExecutionSpec(reading: &cursor).validate().isEmpty)
        }
    }

    /// The files that the page sends its readers to.
    @Test func everyFileIsThere() throws {
        let text = try Markdown(path: "docs/gitops.md").text
        let named = Set(text.matches(of: /deploy\/argo-cd\/[-\w.]+/).map { String($0.output) })
        #expect(named.count >= 3)
        for path in named { #expect(throws: Never.self, "\(path)") { try Repository.text(path) } }
    }
}

/// The table at the top of docs/gitops.md is what the other tests here hold the tools to.
@Suite struct VerdictTableTests {
    @Test(
        arguments: [
            ("no operator has read it", Verdict.unseen), ("Pending or Running", .underWay),
            ("Running, reason `Suspended`", .held), ("Completed", .success), ("Failed", .failure),
        ])
    func thePageSaysIt(_ beginning: String, _ verdict: Verdict) throws {
        let rows = try Markdown(path: "docs/gitops.md").rows.filter { $0.first?.hasPrefix(beginning) == true }
        try #require(rows.count == 1)
        #expect(Array(rows[0].dropFirst().prefix(2)) == [verdict.health, verdict.kstatus.rawValue])
    }
}

/// docs/SECURITY.md names the test that holds each promise; all of them exist.
@Suite struct SecurityPageTests {
    /// `SuiteTests.someTest` or `SuiteTests.does what this sentence says`, as the page writes it.
    private func namedTests() throws -> [(suite: String, test: String)] {
        let page = try Repository.text("docs/SECURITY.md")
        return page.matches(of: /`([A-Z]\w*Tests)\.([^`]+)`/).map { (String($0.output.1), String($0.output.2)) }
    }

    @Test func everyTestThatIsNamedExists() throws {
        let named = try namedTests()
        #expect(named.count > 30)
        let files = try Repository.files(below: "Tests").filter { $0.hasSuffix("Tests.swift") }
        for (suite, test) in named {
            // Two modules may have a suite of the same name.
            let suites = try files.filter { $0.hasSuffix("/\(suite).swift") }.map(Repository.text)
            let isNamed = { (text: String) in text.contains("func \(test)(") || text.contains("func `\(test)`(") }
            #expect(suites.contains(where: isNamed), "there is no \(suite).\(test)")
        }
    }
}

/// A page of the documentation.
struct Markdown {
    let text: String

    init(path: String) throws {
        text = try Repository.text(path)
    }

    /// The fenced blocks of a language, without their fences.
    func blocks(of language: String) -> [String] {
        text.components(separatedBy: "```").enumerated().compactMap { index, block in
            guard !index.isMultiple(of: 2), block.hasPrefix(language + "\n") else { return nil }
            return String(block.dropFirst(language.count + 1))
        }
    }

    /// The cells of all rows of tables.
    var rows: [[String]] {
        text.split(separator: "\n").filter { $0.hasPrefix("|") }.map { line in
            line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }
}

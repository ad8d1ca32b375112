import Foundation
import KubeClient
import TestSupport
import Testing
import TowlineAPI

/// Every page can be found, its links lead somewhere, and what readers copy from it is valid.
@Suite struct PageTests {
    private static func pages() throws -> [String] {
        try ["README.md", "CHANGELOG.md", "examples/README.md", "deploy/chart/towline/README.md"]
            + Repository.files(below: "docs").filter { $0.hasSuffix(".md") }
    }

    @Test func `every link leads to an existing file and heading`() throws {
        for page in try Self.pages() {
            let folder = URL(filePath: "/" + page).deletingLastPathComponent()
            for link in try Markdown(path: page).links where !link.contains("://") {
                let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                let target =
                    parts[0].isEmpty ? page : String(folder.appending(path: parts[0]).standardized.path().dropFirst())
                guard FileManager.default.fileExists(atPath: Repository.file(target).path) else {
                    Issue.record("\(page): there is no \(target)")
                    continue
                }
                guard parts.count == 2 else { continue }
                #expect(try Markdown(path: target).anchors.contains(parts[1]), "\(page): \(target) has no #\(parts[1])")
            }
        }
    }

    @Test func `the front door lists every page`() throws {
        let links = Set(try Markdown(path: "docs/README.md").links)
        for page in try Repository.files(below: "docs") where page.hasSuffix(".md") && !page.contains("/runbooks/") {
            let name = String(page.dropFirst("docs/".count))
            #expect(name == "README.md" || links.contains(name), "docs/README.md does not list \(name)")
        }
    }

    /// The path from the end of a run to its status stays short enough to read.
    @Test func `the files on the path in architecture.md exist`() throws {
        let files = try Markdown(path: "docs/architecture.md").rows.compactMap { row in
            try /`([\w\/+]+\.swift)`/.wholeMatch(in: row.first ?? "").map { String($0.output.1) }
        }
        #expect((10...15).contains(files.count))
        for file in files { #expect(throws: Never.self, "\(file)") { try Repository.text("Sources/\(file)") } }
    }

    @Test(arguments: ["docs/guide.md", "docs/gitops.md", "docs/moving.md", "README.md"])
    func `every execution on a page is valid`(_ page: String) throws {
        let markdown = try Markdown(path: page)
        let texts = markdown.blocks(of: "yaml") + markdown.blocks(of: "sh").flatMap(\.hereDocuments)
        let executions = try texts.flatMap { try YAML.documents(Array($0.utf8), source: page) }
            .filter { $0.kind == "WorkflowExecution" }
        #expect(!executions.isEmpty)
        for execution in executions {
            let spec = try #require(execution["spec"])
            #expect(try unknownFields(spec, specSchema()) == [])
            var cursor = JSONCursor(spec.encoded)
            #expect(try ExecutionSpec(reading: &cursor).validate().isEmpty)
        }
    }

    /// The example of the contract has every field. The rules are tested with the schemas.
    @Test(arguments: ["docs/lifecycles.md", "docs/contract.md", "README.md"])
    func `every environment on a page has only fields that exist`(_ page: String) throws {
        let kinds = ["Environment": "environments", "Lifecycle": "lifecycles"]
        let documents = try Markdown(path: page).blocks(of: "yaml")
            .flatMap { try YAML.documents(Array($0.utf8), source: page) }
        var count = 0
        for document in documents {
            guard let plural = kinds[document.kind] else { continue }
            #expect(try unknownFields(try #require(document["spec"]), specSchema(plural)) == [])
            count += 1
        }
        #expect(count > 0)
    }

    private func specSchema(_ plural: String = "workflowexecutions") throws -> JSONValue {
        let definition = try #require(Repository.documents("crds/towline.dev_\(plural).yaml").first)
        let version = definition[path: ["spec", "versions"]]?[0]
        return try #require(version?[path: ["schema", "openAPIV3Schema", "properties", "spec"]])
    }

    /// The fields of a value that its schema does not have.
    private func unknownFields(_ value: JSONValue, _ schema: JSONValue) -> [String] {
        if let items = schema["items"], let elements = value.arrayValue {
            return elements.flatMap { unknownFields($0, items) }
        }
        guard let properties = schema["properties"], let object = value.objectValue else { return [] }
        return object.flatMap { member in
            properties[member.key].map { unknownFields(member.value, $0) } ?? [member.key]
        }
    }

    @Test func `the files that gitops.md names exist`() throws {
        let text = try Markdown(path: "docs/gitops.md").text
        let named = Set(text.matches(of: /deploy\/argo-cd\/[-\w.]+/).map { String($0.output) })
        #expect(named.count >= 3)
        for path in named { #expect(throws: Never.self, "\(path)") { try Repository.text(path) } }
    }

    /// The table at the top of gitops.md says the same as the tests of the tools.
    @Test(
        arguments: [
            ("no operator has read it", Verdict.unseen), ("Pending or Running", .underWay),
            ("Running, reason `Suspended`", .held), ("Completed", .success), ("Failed", .failure),
        ])
    func `gitops.md has the health that tools report`(_ state: String, _ verdict: Verdict) throws {
        let rows = try Markdown(path: "docs/gitops.md").rows.filter { $0.first?.hasPrefix(state) == true }
        try #require(rows.count == 1)
        #expect(Array(rows[0].dropFirst().prefix(2)) == [verdict.health, verdict.kstatus.rawValue])
    }

    /// What runbooks search for in the log, such as `grep 'list or watch failed'` and `grep -E 'one|other'`.
    @Test func `runbooks search for existing log messages`() throws {
        let sources = try Repository.files(below: "Sources").filter { $0.hasSuffix(".swift") }
            .map(Repository.text).joined().lowercased()
        let runbooks = try Repository.files(below: Monitoring.runbooks).map(Repository.text).joined()
        let searches = runbooks.matches(of: /--tail=-1 \| grep (?:-[iE] )?'([^'"]+)'/).map { String($0.output.1) }
        #expect(searches.count >= 4)
        for phrase in searches.flatMap({ $0.split(separator: "|") }) {
            #expect(sources.contains(phrase.lowercased()), "no log message contains '\(phrase)'")
        }
    }

    /// Pages name tests as `SuiteTests.someTest` or `SuiteTests.does what this sentence says`.
    @Test func `every test that a page names exists`() throws {
        // By suite: the tests in the files that have a suite of that name.
        var tests: [String: Set<String>] = [:]
        for file in try Repository.files(below: "Tests") where file.hasSuffix("Tests.swift") {
            let lines = try Repository.text(file).split(separator: "\n")
            let names = Set(lines.compactMap(Self.testName))
            for suite in lines.compactMap(Self.suiteName) { tests[suite, default: []].formUnion(names) }
        }
        for (page, minimum) in [
            ("docs/SECURITY.md", 30), ("docs/reliability.md", 3), ("docs/contract.md", 30),
        ] {
            let named = try Repository.text(page).matches(of: /`([A-Z]\w*Tests)\.([^`]+)`/).map(\.output)
            #expect(named.count >= minimum)
            for (_, suite, test) in named {
                // Pages wrap lines.
                let name = test.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                let exists = tests[String(suite)]?.contains(name) == true
                #expect(exists, "\(page): there is no \(suite).\(name)")
            }
        }
    }

    private static func suiteName(_ line: Substring) -> String? {
        guard line.hasPrefix("@Suite") || line.hasPrefix("struct ") || line.hasPrefix("extension ") else { return nil }
        return line.split(separator: " ").first { $0.hasSuffix("Tests") }.map(String.init)
    }

    private static func testName(_ line: Substring) -> String? {
        guard let start = line.range(of: "func ")?.upperBound, let end = line[start...].firstIndex(of: "(") else {
            return nil
        }
        return line[start..<end].trimmingCharacters(in: ["`"])
    }
}

/// A documentation page.
struct Markdown {
    let text: String

    init(path: String) throws {
        text = try Repository.text(path)
    }

    /// The text without fenced blocks.
    private var prose: String {
        text.components(separatedBy: "```").enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined()
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

    /// The targets of all links.
    var links: [String] { prose.matches(of: /\]\(([^)\s]+)\)/).map { String($0.output.1) } }

    /// The anchors of the headings, as GitHub derives them.
    var anchors: Set<String> {
        Set(
            prose.split(separator: "\n").filter { $0.hasPrefix("#") }.map { line in
                line.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces).lowercased()
                    .filter { $0.isLetter || $0.isNumber || " -_".contains($0) }.replacing(" ", with: "-")
            })
    }
}

extension String {
    /// The here-documents of a shell script that end with `END`.
    fileprivate var hereDocuments: [String] {
        components(separatedBy: "<<'END'").dropFirst().compactMap { rest in
            rest.drop { $0 != "\n" }.components(separatedBy: "\nEND").first
        }
    }
}

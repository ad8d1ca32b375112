import Foundation
import TestSupport
import Testing

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

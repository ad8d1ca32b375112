import KubeClient
import TestSupport
import Testing

@testable import CEL

/// The expressions of the admission policy as far as they can be read without an API server; one that has `authorizer`
/// compiles them in the end-to-end tests.
@Suite struct PolicyExpressionTests {
    private func spec() throws -> JSONValue {
        try #require(Repository.documents("deploy/policy/base/policy.yaml").first?["spec"])
    }

    private func texts(_ list: String, _ field: String) throws -> [String] {
        try spec().list(list).compactMap { $0[field]?.stringValue }
    }

    private func expressions() throws -> [String] {
        try texts("variables", "expression") + texts("validations", "expression")
            + texts("validations", "messageExpression")
    }

    @Test func everyExpressionCanBeRead() throws {
        #expect(try expressions().count >= 9)
        for expression in try expressions() {
            #expect(throws: Never.self, "\(expression)") { try CELParser.parse(expression) }
        }
        #expect(throws: CELError.self) { try CELParser.parse("this is (( no expression") }
    }

    @Test func everyVariableIsThereBeforeItIsUsed() throws {
        var known: Set<String> = []
        for variable in try spec().list("variables") {
            let uses = variable["expression"]?.stringValue?.matches(of: /variables\.(\w+)/).map { String($0.1) } ?? []
            #expect(known.isSuperset(of: uses), "\(uses)")
            known.insert(variable["name"]?.stringValue ?? "")
        }
        let used = try expressions().flatMap { $0.matches(of: /variables\.(\w+)/).map { String($0.1) } }
        #expect(Set(used) == known)
    }
}

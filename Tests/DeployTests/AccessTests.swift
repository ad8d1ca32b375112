import KubeClient
import Operator
import TestSupport
import Testing

@testable import Sandbox
@testable import towline_manifests

/// The operator's demand is as small as it can be.
@Suite struct RightsTests {
    @Test func nothingThatGivesAwayMoreThanItSays() {
        let forbidden = ["secrets", "pods", "configmaps", "serviceaccounts", "nodes", "roles", "clusterroles"]
        for right in Right.all {
            #expect(!right.group.contains("*") && !right.resource.contains("*"))
            #expect(!right.group.isEmpty, "\(right.resource): nothing of the core group")
            #expect(!forbidden.contains(right.resource))
            #expect(!right.verbs.isEmpty && !right.purpose.isEmpty && !right.loss.isEmpty)
        }
    }

    @Test func noVerbIsAskedForTwice() {
        let asked = Right.all.flatMap { right in right.verbs.map { "\($0) \(right.qualifiedResource)" } }
        #expect(Set(asked).count == asked.count)
    }

    @Test func resourcesAreNamedAsMessagesNameThem() {
        let names = Set(Right.all.map(\.qualifiedResource))
        for name in ["workflowexecutions.towline.dev/status", "pipelineruns.tekton.dev", "workflows.argoproj.io"] {
            #expect(names.contains(name))
        }
    }
}

/// What follows from the operator's own tables is in the repository as it follows.
@Suite struct GeneratedFilesTests {
    @Test func noGeneratedFileIsStale() throws {
        for file in try GeneratedFile.all(in: Repository.root) {
            #expect(file.isCurrent(below: Repository.root), "\(file.path) is stale: run make manifests")
        }
    }

    /// Roles of a part that is no more would go on granting.
    @Test func noOtherRoleLiesThere() throws {
        let expected = Set(try GeneratedFile.all(in: Repository.root).map(\.path))
        for path in try Repository.files(below: "deploy/base/rbac") where path.hasSuffix("role.yaml") {
            #expect(expected.contains(path), "\(path) comes from nowhere")
        }
    }
}

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

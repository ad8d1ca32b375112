import KubeClient
import Operator
import TestSupport
import Testing

@testable import CEL
@testable import towline_manifests

/// The operator requests only the permissions it needs.
@Suite struct RightsTests {
    @Test func `no permission is broad, in the core group, or unexplained`() {
        let forbidden = ["secrets", "pods", "configmaps", "serviceaccounts", "nodes", "roles", "clusterroles"]
        for right in Permission.all {
            #expect(!right.group.contains("*") && !right.resource.contains("*"))
            #expect(!right.group.isEmpty, "\(right.resource): nothing of the core group")
            #expect(!forbidden.contains(right.resource))
            #expect(!right.verbs.isEmpty && !right.purpose.isEmpty && !right.consequence.isEmpty)
        }
    }

    @Test func `no verb is requested twice`() {
        let requested = Permission.all.flatMap { right in right.verbs.map { "\($0) \(right.qualifiedResource)" } }
        #expect(Set(requested).count == requested.count)
    }

    @Test func `resources have the names that error messages use`() {
        let names = Set(Permission.all.map(\.qualifiedResource))
        for name in ["workflowexecutions.towline.dev/status", "pipelineruns.tekton.dev", "workflows.argoproj.io"] {
            #expect(names.contains(name))
        }
    }
}

/// Files that are generated from the operator's tables are current.
@Suite struct GeneratedFilesTests {
    @Test func `generated files are current`() throws {
        for file in try GeneratedFile.all(in: Repository.root) {
            #expect(file.isCurrent(below: Repository.root), "\(file.path) is stale: run make manifests")
        }
    }

    /// A role that is no longer generated would still be applied.
    @Test func `every role file is generated`() throws {
        let expected = Set(try GeneratedFile.all(in: Repository.root).map(\.path))
        for path in try Repository.files(below: "deploy/base/rbac") where path.hasSuffix("role.yaml") {
            #expect(expected.contains(path), "\(path) is not generated; delete it")
        }
    }
}

/// Syntax of the admission policy's expressions. The end-to-end tests compile them on an API server that has `authorizer`.
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

    @Test func `every policy expression parses`() throws {
        #expect(try expressions().count >= 9)
        for expression in try expressions() {
            #expect(throws: Never.self, "\(expression)") { try CELParser.parse(expression) }
        }
        #expect(throws: CELError.self) { try CELParser.parse("this is (( no expression") }
    }

    @Test func `every policy variable is defined before it is used`() throws {
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

import KubeClient
import Operator
import TestSupport
import Testing

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

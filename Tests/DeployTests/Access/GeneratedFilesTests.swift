import TestSupport
import Testing

@testable import towline_manifests

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

import Foundation
import KubeClient
import Testing

/// What docs/access.md has people write does what it says.
@Suite(.enabled(if: Tool.installed("kubectl") != nil, "kubectl is not installed")) struct AccessPageTests {
    @Test func itsPatchesLeaveOutAnEngine() async throws {
        let folder = URL.temporaryDirectory.appending(path: "towline-access-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for part in ["deploy", "crds"] {
            try FileManager.default.copyItem(at: Repository.file(part), to: folder.appending(path: part))
        }
        let block = try #require(try Markdown(path: "docs/access.md").blocks(of: "yaml").first)
        try "resources: [deploy/overlays/cluster-wide]\n\(block)"
            .write(to: folder.appending(path: "kustomization.yaml"), atomically: true, encoding: .utf8)

        let kubectl = try #require(Tool.installed("kubectl"))
        let installation = try Installation(yaml: await kubectl("kustomize", folder.path), source: "docs/access.md")
        let roles = installation.objects(of: "ClusterRole").filter { $0.name.hasPrefix("towline-operator") }
        #expect(roles.map(\.name) == ["towline-operator", "towline-operator-tekton"])
        let bindings = installation.objects(of: "ClusterRoleBinding")
        #expect(bindings.map(\.name) == ["towline-operator", "towline-operator-tekton"])
        #expect(installation.containers.first?.container.texts("args").contains("--engine=tekton") == true)
        try await ArgumentTests.check(installation)
    }
}

import KubeClient
import TestSupport
import Testing

/// Every way to install Towline keeps every rule.
@Suite struct OverlayTests {
    @Test(arguments: ManifestRule.all) func theSingleFileKeeps(_ rule: ManifestRule) throws {
        #expect(rule.violations(try Installation.singleFile()) == [])
    }

    @Test(.enabled(if: Tool.installed("kubectl") != nil, "kubectl is not installed"), arguments: Installation.overlays)
    func anOverlayKeepsEveryRule(_ name: String) async throws {
        let installation = try await Installation.overlay(name)
        for rule in ManifestRule.all {
            #expect(rule.violations(installation) == [], "\(rule.name)")
        }
    }

    @Test func everyOverlayIsTested() throws {
        let folders = try Repository.files(below: "deploy/overlays").map { $0.split(separator: "/")[2] }
        #expect(Set(folders.map(String.init)) == Set(Installation.overlays))
    }

    @Test(.enabled(if: Tool.installed("kubectl") != nil, "kubectl is not installed"))
    func theNamespacedOneHasNoRightsElsewhere() async throws {
        let installation = try await Installation.overlay("namespaced")
        #expect(installation.objects(of: "ClusterRoleBinding").isEmpty)
        let deployment = try #require(installation.objects(of: "Deployment").first)
        let arguments = deployment.list("spec", "template", "spec", "containers").flatMap { $0.texts("args") }
        let served = arguments.compactMap { $0.split(separator: "=").last.map(String.init) }
        let namespaces = Set(installation.objects(of: "Role").compactMap(\.namespace)).subtracting(["towline-system"])
        #expect(!namespaces.isEmpty)
        #expect(namespaces.isSubset(of: served), "each of them has its --namespace")
    }
}

import KubeClient
import TestSupport
import Testing

/// `deploy/install.yaml` is what `make manifests` writes.
@Suite struct InstallFileTests {
    @Test(.enabled(if: Tool.installed("kubectl") != nil, "kubectl is not installed"))
    func itIsNotStale() async throws {
        let written = try Installation.singleFile().objects
        let rendered = try await Installation.overlay("cluster-wide").objects
        #expect(written.map(\.identity) == rendered.map(\.identity), "run: make manifests")
        for (left, right) in zip(written, rendered) {
            #expect(left == right, "\(left.identity) is stale; run: make manifests")
        }
    }

    /// The version stands in the product, in the release component and nowhere else.
    @Test func itInstallsThisVersion() throws {
        let version = try Repository.version()
        let installation = try Installation.singleFile()
        #expect(installation.containers.map { $0.container["image"] } == [.string("towline:\(version)")])
        for object in installation.objects { #expect(object.labels["app.kubernetes.io/version"] == version) }
    }
}

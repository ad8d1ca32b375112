import Foundation
import KubeClient
import TestSupport
import Testing

/// The commands of `docs/install.md`: install, run an execution, upgrade, uninstall.
@Suite(.enabled(if: Kubectl.installed != nil, "kubectl is not installed")) struct InstallPageTests {
    @Test func `every command of the install page works`() async throws {
        guard ProcessInfo.processInfo.environment["USE_EXISTING_CLUSTER"] != "true" else {
            print("docs/install.md is not tried: it installs and uninstalls, and this cluster is somebody's.")
            return
        }
        let cluster = try await TestCluster.withoutTowline()
        let reader = try PageReader(cluster, with: ["deploy", "crds", "examples"])
        let standIn = DeploymentStandIn(cluster: cluster, namespace: "towline-system", name: "towline-operator")
        let blocks = try PageCommands.blocks(of: "docs/install.md")
        #expect(blocks.count >= 6)
        try await withThrowingTaskGroup { group in
            group.addTask { try await standIn.run() }
            var output = ""
            for block in blocks {
                let result = try await reader.run(block)
                try #require(result.exitCode == 0, "\(block)\n\(result.output)\(result.errorOutput)")
                output += result.output
            }
            group.cancelAll()
            try await group.waitForAll()
            for line in ["deployment \"towline-operator\" successfully rolled out", "smallest-tekton", "Completed"] {
                #expect(output.contains(line))
            }
        }
        try await expectNothingIsLeft(reader)
    }

    /// Expects that everything that is part of Towline was deleted, including the definition and the namespaces.
    private func expectNothingIsLeft(_ reader: PageReader) async throws {
        let kinds = "namespaces,crds,clusterroles,clusterrolebindings,validatingadmissionpolicies"
        let left = try await reader.run("kubectl get \(kinds) -l app.kubernetes.io/part-of=towline -o name")
        #expect(left.exitCode == 0, "\(left.errorOutput)")
        #expect(left.output == "")
        let served = try await reader.run("kubectl api-resources --api-group=towline.dev -o name")
        #expect(served.output == "")
    }
}

import Foundation
import KubeClient
import TestSupport
import Testing

/// `docs/guide.md` works as written: each block, in order, in a namespace of a cluster with Towline and Tekton.
@Suite(.enabled(if: Kubectl.installed != nil, "kubectl is not installed")) struct GuidePageTests {
    @Test func `every command of the user guide works`() async throws {
        let workspace = try await Workspace.make("guide")
        let process = try workspace.startOperator()
        let reader = try await PageReader(workspace.cluster, namespace: workspace.namespace)
        let blocks = try PageCommands.blocks(of: "docs/guide.md")
        #expect(blocks.count >= 12)
        var output = ""
        // Without a kubelet there are no logs; only the sandbox makes some up.
        for block in blocks where workspace.cluster.kind != .controlPlane || !block.contains("kubectl logs") {
            let result = try await reader.run(block)
            try #require(result.exitCode == 0, "\(block)\n\(result.output)\(result.errorOutput)")
            output += result.output
        }
        for line in ["Success: ", "greeting=", "StepFailed: {", "Cancelled", "greet-ada-2", "greet-r2"] {
            #expect(output.contains(line), "the output has no '\(line)':\n\(output)")
        }
        #expect(try await process.stop() == 0)
    }
}

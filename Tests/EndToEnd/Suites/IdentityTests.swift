import Foundation
import KubeClient
import Testing

/// One execution, one run: whatever is called alike.
@Suite(.serialized) struct IdentityTests {
    @Test(arguments: MainJobTests.engines) func anExecutionCreatedAgainGetsAnotherRun(_ engine: String) async throws {
        let workspace = try await Workspace.make("again")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        let manifest = Templates.execution("twice", engine: engine)
        try await workspace.create(manifest)
        let first = try await workspace.finished("twice")
        try await workspace.access.delete(Types.execution, workspace.namespace, "twice")
        try await eventually("the first execution is gone") {
            try await workspace.access.get(Types.execution, workspace.namespace, "twice") == nil
        }
        try await workspace.create(manifest)
        let second = try await workspace.finished("twice")

        #expect(first.uid != second.uid)
        let firstRun = first[path: ["status", "runRef", "name"]]
        let secondRun = second[path: ["status", "runRef", "name"]]
        #expect(firstRun != nil && secondRun != nil && firstRun != secondRun)
        #expect(second.verdict == "Completed/Success/Succeeded")
        #expect(try await process.stop() == 0)
    }

    @Test(arguments: MainJobTests.engines) func aForeignObjectOfTheRunsNameIsLeftAlone(_ engine: String) async throws {
        let workspace = try await Workspace.make("taken")
        try await workspace.create(Templates.all)
        try await workspace.create(Templates.execution("mine", engine: engine))
        let execution = try await workspace.execution("mine")
        let digits = (execution.uid ?? "").filter { $0 != "-" }.prefix(10)
        let type = engine == "tekton" ? Types.pipelineRun : Types.workflow
        let reference = engine == "tekton" ? "pipelineRef" : "workflowTemplateRef"
        let foreign = try await workspace.access.create(
            type, workspace.namespace,
            [
                "apiVersion": .string(type.apiVersion), "kind": .string(type.kind),
                "metadata": ["name": .string("mine-\(digits)")], "spec": .object([reference: ["name": "takes-long"]]),
            ])
        let process = try workspace.startOperator()

        let ended = try await workspace.finished("mine")
        #expect(ended.verdict == "Failed/Error/NameCollision")
        let after = try #require(try await workspace.access.get(type, workspace.namespace, foreign.name ?? ""))
        #expect(after.uid == foreign.uid)
        #expect(after[path: ["metadata", "ownerReferences"]] == nil)
        #expect(after[path: ["metadata", "deletionTimestamp"]] == nil)
        #expect(try await process.stop() == 0)
    }
}
